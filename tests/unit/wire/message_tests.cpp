#include "wire/message.hpp"

#include "wire/crc32c.hpp"
#include "wire/little_endian.hpp"

#include <mongoro/bson/validate.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

using mongoro::errc;
namespace wire = mongoro::wire;
namespace bson = mongoro::bson;

namespace {

using bytes = std::vector<std::uint8_t>;

errc code_of(const mongoro::error& e) {
    return static_cast<errc>(e.code().value());
}

bytes& operator+=(bytes& to, const bytes& more) {
    to.insert(to.end(), more.begin(), more.end());
    return to;
}

bytes int32(std::uint32_t value) {
    bytes out(4);
    wire::store_u32(out.data(), value);
    return out;
}

// {"ok": 1.0}
const bytes ok_document{17, 0, 0, 0, 1, 'o', 'k', 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0};
// {"a": <n>}
bytes small_document(std::uint32_t n) {
    bytes out{12, 0, 0, 0, 0x10, 'a', 0};
    out += int32(n);
    out.push_back(0);
    return out;
}

bytes body_section(const bytes& document = ok_document) {
    bytes out{0};
    out += document;
    return out;
}

bytes sequence_section(const std::string& identifier, const std::vector<bytes>& documents) {
    bytes inside(identifier.begin(), identifier.end());
    inside.push_back(0);
    for (const auto& document : documents) {
        inside += document;
    }
    bytes out{1};
    out += int32(static_cast<std::uint32_t>(inside.size() + 4));
    out += inside;
    return out;
}

bytes message_of(std::int32_t op_code, const bytes& rest) {
    bytes out(16);
    wire::encode_header(out.data(), {static_cast<std::int32_t>(16 + rest.size()), 77, 5, op_code});
    out += rest;
    return out;
}

bytes op_msg(std::uint32_t flags, const std::vector<bytes>& sections) {
    bytes rest = int32(flags);
    for (const auto& section : sections) {
        rest += section;
    }
    if ((flags & 1U) == 0) {
        return message_of(2013, rest);
    }
    rest += int32(0);
    bytes out = message_of(2013, rest);
    const std::size_t covered = out.size() - 4;
    wire::store_u32(out.data() + covered, wire::crc32c(std::span(out).first(covered)));
    return out;
}

void set_length(bytes& message, std::int32_t length) {
    wire::store_i32(message.data(), length);
}

void check_refused(const bytes& message, errc expected) {
    const auto decoded = wire::decode_message(message);
    REQUIRE_FALSE(decoded);
    CHECK(code_of(decoded.error()) == expected);
}

// Reads everything that a decoded message offers, with all of its elements: what a sanitizer must
// not object to, whatever the bytes were.
std::size_t read_all(const wire::message& message) {
    std::size_t seen = 0;
    const auto walk = [&](bson::document_view view) {
        for (const auto& element : view) {
            seen += element.key().size() + element.value().raw().size();
        }
    };
    walk(message.body);
    for (const auto& sequence : message.sequences) {
        seen += sequence.identifier.size();
        for (const auto document : sequence.documents) {
            walk(document);
        }
    }
    return seen;
}

// A message of every kind, with what it needs to stay whole at any other length.
std::vector<bytes> valid_messages() {
    return {
        op_msg(0, {body_section()}),
        op_msg(1, {body_section()}),
        op_msg(2, {body_section(), sequence_section("documents", {small_document(1)})}),
        op_msg(1U << 16 | 1U,
               {sequence_section("a", {}), body_section(),
                sequence_section("updates", {small_document(1), small_document(2)})}),
    };
}

}  // namespace

TEST_CASE("an OP_MSG of one body is read, byte by byte as the specification writes it") {
    const bytes message{
        38,   0,    0,   0,  // messageLength
        1,    0,    0,   0,  // requestID
        2,    0,    0,   0,  // responseTo
        0xDD, 0x07, 0,   0,  // 2013
        0,    0,    0,   0,  // flags
        0,                   // section kind 0
        17,   0,    0,   0,  // the document's length
        1,    'o',  'k', 0,  // a double "ok"
        0,    0,    0,   0, 0, 0, 0xF0, 0x3F, 0,
    };
    const auto decoded = wire::decode_message(message);
    REQUIRE(decoded);
    CHECK(decoded->header == wire::message_header{38, 1, 2, 2013});
    CHECK(decoded->flags == 0);
    CHECK_FALSE(decoded->more_to_come());
    CHECK(decoded->body.data() == message.data() + 21);
    CHECK(decoded->body["ok"].get<double>() == 1.0);
    CHECK(decoded->sequences.empty());
}

TEST_CASE("the flags of a message say what follows") {
    CHECK(wire::decode_message(op_msg(2, {body_section()}))->more_to_come());
    CHECK(wire::decode_message(op_msg(1U << 16, {body_section()}))->exhaust_allowed());
    // Bits of the upper half are optional: unknown ones are ignored.
    CHECK(wire::decode_message(op_msg(0x80000000U, {body_section()})));
}

TEST_CASE("an unknown required flag bit is refused, whichever it is") {
    for (unsigned bit = 2; bit < 16; ++bit) {
        CAPTURE(bit);
        check_refused(op_msg(1U << bit, {body_section()}), errc::malformed_message);
    }
}

TEST_CASE("document sequences are read in order, before and behind the body") {
    const bytes message =
        op_msg(0, {sequence_section("first", {small_document(1), small_document(2)}),
                   sequence_section("none", {}), body_section(),
                   sequence_section("last", {small_document(3)})});
    const auto decoded = wire::decode_message(message);
    REQUIRE(decoded);
    CHECK(decoded->body["ok"].get<double>() == 1.0);
    std::string seen;
    for (const auto& sequence : decoded->sequences) {
        seen += std::string(sequence.identifier) + ":";
        for (const auto document : sequence.documents) {
            seen += std::to_string(document["a"].get<std::int32_t>()) + ",";
        }
        seen += " ";
    }
    CHECK(seen == "first:1,2, none: last:3, ");
    CHECK_FALSE(decoded->sequences.empty());
}

TEST_CASE("a message without a body, or with two, is refused") {
    check_refused(op_msg(0, {sequence_section("documents", {small_document(1)})}),
                  errc::malformed_message);
    check_refused(op_msg(0, {body_section(), body_section()}), errc::malformed_message);
}

TEST_CASE("an unknown section kind is refused") {
    for (const int kind : {2, 3, 127, 128, 255}) {
        CAPTURE(kind);
        bytes section = body_section();
        section[0] = static_cast<std::uint8_t>(kind);
        check_refused(op_msg(0, {section}), errc::malformed_message);
        check_refused(op_msg(0, {body_section(), section}), errc::malformed_message);
    }
}

TEST_CASE("a checksum is verified when the message says that it has one") {
    const bytes good = op_msg(1, {body_section()});
    const auto decoded = wire::decode_message(good);
    REQUIRE(decoded);
    CHECK(decoded->body["ok"].get<double>() == 1.0);
    for (std::size_t at = 21; at < good.size(); ++at) {
        CAPTURE(at);
        bytes bad = good;
        bad[at] ^= 0x10U;
        check_refused(bad, errc::checksum_mismatch);
    }
}

TEST_CASE("a message whose checksum has no room is refused") {
    // 26 bytes: with the flag, the document's place is the checksum's.
    bytes message = op_msg(0, {body_section({5, 0, 0, 0, 0})});
    message[16] = 1;
    const std::uint32_t crc = wire::crc32c(std::span(message).first(22));
    wire::store_u32(message.data() + 22, crc);
    CHECK_FALSE(wire::decode_message(message));
}

TEST_CASE("a document whose length cannot be is malformed BSON, in the body and in a sequence") {
    constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
    for (const std::int32_t length : {-most - 1, -1, 0, 4, 18, 1000, most}) {
        CAPTURE(length);
        bytes document = ok_document;
        wire::store_i32(document.data(), length);
        check_refused(op_msg(0, {body_section(document)}), errc::malformed_bson);
        check_refused(op_msg(0, {body_section(), sequence_section("documents", {document})}),
                      errc::malformed_bson);
    }
}

TEST_CASE("a document without its terminator is malformed BSON") {
    bytes document = ok_document;
    document.back() = 1;
    check_refused(op_msg(0, {body_section(document)}), errc::malformed_bson);
    check_refused(op_msg(0, {body_section(), sequence_section("documents", {document})}),
                  errc::malformed_bson);
}

TEST_CASE("a document that is shorter than its section leaves bytes that are no section") {
    bytes document = ok_document;
    document[0] = 16;
    document[15] = 0;
    check_refused(op_msg(0, {body_section(document)}), errc::malformed_message);
}

TEST_CASE("a document sequence whose length cannot be is refused") {
    constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
    const bytes good = sequence_section("documents", {small_document(1)});
    for (const std::int32_t length : {-most - 1, -1, 0, 4, 5, 13, 27, 1000, most}) {
        CAPTURE(length);
        bytes section = good;
        wire::store_i32(section.data() + 1, length);
        const auto decoded = wire::decode_message(op_msg(0, {body_section(), section}));
        CHECK_FALSE(decoded);
    }
    // Its identifier must end within it.
    bytes section{1, 7, 0, 0, 0, 'a', 'b', 'c'};
    check_refused(op_msg(0, {body_section(), section}), errc::malformed_message);
}

TEST_CASE("every truncation of a valid message is refused, whatever its header says") {
    const auto messages = valid_messages();
    for (const bytes& whole : messages) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(size);
            // Of its own allocation, so that a sanitizer sees each byte too far.
            bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            part.shrink_to_fit();
            const auto kept = wire::decode_message(part);
            REQUIRE_FALSE(kept);
            CHECK(code_of(kept.error()) == errc::malformed_message);
            if (size >= 16) {
                set_length(part, static_cast<std::int32_t>(size));
                // The one cut that leaves a message: between the body and the sequence behind it.
                const bool between = &whole == &messages[2] && size == 21 + ok_document.size();
                CHECK(wire::decode_message(part).has_value() == between);
            }
        }
        CHECK(wire::decode_message(whole));
    }
}

TEST_CASE("a message length that is not the number of bytes is refused") {
    for (const bytes& whole : valid_messages()) {
        const auto size = static_cast<std::int32_t>(whole.size());
        for (const std::int32_t length :
             {std::numeric_limits<std::int32_t>::min(), -1, 0, 15, 16, 25, size - 1, size + 1}) {
            CAPTURE(length);
            bytes message = whole;
            set_length(message, length);
            check_refused(message, errc::malformed_message);
        }
        for (const std::int32_t length : {48'000'001, std::numeric_limits<std::int32_t>::max()}) {
            bytes message = whole;
            set_length(message, length);
            check_refused(message, errc::message_too_large);
        }
    }
}

TEST_CASE("the limit of a message is the caller's") {
    const bytes message = op_msg(0, {body_section()});
    const auto size = static_cast<std::int32_t>(message.size());
    CHECK(wire::decode_message(message, size));
    const auto decoded = wire::decode_message(message, size - 1);
    REQUIRE_FALSE(decoded);
    CHECK(code_of(decoded.error()) == errc::message_too_large);
}

TEST_CASE("an OP_REPLY, which nothing asks for, is an unknown opcode") {
    bytes rest(20);  // flags, cursor id, starting from, count
    rest[16] = 1;
    rest += ok_document;
    const bytes message = message_of(1, rest);
    const auto decoded = wire::decode_message(message);
    REQUIRE_FALSE(decoded);
    CHECK(code_of(decoded.error()) == errc::malformed_message);
    CHECK(decoded.error().message() == "unknown opcode 1: is this a MongoDB server?");
}

TEST_CASE("a reply must answer the request that was sent") {
    const bytes message = op_msg(0, {body_section()});
    CHECK(wire::decode_reply(message, 5));
    const auto wrong = wire::decode_reply(message, 6);
    REQUIRE_FALSE(wrong);
    CHECK(code_of(wrong.error()) == errc::unexpected_reply);
}

TEST_CASE("a message with random bytes changed is refused or can be read to its end") {
    std::mt19937 random(20130221);
    const auto up_to = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    std::size_t refused = 0;
    std::size_t read = 0;
    std::size_t seen = 0;
    for (const bytes& whole : valid_messages()) {
        for (int round = 0; round < 20'000; ++round) {
            bytes message = whole;
            for (std::size_t changes = 1 + up_to(4); changes != 0; --changes) {
                // Mostly behind the header, which refuses most of what is changed in it.
                const std::size_t at =
                    up_to(8) == 0 ? up_to(message.size()) : 16 + up_to(message.size() - 16);
                message[at] = up_to(2) == 0
                                  ? static_cast<std::uint8_t>(up_to(256))
                                  : static_cast<std::uint8_t>(message[at] ^ (1U << up_to(8)));
            }
            if (up_to(8) == 0) {
                message.resize(16 + up_to(message.size() - 16));
                set_length(message, static_cast<std::int32_t>(message.size()));
                message.shrink_to_fit();
            }
            if (message.size() >= 24 && (message[16] & 1U) != 0 && up_to(4) != 0) {
                const std::size_t covered = message.size() - 4;
                wire::store_u32(message.data() + covered,
                                wire::crc32c(std::span(message).first(covered)));
            }
            if (const auto decoded = wire::decode_message(message)) {
                ++read;
                seen += read_all(*decoded);
            } else {
                ++refused;
                const errc code = code_of(decoded.error());
                CHECK((code == errc::malformed_message || code == errc::malformed_bson ||
                       code == errc::message_too_large || code == errc::checksum_mismatch ||
                       code == errc::not_supported));
            }
        }
    }
    // The loop is of use only while it meets both.
    CHECK(refused > 1000);
    CHECK(read > 1000);
    CHECK(seen > 1000);
}
