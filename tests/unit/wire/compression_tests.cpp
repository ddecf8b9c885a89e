#include "wire/compression.hpp"

#include "compressors.hpp"
#include "wire/codecs.hpp"
#include "wire/little_endian.hpp"
#include "wire/message.hpp"

#include <mongoro/bson/build.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace mongoro;
using test::built_compressors;
using test::compressed_frame;

namespace {

using bytes = std::vector<std::uint8_t>;

errc code_of(const error& e) {
    return static_cast<errc>(e.code().value());
}

bytes op_msg(bson::document_view body) {
    bytes out(21);
    out.insert(out.end(), body.bytes().begin(), body.bytes().end());
    wire::encode_header(out.data(), {static_cast<std::int32_t>(out.size()), 7, 9, 2013});
    return out;
}

/// A message of that many bytes, whose text repeats itself or does not.
bytes message_of(std::size_t size, bool random = false) {
    std::string text(size, 'x');
    if (random) {
        std::mt19937 next(1);  // NOLINT(cert-msc51-cpp): the same bytes each time
        for (auto& c : text) {
            c = static_cast<char>('0' + next() % 64);
        }
    }
    return op_msg(doc({"ok", 1.0}, {"text", text}));
}

wire::compressor_set all() {
    wire::compressor_set out;
    for (const auto method : built_compressors()) {
        out.add(method);
    }
    return out;
}

bytes compress(const bytes& message, compressor method, std::int32_t level = -1) {
    bytes out(wire::compressed_bound(method, message.size()));
    out.resize(wire::compress(message, method, level, out));
    return out;
}

/// What is in an OP_COMPRESSED. Every byte behind what may be written is looked after.
result<bytes> decompress(const bytes& frame, wire::compressor_set accepted = all(),
                         std::int32_t limit = wire::default_max_message_size) {
    const auto read = wire::decode_compressed(frame, accepted, limit);
    if (!read) {
        return read.error();
    }
    const auto size = static_cast<std::size_t>(read->header.message_length);
    bytes out(size + 64, 0xA5);
    if (auto bad = wire::decompress(*read, std::span(out).first(size))) {
        CHECK(bytes(out.begin() + static_cast<std::ptrdiff_t>(size), out.end()) == bytes(64, 0xA5));
        return bad;
    }
    CHECK(bytes(out.begin() + static_cast<std::ptrdiff_t>(size), out.end()) == bytes(64, 0xA5));
    out.resize(size);
    return out;
}

error refusal_of(const compressed_frame& frame, wire::compressor_set accepted = all(),
                 std::int32_t limit = wire::default_max_message_size) {
    const auto read = decompress(frame.bytes(), accepted, limit);
    return read ? error() : error(read.error());
}

template <typename Body>
void with_each(Body body) {
    for (const auto method : built_compressors()) {
        const std::string name(test::name_of(method));
        CAPTURE(name);
        body(method);
    }
}

bytes message_of_command(const bson::document& body) {
    return op_msg(body);
}

}  // namespace

TEST_CASE("a message is compressed so that the compressor's own library reads it") {
    with_each([](compressor method) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{1} << 20}) {
            for (const bool random : {false, true}) {
                CAPTURE(size);
                const auto message = message_of(size, random);
                const auto frame = compress(message, method);
                CHECK(wire::load_i32(frame.data()) == static_cast<std::int32_t>(frame.size()));
                CHECK(wire::load_i32(frame.data() + 12) == 2012);
                const auto inside = test::decompress_message(frame);
                REQUIRE(inside);
                CHECK(inside->method == method);
                CHECK(inside->message == message);
            }
        }
        CHECK(compress(message_of(1 << 20), method).size() < 1 << 17);
    });
}

TEST_CASE("a message that the compressor's own library made is decompressed with its own ids") {
    with_each([](compressor method) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{1} << 20}) {
            for (const bool random : {false, true}) {
                CAPTURE(size);
                const auto message = message_of(size, random);
                const auto read = decompress(test::compress_message(method, message).bytes());
                REQUIRE_MESSAGE(read, read.error().to_string());
                CHECK(*read == message);
            }
        }
    });
}

TEST_CASE("messages one behind the other do not share anything but the state's memory") {
    with_each([](compressor method) {
        for (int i = 0; i < 4; ++i) {
            const auto large = message_of(300'000, true);
            const auto small = message_of(10);
            CHECK(decompress(compress(large, method)).value() == large);
            CHECK(decompress(compress(small, method)).value() == small);
            // Nor does one that fails leave anything behind.
            auto damaged = test::compress_message(method, large);
            damaged.payload.resize(damaged.payload.size() / 2);
            CHECK(code_of(refusal_of(damaged)) == errc::malformed_message);
        }
    });
}

TEST_CASE("every level of zlib can be read, and they differ") {
    if (!wire::is_built(compressor::zlib)) {
        return;
    }
    const auto message = message_of(200'000);
    for (int level = -1; level <= 9; ++level) {
        CAPTURE(level);
        const auto inside = test::decompress_message(compress(message, compressor::zlib, level));
        REQUIRE(inside);
        CHECK(inside->message == message);
    }
    CHECK(compress(message, compressor::zlib, 0).size() > message.size());
    CHECK(compress(message, compressor::zlib, 9).size() < message.size() / 100);
    CHECK(compress(message, compressor::zlib, -1) == compress(message, compressor::zlib, 6));
}

TEST_CASE("a size that is not positive is refused whatever the payload is") {
    with_each([](compressor method) {
        auto frame = test::compress_message(method, message_of(100));
        for (const std::int32_t size : {0, -1, -16, std::numeric_limits<std::int32_t>::min()}) {
            CAPTURE(size);
            frame.uncompressed_size = size;
            CHECK(code_of(refusal_of(frame)) == errc::malformed_message);
        }
    });
}

TEST_CASE("a size over the limit is refused before anything is unpacked, the limit is taken") {
    with_each([](compressor method) {
        const auto message = message_of(5000);
        auto frame = test::compress_message(method, message);
        const auto whole = static_cast<std::int32_t>(message.size());
        CHECK(!refusal_of(frame, all(), whole));
        CHECK(code_of(refusal_of(frame, all(), whole - 1)) == errc::message_too_large);
        frame.uncompressed_size = std::numeric_limits<std::int32_t>::max();
        CHECK(code_of(refusal_of(frame)) == errc::message_too_large);
    });
}

TEST_CASE("what comes out has to be exactly as much as was said") {
    with_each([](compressor method) {
        auto frame = test::compress_message(method, message_of(5000));
        const std::int32_t right = frame.uncompressed_size;
        for (const std::int32_t size : {10, right - 1000, right - 1, right + 1, right + 100'000}) {
            CAPTURE(size);
            frame.uncompressed_size = size;
            CHECK(code_of(refusal_of(frame)) == errc::malformed_message);
        }
        frame.uncompressed_size = right;
        CHECK(!refusal_of(frame));
    });
}

TEST_CASE("a bomb is given up at the size that it claims") {
    with_each([](compressor method) {
        compressed_frame bomb;
        bomb.compressor_id = test::wire_id_of(method);
        bomb.payload = test::packed(method, bytes(60'000'000, 0));
        for (const std::int32_t size : {10, 1000, 1'000'000}) {
            CAPTURE(size);
            bomb.uncompressed_size = size;
            CHECK(code_of(refusal_of(bomb)) == errc::malformed_message);
        }
        bomb.uncompressed_size = 60'000'000;
        CHECK(code_of(refusal_of(bomb)) == errc::message_too_large);
    });
}

TEST_CASE("a payload that is cut anywhere is refused") {
    with_each([](compressor method) {
        const auto right = test::compress_message(method, message_of(300, true));
        auto cut = right;
        for (std::size_t size = 0; size < right.payload.size(); ++size) {
            CAPTURE(size);
            cut.payload.assign(right.payload.begin(),
                               right.payload.begin() + static_cast<std::ptrdiff_t>(size));
            CHECK(code_of(refusal_of(cut)) == errc::malformed_message);
        }
    });
}

TEST_CASE("bytes behind the end of the payload are refused") {
    with_each([](compressor method) {
        auto frame = test::compress_message(method, message_of(300));
        frame.payload.push_back(0);
        CHECK(code_of(refusal_of(frame)) == errc::malformed_message);
    });
}

TEST_CASE("damage gives an error or other bytes, and never more of them") {
    with_each([](compressor method) {
        const auto right = test::compress_message(method, message_of(200, true));
        std::mt19937 next(2);  // NOLINT(cert-msc51-cpp): the same bytes each time
        for (int i = 0; i < 2000; ++i) {
            auto damaged = right;
            for (int changes = 0; changes < 3; ++changes) {
                damaged.payload[next() % damaged.payload.size()] =
                    static_cast<std::uint8_t>(next());
            }
            const auto read = decompress(damaged.bytes());
            if (read) {
                CHECK(read->size() == static_cast<std::size_t>(right.uncompressed_size) + 16);
            } else {
                CHECK(code_of(read.error()) == errc::malformed_message);
            }
        }
    });
}

TEST_CASE("a compressor that nobody knows, or that was not offered, is refused") {
    with_each([](compressor method) {
        auto frame = test::compress_message(method, message_of(100));
        for (const int id : {0, 4, 5, 127, 128, 255}) {
            CAPTURE(id);
            frame.compressor_id = static_cast<std::uint8_t>(id);
            CHECK(code_of(refusal_of(frame)) == errc::malformed_message);
        }
        frame.compressor_id = test::wire_id_of(method);
        wire::compressor_set only;
        for (const auto other : {compressor::snappy, compressor::zlib, compressor::zstd}) {
            if (other != method) {
                only.add(other);
            }
        }
        CHECK(code_of(refusal_of(frame, only)) == errc::malformed_message);
        CHECK(code_of(refusal_of(frame, {})) == errc::malformed_message);
        only.add(method);
        CHECK(!refusal_of(frame, only));
    });
}

TEST_CASE("what is inside may be an OP_MSG and nothing else, least of all itself") {
    with_each([](compressor method) {
        auto frame = test::compress_message(method, message_of(100));
        for (const int opcode : {2012, 2004, 2010, 1, 0, -1, 2014}) {
            CAPTURE(opcode);
            frame.original_opcode = opcode;
            CHECK(code_of(refusal_of(frame)) == errc::malformed_message);
        }
        frame.original_opcode = 2013;
        CHECK(!refusal_of(frame));
    });
}

TEST_CASE("less than the least message inside is refused") {
    with_each([](compressor method) {
        compressed_frame frame;
        frame.compressor_id = test::wire_id_of(method);
        frame.original_opcode = 2013;
        constexpr int least = 10;
        for (const int size : {1, least - 1, least}) {
            CAPTURE(size);
            frame.uncompressed_size = size;
            frame.payload = test::packed(method, bytes(static_cast<std::size_t>(size), 1));
            CHECK(code_of(refusal_of(frame)) == (size == least ? errc{} : errc::malformed_message));
        }
    });
}

TEST_CASE("a frame whose length is not its own, or that has no payload, is refused") {
    const auto method = built_compressors().front();
    const auto right = test::compress_message(method, message_of(100)).bytes();
    for (std::size_t size = 0; size < right.size(); ++size) {
        CAPTURE(size);
        CHECK(!decompress(bytes(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(size))));
    }
    auto longer = right;
    longer.push_back(0);
    CHECK(!decompress(longer));
    CHECK(!decompress(message_of(100)));
    compressed_frame empty;
    empty.uncompressed_size = 100;
    empty.compressor_id = test::wire_id_of(method);
    CHECK(code_of(refusal_of(empty)) == errc::malformed_message);
}

TEST_CASE("the client's order decides, among what the server has named") {
    const std::vector ours{compressor::zstd, compressor::snappy, compressor::zlib};
    using names = std::vector<std::string>;
    CHECK(wire::choose_compressor(ours, names{"zlib", "snappy"}) == compressor::snappy);
    CHECK(wire::choose_compressor(ours, names{"zlib", "snappy", "zstd"}) == compressor::zstd);
    CHECK(wire::choose_compressor(ours, names{"lz4", "zlib"}) == compressor::zlib);
    CHECK(!wire::choose_compressor(ours, names{"lz4", "Zlib", ""}));
    CHECK(!wire::choose_compressor(ours, names{}));
    CHECK(!wire::choose_compressor({}, names{"zlib"}));
}

TEST_CASE("offered is what is built, each once and in order") {
    auto twice = built_compressors();
    const auto once = twice;
    twice.insert(twice.end(), once.begin(), once.end());
    CHECK(wire::built_of(twice) == once);
    CHECK(wire::built_of(std::vector<compressor>(once.rbegin(), once.rend())) ==
          std::vector<compressor>(once.rbegin(), once.rend()));
    CHECK(wire::built_of({}).empty());
}

TEST_CASE("logins and what sets passwords are never compressed, nor any hello") {
    for (const std::string_view name :
         {"hello", "isMaster", "ismaster", "HELLO", "saslStart", "saslContinue", "getnonce",
          "authenticate", "createUser", "updateUser", "copydbSaslStart", "copydbgetnonce", "copydb",
          "CREATEUSER"}) {
        CAPTURE(name);
        bson::document command;
        command.append(name, 1).append("$db", "admin");
        CHECK_FALSE(wire::may_compress(message_of_command(command)));
        bson::document wrapped;
        wrapped.append("explain", command).append("$db", "admin");
        CHECK_FALSE(wire::may_compress(message_of_command(wrapped)));
    }
    for (const std::string_view name :
         {"find", "insert", "ping", "hello2", "hell", "", "sasl", "getMore", "createuserX"}) {
        CAPTURE(name);
        bson::document command;
        command.append(name, 1).append("$db", "admin");
        CHECK(wire::may_compress(message_of_command(command)));
        bson::document wrapped;
        wrapped.append("explain", command).append("$db", "admin");
        CHECK(wire::may_compress(message_of_command(wrapped)));
    }
    // Only the command's own name counts.
    CHECK(wire::may_compress(
        message_of_command(doc({"find", "hello"}, {"hello", 1}, {"authenticate", 1}))));
    CHECK(wire::may_compress(message_of_command(doc({"explain", document()}))));
}

TEST_CASE("what is no OP_MSG is never compressed") {
    auto message = message_of(100);
    CHECK(wire::may_compress(message));
    wire::store_i32(message.data() + 12, 2004);
    CHECK_FALSE(wire::may_compress(message));
    CHECK_FALSE(wire::may_compress({}));
    CHECK_FALSE(wire::may_compress(std::span(message).first(20)));
}
