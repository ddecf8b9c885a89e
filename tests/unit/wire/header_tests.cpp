#include "wire/header.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <vector>

using mongoro::errc;
namespace wire = mongoro::wire;

namespace {

std::array<std::uint8_t, 16> bytes_of(const wire::message_header& header) {
    std::array<std::uint8_t, 16> bytes{};
    wire::encode_header(bytes.data(), header);
    return bytes;
}

errc code_of(const mongoro::error& e) {
    return static_cast<errc>(e.code().value());
}

}  // namespace

TEST_CASE("a header is four little-endian integers") {
    const auto bytes = bytes_of({0x01020304, 5, -2, 2013});
    const std::array<std::uint8_t, 16> expected{4,    3,    2,    1,    5,    0, 0, 0,
                                                0xFE, 0xFF, 0xFF, 0xFF, 0xDD, 7, 0, 0};
    CHECK(bytes == expected);
}

TEST_CASE("a header that was encoded is decoded to itself") {
    const wire::message_header header{26, 7, 9, 2013};
    const auto decoded = wire::decode_header(bytes_of(header));
    REQUIRE(decoded);
    CHECK(*decoded == header);
}

TEST_CASE("fewer than sixteen bytes are not a header") {
    const auto bytes = bytes_of({26, 7, 9, 2013});
    for (std::size_t size = 0; size < 16; ++size) {
        CAPTURE(size);
        const auto decoded = wire::decode_header(std::span(bytes).first(size));
        REQUIRE_FALSE(decoded);
        CHECK(code_of(decoded.error()) == errc::malformed_message);
    }
}

TEST_CASE("bytes behind the header are not looked at") {
    const auto head = bytes_of({26, 7, 9, 2013});
    std::vector<std::uint8_t> bytes(head.begin(), head.end());
    bytes.push_back(0xFF);
    CHECK(wire::decode_header(bytes));
}

TEST_CASE("a length below the least message is refused, the least is taken") {
    constexpr int least = 26;
    CHECK(wire::decode_header(bytes_of({least, 1, 1, 2013})));
    for (const int length : {least - 1, 16, 15, 1, 0, -1, std::numeric_limits<int>::min()}) {
        CAPTURE(length);
        const auto decoded = wire::decode_header(bytes_of({length, 1, 1, 2013}));
        REQUIRE_FALSE(decoded);
        CHECK(code_of(decoded.error()) == errc::malformed_message);
    }
}

TEST_CASE("a length over the limit is refused, the limit itself is taken") {
    CHECK(wire::decode_header(bytes_of({48'000'000, 1, 1, 2013})));
    CHECK(wire::decode_header(bytes_of({100, 1, 1, 2013}), 100));
    for (const int length : {101, std::numeric_limits<int>::max()}) {
        const auto decoded = wire::decode_header(bytes_of({length, 1, 1, 2013}), 100);
        REQUIRE_FALSE(decoded);
        CHECK(code_of(decoded.error()) == errc::message_too_large);
    }
    const auto decoded = wire::decode_header(bytes_of({48'000'001, 1, 1, 2013}));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().message() == "48000001 bytes, the limit is 48000000");
}

TEST_CASE("OP_COMPRESSED is recognised and not supported, other opcodes are malformed") {
    const auto compressed = wire::decode_header(bytes_of({100, 1, 1, 2012}));
    REQUIRE_FALSE(compressed);
    CHECK(code_of(compressed.error()) == errc::not_supported);
    for (const int op_code : {0, -1, 2, 2004, 2010, 2014, std::numeric_limits<int>::min()}) {
        CAPTURE(op_code);
        const auto decoded = wire::decode_header(bytes_of({100, 1, 1, op_code}));
        REQUIRE_FALSE(decoded);
        CHECK(code_of(decoded.error()) == errc::malformed_message);
    }
}

TEST_CASE("a peer that speaks HTTP is refused before its text is taken as a length") {
    const std::string_view text = "HTTP/1.1 400 Bad Request\r\n";
    const auto decoded =
        wire::decode_header({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    REQUIRE_FALSE(decoded);
    CHECK(code_of(decoded.error()) == errc::malformed_message);
}

TEST_CASE("a reply to another request is named with both numbers") {
    const wire::message_header reply{26, 1, 7, 2013};
    CHECK(wire::check_response_to(reply, 7));
    const auto wrong = wire::check_response_to(reply, 8);
    REQUIRE_FALSE(wrong);
    CHECK(code_of(wrong.error()) == errc::unexpected_reply);
    CHECK(wrong.error().message() == "responseTo is 7, the request was 8");
}
