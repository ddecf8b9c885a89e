#include "wire/hello.hpp"

#include "wire/compression.hpp"
#include "wire/little_endian.hpp"

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

using mongoro::errc;
using mongoro::wire::server_type;
namespace wire = mongoro::wire;
namespace bson = mongoro::bson;

namespace {

template <typename Fill>
bson::document make(Fill&& fill) {
    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    fill(to);
    while (to.depth() != 0) {
        to.end();
    }
    REQUIRE(to.ok());
    return bson::document(std::move(bytes));
}

errc code_of(const mongoro::error& e) {
    return static_cast<errc>(e.code().value());
}

bson::document command(const wire::hello_options& options) {
    return make([&](bson::writer& to) { wire::append_hello(to, options); });
}

std::string keys_of(const bson::document& document) {
    std::string keys;
    for (const auto& element : document) {
        keys += std::string(element.key()) + " ";
    }
    return keys;
}

server_type type_of(const bson::document& reply) {
    auto parsed = wire::parse_hello(reply);
    REQUIRE(parsed);
    return parsed->type();
}

}  // namespace

TEST_CASE("a primary's hello is read whole") {
    const auto reply = make([](bson::writer& to) {
        to.append("isWritablePrimary", true);
        to.append("helloOk", true);
        to.append("secondary", false);
        to.append("setName", "rs0");
        to.append("me", "a:27017");
        to.append("primary", "a:27017");
        to.append("hosts", std::vector<std::string>{"a:27017", "b:27017"});
        to.append("passives", std::vector<std::string>{"c:27017"});
        to.append("arbiters", std::vector<std::string>{"d:27017"});
        to.begin_document("topologyVersion");
        to.append("processId", bson::object_id());
        to.append("counter", std::int64_t{6});
        to.end();
        to.append("maxBsonObjectSize", 1000);
        to.append("maxMessageSizeBytes", 2000);
        to.append("maxWriteBatchSize", 30);
        to.append("logicalSessionTimeoutMinutes", 30);
        to.append("connectionId", std::int64_t{5'000'000'000});
        to.append("minWireVersion", 0);
        to.append("maxWireVersion", 25);
        to.append("compression", std::vector<std::string>{"zstd", "zlib"});
        to.append("saslSupportedMechs", std::vector<std::string>{"SCRAM-SHA-256", "NEW-MECH"});
        to.append("ok", 1.0);
    });
    const auto parsed = wire::parse_hello(reply);
    REQUIRE(parsed);
    const auto& hello = *parsed;
    CHECK(hello.is_writable_primary);
    CHECK(hello.hello_ok);
    CHECK(hello.set_name == "rs0");
    CHECK(hello.me == "a:27017");
    CHECK(hello.primary == "a:27017");
    CHECK(hello.hosts == std::vector<std::string>{"a:27017", "b:27017"});
    CHECK(hello.passives == std::vector<std::string>{"c:27017"});
    CHECK(hello.arbiters == std::vector<std::string>{"d:27017"});
    CHECK(hello.topology_version()["counter"].get<std::int64_t>() == 6);
    CHECK(hello.limits == wire::server_limits{1000, 2000, 30, 0, 25});
    CHECK(hello.logical_session_timeout_minutes == 30);
    CHECK(hello.connection_id == 5'000'000'000);
    CHECK(hello.compression == std::vector<std::string>{"zstd", "zlib"});
    CHECK(hello.sasl_supported_mechs == std::vector<std::string>{"SCRAM-SHA-256", "NEW-MECH"});
    CHECK(hello.type() == server_type::rs_primary);
    CHECK(hello.document() == reply);
}

TEST_CASE("what is no mechanism's name among those that a server supports is passed over") {
    const auto parsed = wire::parse_hello(make([](bson::writer& to) {
        to.append("maxWireVersion", 21);
        to.begin_array("saslSupportedMechs");
        to.append("0", 5);
        to.append("1", "SCRAM-SHA-256");
        to.append_null("2");
        to.begin_document("3");
        to.end();
        to.append("4", "");
        to.append("5", "SCRAM-SHA-1");
        to.end();
        to.append("ok", 1.0);
    }));
    REQUIRE(parsed);
    CHECK(parsed->sasl_supported_mechs ==
          std::vector<std::string>{"SCRAM-SHA-256", "", "SCRAM-SHA-1"});
    CHECK(parsed->limits.max_wire_version == 21);
    const auto none = wire::parse_hello(
        bson::document().append("saslSupportedMechs", "SCRAM-SHA-1").append("ok", 1.0));
    REQUIRE(none);
    CHECK(none->sasl_supported_mechs.empty());
    // The names of others are still believed only as they should be.
    CHECK(!wire::parse_hello(
        bson::document().append("compression", bson::array().append(5)).append("ok", 1.0)));
}

TEST_CASE("what a server leaves out, or sends as null, has the specification's default") {
    const auto check = [](const bson::document& reply) {
        const auto parsed = wire::parse_hello(reply);
        REQUIRE(parsed);
        CHECK(parsed->limits == wire::server_limits{});
        CHECK(parsed->limits.max_bson_object_size == 16'777'216);
        CHECK(parsed->limits.max_message_size_bytes == 48'000'000);
        CHECK(parsed->limits.max_write_batch_size == 100'000);
        CHECK_FALSE(parsed->is_writable_primary);
        CHECK_FALSE(parsed->hello_ok);
        CHECK_FALSE(parsed->logical_session_timeout_minutes);
        CHECK(parsed->hosts.empty());
        CHECK(parsed->topology_version().empty());
    };
    check(bson::document().append("ok", 1));
    check(make([](bson::writer& to) {
        for (const char* key : {"isWritablePrimary", "setName", "hosts", "maxBsonObjectSize",
                                "logicalSessionTimeoutMinutes", "topologyVersion"}) {
            to.append_null(key);
        }
        to.append("ok", 1);
    }));
}

TEST_CASE("isWritablePrimary counts before ismaster, ismaster where it is alone") {
    const auto primary = [](const bson::document& reply) {
        return wire::parse_hello(reply)->is_writable_primary;
    };
    CHECK(primary(bson::document().append("ismaster", true).append("ok", 1)));
    CHECK_FALSE(primary(bson::document()
                            .append("ismaster", true)
                            .append("isWritablePrimary", false)
                            .append("ok", 1)));
}

TEST_CASE("the type of a server follows from its hello") {
    const auto with = [](auto fill) {
        return make([&](bson::writer& to) {
            fill(to);
            to.append("ok", 1);
        });
    };
    CHECK(type_of(with([](auto&) {})) == server_type::standalone);
    CHECK(type_of(with([](auto& to) { to.append("ismaster", true); })) == server_type::standalone);
    CHECK(type_of(with([](auto& to) { to.append("msg", "isdbgrid"); })) == server_type::mongos);
    CHECK(type_of(with([](auto& to) { to.append("isreplicaset", true); })) ==
          server_type::rs_ghost);
    CHECK(type_of(with([](auto& to) { to.append("setName", "s"); })) == server_type::rs_other);
    CHECK(type_of(with([](auto& to) {
              to.append("setName", "s");
              to.append("secondary", true);
          })) == server_type::rs_secondary);
    CHECK(type_of(with([](auto& to) {
              to.append("setName", "s");
              to.append("secondary", true);
              to.append("hidden", true);
          })) == server_type::rs_other);
    CHECK(type_of(with([](auto& to) {
              to.append("setName", "s");
              to.append("arbiterOnly", true);
          })) == server_type::rs_arbiter);
}

TEST_CASE("a refused hello is a handshake error with the server's reason") {
    const auto parsed = wire::parse_hello(make([](bson::writer& to) {
        to.append("ok", 0.0);
        to.append("code", 91);
        to.append("codeName", "ShutdownInProgress");
        to.append("errmsg", "going");
    }));
    REQUIRE_FALSE(parsed);
    CHECK(code_of(parsed.error()) == errc::handshake_failed);
    CHECK(parsed.error().server_code() == 91);
    CHECK(parsed.error().server_message() == "going");
}

TEST_CASE("a field that cannot be used makes the hello malformed, and is named") {
    const auto refused = [](auto fill) {
        const auto parsed = wire::parse_hello(make([&](bson::writer& to) {
            fill(to);
            to.append("ok", 1);
        }));
        REQUIRE_FALSE(parsed);
        CHECK(code_of(parsed.error()) == errc::malformed_reply);
        return parsed.error().to_string();
    };
    const auto names = [](const std::string& text, std::string_view key) {
        CAPTURE(text);
        CHECK(text.find(key) != std::string::npos);
    };
    names(refused([](auto& to) { to.append("maxWireVersion", "25"); }), "maxWireVersion");
    names(refused([](auto& to) { to.append("hosts", "a:1"); }), "hosts");
    names(refused([](auto& to) { to.append("hosts", std::vector<int>{1}); }), "hosts.0");
    names(refused([](auto& to) { to.append("setName", 5); }), "setName");
    names(refused([](auto& to) { to.append("isWritablePrimary", "yes"); }), "isWritablePrimary");
    for (const int size : {0, -1, std::numeric_limits<int>::min()}) {
        names(refused([&](auto& to) { to.append("maxBsonObjectSize", size); }),
              "maxBsonObjectSize");
        names(refused([&](auto& to) { to.append("maxMessageSizeBytes", size); }),
              "maxMessageSizeBytes");
        names(refused([&](auto& to) { to.append("maxWriteBatchSize", size); }),
              "maxWriteBatchSize");
    }
    names(refused([](auto& to) { to.append("maxMessageSizeBytes", std::int64_t{1} << 40); }),
          "maxMessageSizeBytes");
    CHECK_FALSE(wire::parse_hello(bson::document()));
}

TEST_CASE("a long list of what is no name costs one walk of the reply") {
    const auto of_nulls = [](std::string_view key) {
        return make([&](bson::writer& to) {
            to.append("ok", 1);
            to.begin_array(key);
            for (int i = 0; i < 200'000; ++i) {
                to.append_null(std::to_string(i));
            }
        });
    };
    for (const std::string_view key : {"hosts", "passives", "arbiters", "compression"}) {
        CAPTURE(key);
        const auto parsed = wire::parse_hello(of_nulls(key));
        REQUIRE_FALSE(parsed);
        CHECK(code_of(parsed.error()) == errc::malformed_reply);
        CHECK(parsed.error().to_string().find(std::string(key) + ".0") != std::string::npos);
    }
    const auto parsed = wire::parse_hello(of_nulls("saslSupportedMechs"));
    REQUIRE(parsed);
    CHECK(parsed->sasl_supported_mechs.empty());
}

TEST_CASE("a hello names a thousand hosts at most, none of more than 300 bytes") {
    const auto of = [](std::string_view key, std::size_t count, std::size_t length) {
        return wire::parse_hello(make([&](bson::writer& to) {
            to.append("ok", 1);
            to.append(key, std::vector<std::string>(count, std::string(length, 'h')));
        }));
    };
    for (const std::string_view key : {"hosts", "passives", "arbiters", "compression"}) {
        CAPTURE(key);
        CHECK(of(key, 1'000, 300));
        for (const auto& refused : {of(key, 1'001, 1), of(key, 1, 301)}) {
            REQUIRE_FALSE(refused);
            CHECK(code_of(refused.error()) == errc::malformed_reply);
            CHECK(refused.error().to_string().find(key) != std::string::npos);
        }
    }
    CHECK(of("hosts", 1'000, 300)->hosts.size() == 1'000);
    CHECK(of("saslSupportedMechs", 1'001, 300)->sasl_supported_mechs.size() == 1'000);
    CHECK(of("saslSupportedMechs", 1, 301)->sasl_supported_mechs.empty());
}

TEST_CASE("a mechanism's name that cannot be read makes the hello malformed") {
    auto reply = make([](bson::writer& to) {
        to.append("ok", 1);
        to.append("saslSupportedMechs", std::vector<std::string>{"SCRAM-SHA-1"});
    });
    std::vector<std::uint8_t> bytes(reply.bytes().begin(), reply.bytes().end());
    // The text's length: before its 11 characters, its NUL and the ends of list and reply.
    bytes[bytes.size() - 2 - 12 - 4] = 200;
    const auto parsed = wire::parse_hello(bson::document_view(bytes.data(), bytes.size()));
    REQUIRE_FALSE(parsed);
    CHECK(code_of(parsed.error()) == errc::malformed_bson);
}

TEST_CASE("sizes are taken in any number type that holds them exactly") {
    const auto parsed = wire::parse_hello(bson::document()
                                              .append("maxBsonObjectSize", 1000.0)
                                              .append("maxWireVersion", std::int64_t{21})
                                              .append("ok", 1));
    REQUIRE(parsed);
    CHECK(parsed->limits.max_bson_object_size == 1000);
    CHECK(parsed->limits.max_wire_version == 21);
}

TEST_CASE("a server cannot say that its messages are larger than any server's") {
    constexpr std::int32_t claimed = 100'000'000;
    const auto hello = wire::parse_hello(
        bson::document()
            .append("maxMessageSizeBytes", std::numeric_limits<std::int32_t>::max())
            .append("ok", 1));
    REQUIRE(hello);
    CHECK(hello->limits.max_message_size_bytes == 48'000'000);

    std::uint8_t header[wire::header_size];
    wire::encode_header(header, {.message_length = claimed,
                                 .request_id = 1,
                                 .response_to = 1,
                                 .op_code = static_cast<std::int32_t>(wire::opcode::msg)});
    const auto plain = wire::decode_header(header, hello->limits.max_message_size_bytes);
    REQUIRE_FALSE(plain);
    CHECK(plain.error() == errc::message_too_large);

    std::uint8_t small[wire::compressed_header_size + 1] = {};
    wire::encode_header(small, {.message_length = sizeof small,
                                .request_id = 1,
                                .response_to = 1,
                                .op_code = static_cast<std::int32_t>(wire::opcode::compressed)});
    wire::store_i32(small + wire::header_size, static_cast<std::int32_t>(wire::opcode::msg));
    wire::store_i32(small + wire::header_size + 4, claimed);
    small[wire::header_size + 8] = 3;  // zstd
    wire::compressor_set accepted;
    accepted.add(mongoro::compressor::zstd);
    const auto inside =
        wire::decode_compressed(small, accepted, hello->limits.max_message_size_bytes);
    REQUIRE_FALSE(inside);
    CHECK(inside.error() == errc::message_too_large);
}

TEST_CASE("a server without a wire version in common is refused with the specification's text") {
    const auto check = [](std::int32_t least, std::int32_t most) {
        wire::server_limits limits;
        limits.min_wire_version = least;
        limits.max_wire_version = most;
        return wire::check_wire_version(limits, "example.com:27017");
    };
    CHECK(check(0, 8));
    CHECK(check(0, 27));
    CHECK(check(29, 40));
    const auto old = check(0, 7);
    REQUIRE_FALSE(old);
    CHECK(code_of(old.error()) == errc::incompatible_server);
    CHECK(
        old.error().message() ==
        "Server at example.com:27017 reports wire version 7, but this version of mongoro requires "
        "at least 8 (MongoDB 4.2).");
    const auto young = check(30, 40);
    REQUIRE_FALSE(young);
    CHECK(young.error().message() ==
          "Server at example.com:27017 requires wire version 30, but this version of mongoro only "
          "supports up to 29.");
}

TEST_CASE("the first hello is a legacy one that asks for helloOk") {
    const auto metadata = bson::document().append("driver", "x");
    const std::string_view compressors[]{"zstd", "snappy"};
    const auto sent = command({.legacy = true,
                               .client = metadata,
                               .compressors = compressors,
                               .sasl_supported_mechs = "admin.ada"});
    CHECK(keys_of(sent) == "isMaster helloOk client compression saslSupportedMechs ");
    CHECK(sent["helloOk"].get<bool>());
    CHECK(sent["compression"].at(1).get<std::string_view>() == "snappy");
    CHECK(sent["saslSupportedMechs"].get<std::string_view>() == "admin.ada");
    CHECK(sent["client"]["driver"].get<std::string_view>() == "x");
}

TEST_CASE("a later hello has no handshake arguments, a waiting one has its version and time") {
    CHECK(keys_of(command({})) == "hello ");
    const auto version = bson::document().append("counter", 1);
    const auto sent = command({.topology_version = version, .max_await_time_ms = 10'000});
    CHECK(keys_of(sent) == "hello topologyVersion maxAwaitTimeMS ");
    CHECK(sent["maxAwaitTimeMS"].get<int>() == 10'000);
    CHECK(keys_of(command({.load_balanced = true, .backpressure = "2"})) ==
          "hello backpressure loadBalanced ");
}
