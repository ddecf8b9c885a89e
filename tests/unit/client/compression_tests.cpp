#include "client_support.hpp"

#include "compressors.hpp"

#include <mongoro/connection.hpp>
#include <mongoro/with_stop.hpp>

#include <algorithm>
#include <random>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// A server that has all compressors, and a client that asks for those of `query`.
struct compressed_scene {
    compressed_scene(reactor& on, const std::string& query,
                     std::vector<compressor> supported = built_compressors(),
                     const client_options& options = {})
        : r(on), client(on, with(std::move(supported)) + "?" + query, options) {}

    std::string with(std::vector<compressor> supported) {
        peer.negotiate_compression(std::move(supported));
        return peer.uri();
    }
    void answer(std::string name, document_view reply) {
        peer.expect(std::move(name), reply_script().reply(reply));
    }
    [[nodiscard]] received_command only(std::string_view name) const {
        const auto commands = peer.received(name);
        REQUIRE(commands.size() == 1);
        return commands[0];
    }
    void check_ping(std::optional<compressor> expected) {
        static_cast<void>(sync_wait(r, client["db"].run_command({{"ping", 1}})));
        CHECK(peer.received("ping").back().compressed == expected);
        CHECK(peer.problems() == "");
    }

    reactor& r;
    op_msg_peer peer;
    mongoro::client client;
    collection<> c = client["db"]["c"];
};

std::string query_for(compressor method) {
    return "compressors=" + std::string(name_of(method));
}

template <typename Body>
void with_each_compressor(Body body) {
    on_each_backend([&](reactor& r) {
        for (const auto method : built_compressors()) {
            const std::string name(name_of(method));
            CAPTURE(name);
            body(r, method);
        }
    });
}

/// Bytes that no compressor makes smaller; as a text they are not UTF-8.
std::string noise(std::size_t size) {
    std::mt19937 next(3);  // NOLINT(cert-msc51-cpp): the same bytes each time
    std::string text(size, ' ');
    for (auto& c : text) {
        c = static_cast<char>(next());
    }
    return text;
}

std::vector<std::string> offered(const op_msg_peer& peer) {
    std::vector<std::string> names;
    const auto commands = peer.received();
    for (const auto& element : commands.front().body["compression"]) {
        names.push_back(element.value().get<std::string>());
    }
    return names;
}

}  // namespace

TEST_CASE("every command and reply of create, read, update and delete goes through each of them") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        s.answer("insert", doc({"n", 1}, {"ok", 1.0}));
        CHECK(sync_wait(r, s.c.insert_one({{"_id", 1}})).acknowledged);
        CHECK(s.only("insert").compressed == method);
        CHECK(s.only("insert").sequences.at("documents").front()["_id"].get<int>() == 1);

        s.answer("find", first_batch(numbered(100), 5));
        s.answer("getMore", next_batch(numbered(100, 100)));
        auto cursor = s.c.find();
        for (int i = 0; i < 200; ++i) {
            const auto next = sync_wait(r, cursor.next());
            REQUIRE(next);
            CHECK((*next)["_id"].get<int>() == i);
        }
        CHECK(!sync_wait(r, cursor.next()));
        CHECK(s.only("getMore").compressed == method);

        s.answer("update", doc({"n", 1}, {"nModified", 1}, {"ok", 1.0}));
        CHECK(
            sync_wait(r, s.c.update_one({{"_id", 1}}, {{"$set", doc({"x", 1})}})).modified_count ==
            1);
        s.answer("delete", doc({"n", 1}, {"ok", 1.0}));
        CHECK(sync_wait(r, s.c.delete_one({{"_id", 1}})).deleted_count == 1);
        s.answer("aggregate", first_batch({document{{"_id", 1}, {"n", 7}}}));
        CHECK(sync_wait(r, s.c.count_documents()) == 7);
        CHECK(s.only("delete").compressed == method);
        CHECK(s.client.statistics().connections_created == 1);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a batch that goes out from where its documents are is compressed whole") {
    with_each_compressor([](reactor& r, compressor method) {
        for (const bool checksums : {false, true}) {
            compressed_scene s(r, query_for(method), built_compressors(), {.checksums = checksums});
            std::vector<document> many;
            const auto text = noise(5000);
            for (int i = 0; i < 300; ++i) {
                many.push_back(doc({"_id", i}, {"text", text}));
            }
            s.answer("insert", doc({"n", 300}, {"ok", 1.0}));
            CHECK(sync_wait(r, s.c.insert_many(many)).inserted_count == 300);
            const auto got = s.only("insert");
            CHECK(got.compressed == method);
            CHECK(got.sequences.at("documents") == many);
            CHECK(((got.flags & 1U) != 0) == checksums);
            CHECK(s.peer.problems() == "");
        }
    });
}

TEST_CASE("a large reply that comes in pieces is put together and unpacked") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        const document large{{"_id", 1}, {"text", noise(3'000'000)}};
        s.peer.expect("find", reply_script().in_pieces(first_batch({large}), 700'001, 1ms));
        const auto found = sync_wait(r, s.c.find_one());
        REQUIRE(found);
        CHECK(found->size() == large.size());
        CHECK((*found)["text"].get<std::string_view>() == large["text"].get<std::string_view>());
        // Far smaller on the way than what is in it.
        const document empty{{"_id", 2}, {"text", std::string(10'000'000, ' ')}};
        s.answer("find", first_batch({empty}));
        CHECK(sync_wait(r, s.c.find_one())->size() == empty.size());
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("an unacknowledged write is compressed, and the connection is good afterwards") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        s.peer.expect("insert", reply_script());
        const insert_one_options unacknowledged{.write_concern = write_concern{.w = 0}};
        CHECK(!sync_wait(r, s.c.insert_one({{"_id", 1}}, unacknowledged)).acknowledged);
        s.check_ping(method);
        CHECK(s.only("insert").compressed == method);
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
    });
}

TEST_CASE("the client's order counts, and only what the server has too is used") {
    const auto built = built_compressors();
    if (built.size() < 3) {
        return;
    }
    on_each_backend([](reactor& r) {
        using list = std::vector<compressor>;
        const auto zlib = compressor::zlib;
        const auto zstd = compressor::zstd;
        const auto snappy = compressor::snappy;
        struct row {
            std::string query;
            list server;
            std::optional<compressor> used;
        };
        for (const auto& [query, server, used] : {
                 row{"compressors=zlib,snappy", {snappy, zlib, zstd}, zlib},
                 row{"compressors=snappy,zlib", {zlib, snappy}, snappy},
                 row{"compressors=snappy,zlib", {zlib}, zlib},
                 row{"compressors=zstd,zlib&zlibCompressionLevel=9", {zlib}, zlib},
                 row{"compressors=snoopy,zstd", {zstd}, zstd},
                 row{"compressors=snappy", {zlib, zstd}, std::nullopt},
                 row{"compressors=snappy", {}, std::nullopt},
                 row{"compressors=snoopy", {snappy}, std::nullopt},
                 row{"zlibCompressionLevel=9", {zlib}, std::nullopt},
                 row{"", {zlib}, std::nullopt},
             }) {
            CAPTURE(query);
            compressed_scene s(r, query, server);
            s.check_ping(used);
            // A list, also when it is empty.
            CHECK(s.peer.received().front().body["compression"].exists());
            CHECK(!s.peer.received().front().compressed);
        }
    });
}

TEST_CASE("the hello offers the client's compressors in the client's order") {
    const auto built = built_compressors();
    on_each_backend([&](reactor& r) {
        std::string query;
        std::vector<std::string> expected;
        for (auto method = built.rbegin(); method != built.rend(); ++method) {
            expected.emplace_back(name_of(*method));
            query += (query.empty() ? "compressors=" : ",") + expected.back();
        }
        compressed_scene s(r, query);
        s.check_ping(built.back());
        CHECK(offered(s.peer) == expected);
        compressed_scene none(r, "");
        none.check_ping(std::nullopt);
        CHECK(offered(none.peer).empty());
    });
}

TEST_CASE("the level is zlib's: the same insert is smaller at nine than at none") {
    const auto built = built_compressors();
    if (std::find(built.begin(), built.end(), compressor::zlib) == built.end()) {
        return;
    }
    on_each_backend([](reactor& r) {
        std::vector<std::size_t> sizes;
        for (const int level : {0, 9}) {
            // The bytes are looked at, so this server only pretends.
            document hello = op_msg_peer::hello_document();
            hello.append("compression", std::vector<std::string>{"zlib"});
            const byte_peer peer(
                std::vector{monitored(), byte_script()
                                             .read_message()
                                             .write(op_msg(hello, 1))
                                             .read_message()
                                             .write(op_msg(doc({"n", 1}, {"ok", 1.0})))
                                             .read_to_end()});
            {
                const client c(r, peer.uri() + "?compressors=zlib&zlibCompressionLevel=" +
                                      std::to_string(level));
                CHECK(sync_wait(r, c["db"]["c"].insert_one(
                                       {{"_id", 1}, {"text", std::string(5000, 'x')}}))
                          .acknowledged);
            }
            CHECK(peer.wait_for_ended(2));
            sizes.push_back(peer.received(1).size());
        }
        CHECK(sizes[0] > sizes[1] + 4000);
    });
}

TEST_CASE("a reply may come in any compressor that was offered, or in none") {
    const auto built = built_compressors();
    on_each_backend([&](reactor& r) {
        std::string query;
        for (const auto method : built) {
            query += (query.empty() ? "compressors=" : ",") + std::string(name_of(method));
        }
        compressed_scene s(r, query);
        for (const auto method : built) {
            s.peer.expect(
                "find", reply_script().reply(first_batch(numbered(3)), {.compress_with = method}));
            REQUIRE(sync_wait(r, s.c.find_one()));
        }
        s.peer.expect("find",
                      reply_script().reply(first_batch(numbered(3)), {.never_compress = true}));
        REQUIRE(sync_wait(r, s.c.find_one()));
        CHECK(s.client.statistics().connections_created == 1);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("the answer to the very hello that offers may be compressed") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        for (int i = 0; i < 2; ++i) {  // the monitor's, and the one for commands
            s.peer.expect("hello", reply_script().reply(op_msg_peer::hello_document(),
                                                        {.compress_with = method}));
        }
        s.check_ping(method);
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
    });
}

TEST_CASE("commands that show or set a secret go out as they are, whoever writes them") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        for (const std::string name : {"createUser", "updateUser", "saslStart", "authenticate",
                                       "saslContinue", "getnonce", "copydb"}) {
            CAPTURE(name);
            s.answer(name, op_msg_peer::ok_document());
            const document command{{name, "ada"}, {"pwd", "s3cret"}};
            static_cast<void>(sync_wait(r, s.client["admin"].run_command(command)));
            CHECK(!s.only(name).compressed);
        }
        static_cast<void>(sync_wait(r, s.client["admin"].run_command({{"hello", 1}})));
        CHECK(!s.peer.received("hello").back().compressed);
        s.check_ping(method);
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
    });
}

TEST_CASE("a compressed reply that was not negotiated closes the connection") {
    with_each_compressor([](reactor& r, compressor method) {
        for (const bool asks : {false, true}) {
            // The server has none in common with the client, and compresses all the same.
            compressed_scene s(r, asks ? query_for(method) : std::string(), {});
            s.peer.expect(
                "find", reply_script().reply(first_batch(numbered(1)), {.compress_with = method}));
            CHECK(error_of(r, s.c.find_one()) == errc::not_supported);
            CHECK(s.client.statistics().connections == 0);
            s.check_ping(std::nullopt);
            CHECK(s.peer.connections() == 1 + 2);  // the first is the monitor's
        }
    });
}

TEST_CASE("a hostile frame closes the connection, with an error that names the host") {
    with_each_compressor([](reactor& r, compressor method) {
        const auto message = op_msg(first_batch(numbered(3)), 2);
        const auto right = compress_message(method, message);
        const auto changed = [&](auto change) {
            auto frame = right;
            change(frame);
            return frame.bytes();
        };
        using frame = compressed_frame;
        struct row {
            const char* what;
            message_bytes bytes;
            errc code;
        };
        auto two = right.bytes();
        two.insert(two.end(), two.begin(), two.begin() + 30);
        const auto other_ids = compress_message(method, op_msg(first_batch(numbered(3)), 77));
        const std::vector<row> rows{
            {"a bomb", changed([&](frame& f) {
                 f.payload = packed(method, std::vector<std::uint8_t>(30'000'000));
             }),
             errc::malformed_message},
            {"a size that is huge", changed([](frame& f) { f.uncompressed_size = 2'000'000'000; }),
             errc::message_too_large},
            {"a size of zero", changed([](frame& f) { f.uncompressed_size = 0; }),
             errc::malformed_message},
            {"a size that is negative", changed([](frame& f) { f.uncompressed_size = -5; }),
             errc::malformed_message},
            {"a byte too few", changed([](frame& f) { --f.uncompressed_size; }),
             errc::malformed_message},
            {"a byte too many", changed([](frame& f) { ++f.uncompressed_size; }),
             errc::malformed_message},
            {"truncated", changed([](frame& f) { f.payload.pop_back(); }), errc::malformed_message},
            {"an unknown compressor", changed([](frame& f) { f.compressor_id = 4; }),
             errc::malformed_message},
            {"no compressor", changed([](frame& f) { f.compressor_id = 0; }),
             errc::malformed_message},
            {"nested", changed([](frame& f) { f.original_opcode = 2012; }),
             errc::malformed_message},
            {"a query", changed([](frame& f) { f.original_opcode = 2004; }),
             errc::malformed_message},
            {"nonsense inside", changed([&](frame& f) {
                 f.payload = packed(method, std::vector<std::uint8_t>(200, 0xEE));
                 f.uncompressed_size = 200;
             }),
             errc::malformed_message},
            {"another request's reply", other_ids.bytes(), errc::unexpected_reply},
            {"two replies", two, errc::malformed_message},
        };
        for (const auto& [what, bytes, code] : rows) {
            CAPTURE(what);
            compressed_scene s(r, query_for(method));
            s.peer.expect("find", reply_script().raw(bytes));
            const auto e = error_of(r, s.c.find_one());
            CHECK(e == code);
            CHECK(e.to_string().find(std::to_string(s.peer.port())) != std::string::npos);
            CHECK(s.client.statistics().connections == 0);
            s.check_ping(method);
            CHECK(s.peer.connections() == 1 + 2);  // the first is the monitor's
        }
        // What they were made from is taken.
        compressed_scene s(r, query_for(method));
        s.peer.expect("find", reply_script().raw(right.bytes()));
        CHECK(sync_wait(r, s.c.find_one()));
    });
}

TEST_CASE("a size is held against this server's own limit") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        document hello;
        hello.append("isWritablePrimary", true)
            .append("maxMessageSizeBytes", 5000)
            .append("maxWireVersion", 25)
            .append("ok", 1);
        s.peer.always("hello", reply_script().reply(hello));
        const auto batch = first_batch({document{{"_id", 1}, {"x", std::string(6000, 'x')}}});
        s.answer("find", batch);
        CHECK(error_of(r, s.c.find_one()) == errc::message_too_large);
        s.check_ping(method);
        CHECK(s.peer.connections() == 1 + 2);  // the first is the monitor's
    });
}

TEST_CASE("a message that would be too large when compressed is sent as it is") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        const document incompressible{{"_id", 1}, {"x", noise(3000)}};
        document hello;
        hello.append("isWritablePrimary", true)
            .append("maxMessageSizeBytes", 3000)
            .append("maxWireVersion", 25)
            .append("ok", 1);
        s.peer.always("hello", reply_script().reply(hello));
        s.answer("insert", doc({"n", 1}, {"ok", 1.0}));
        CHECK(sync_wait(r, s.c.insert_one(incompressible)).acknowledged);
        CHECK(!s.only("insert").compressed);
        s.check_ping(method);
    });
}

TEST_CASE(
    "a compressed request that is given up is read to its end, and the connection used again") {
    with_each_compressor([](reactor& r, compressor method) {
        compressed_scene s(r, query_for(method));
        std::stop_source stop;
        s.peer.expect("find", reply_script().wait(50ms).reply(first_batch(numbered(2))));
        running waiting(r, with_stop(s.c.find_one(), stop.get_token()));
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        stop.request_stop();
        CHECK(!waiting.wait());
        CHECK(waiting.failure() == errc::operation_cancelled);
        REQUIRE(poll_until(r, [&] { return s.client.statistics().idle_connections == 1; }));
        s.check_ping(method);
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
    });
}

TEST_CASE("a reply outlives its connection and its client, however it came") {
    with_each_compressor([](reactor& r, compressor method) {
        std::optional<received_document> kept;
        {
            compressed_scene s(r, query_for(method));
            s.answer("find", first_batch(numbered(1, 7)));
            const auto views = s.client["db"].collection<document_view>("c");
            kept = sync_wait(r, views.find_one());
        }
        REQUIRE(kept);
        CHECK((*kept)["_id"].get<int>() == 7);
    });
}
