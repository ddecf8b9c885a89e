#include "bytes.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/bson/validate.hpp>

#include <bson/bson.h>
#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace mongoro;
using namespace mongoro::bson::test;

namespace {

mongoro::error error_of(std::string_view bytes, const bson::validate_options& options = {}) {
    const auto b = hex(bytes);
    return validate(view_of(b), options).error();
}

/// A document in a document, and so on: `levels` in all.
std::vector<std::uint8_t> nested(std::size_t levels) {
    std::vector<std::uint8_t> out{5, 0, 0, 0, 0};
    for (; levels > 1; --levels) {
        const auto size = static_cast<std::uint32_t>(out.size() + 8);
        std::vector<std::uint8_t> outer;
        for (unsigned shift = 0; shift < 32; shift += 8) {
            outer.push_back(static_cast<std::uint8_t>(size >> shift));
        }
        outer.insert(outer.end(), {0x03, 'd', 0});
        outer.insert(outer.end(), out.begin(), out.end());
        outer.push_back(0);
        out = std::move(outer);
    }
    return out;
}

}  // namespace

TEST_CASE("what is wrong is an error that names the path") {
    CHECK_FALSE(error_of("0c000000 10 6100 01000000 00"));
    CHECK(error_of("090000000862000200") == errc::malformed_bson);
    CHECK(error_of("090000000862000200").message() == "b: a value that cannot be read");
    const document d{{"a", {{"b", {1, std::string("\xFF")}}}}};
    const auto e = validate(d).error();
    CHECK(e == errc::invalid_utf8);
    CHECK(e.message() == "a.b.1");
}

TEST_CASE("the frame of every nested document is checked") {
    // An inner length that leaks the terminator, one that eats the outer's, one below the minimum.
    CHECK(error_of("1500000003666F6F000A0000000862617200010000") == errc::malformed_bson);
    CHECK(error_of("1800000003666F6F000F0000001062617200FFFFFF7F0000") == errc::malformed_bson);
    CHECK(error_of("0d000000 03 6100 04000000 00 00") == errc::malformed_bson);
    CHECK(error_of("0500000001") == errc::malformed_bson);
    CHECK(error_of("0600000000") == errc::malformed_bson);
    CHECK(error_of("07000000 42 00 00") == errc::malformed_bson);
}

TEST_CASE(
    "UTF-8 is checked in keys, strings, code, symbols and expressions, unless it is turned off") {
    for (const std::string_view bytes :
         {"0e000000 02 6100 02000000 e900 00", "0e000000 0d 6100 02000000 e900 00",
          "0e000000 0e 6100 02000000 e900 00", "0b000000 0b 6100 e900 00 00",
          "0b000000 0b 6100 00 e900 00", "08000000 0a e900 00",
          "1a000000 0c 6100 02000000 e900 56e1fc72e0c917e9c4714161 00"}) {
        CAPTURE(bytes);
        CHECK(error_of(bytes) == errc::invalid_utf8);
        CHECK_FALSE(error_of(bytes, {.utf8 = false}));
    }
    const document scoped{{"c", bson::code_with_scope("\xFF", document{})}};
    CHECK(validate(scoped).error() == errc::invalid_utf8);
    CHECK(validate(scoped, {.utf8 = false}));
}

TEST_CASE("the scope of code is a document that is checked as well") {
    document bad_scope;
    bad_scope.append("s", std::string("\xFF"));
    const document d{{"c", bson::code_with_scope("f", bad_scope)}};
    CHECK(validate(d).error() == errc::invalid_utf8);
}

TEST_CASE("depth is bounded where it is asked for") {
    const auto at_limit = nested(200);
    const auto beyond = nested(201);
    CHECK(validate(view_of(at_limit)));
    CHECK(validate(view_of(beyond)).error() == errc::too_deep);
    CHECK(validate(view_of(beyond), {.max_depth = 201}));
    CHECK(validate(bson::document_view{}, {.max_depth = 1}));
    CHECK(validate(document{{"a", {{"b", 1}}}}, {.max_depth = 1}).error() == errc::too_deep);
    // The limit has a limit, or the stack would be it.
    const auto very_deep = nested(5000);
    CHECK(validate(view_of(very_deep), {.max_depth = 0xFFFFFFFF}).error() == errc::too_deep);
}

TEST_CASE("array keys and empty keys are looked at on request") {
    const char* const shuffled =
        "1b000000 04 6100 13000000 10 3100 01000000 10 3000 02000000 00 00";
    CHECK_FALSE(error_of(shuffled));
    CHECK(error_of(shuffled, {.array_keys = true}) == errc::malformed_bson);
    const document empty_key{{"a", {{"", 1}}}};
    CHECK(validate(empty_key));
    CHECK(validate(empty_key, {.no_empty_keys = true}).error() == errc::malformed_bson);
    CHECK(validate(document{{"a", {1, 2}}}, {.array_keys = true, .no_empty_keys = true}));
}

TEST_CASE("UTF-8 is told from what only looks like it") {
    using namespace std::string_view_literals;
    for (const auto good :
         {""sv, "abc"sv, "\0"sv, "\x7F"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv,
          "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv,
          "\xF4\x8F\xBF\xBF"sv, "1234567\xC3\xBC"sv, "12345678\xC3\xBC"sv}) {
        CHECK(bson::is_utf8(good));
    }
    for (const auto bad : {"\x80"sv,
                           "\xBF"sv,
                           "\xC0\x80"sv,
                           "\xC1\xBF"sv,
                           "\xC2"sv,
                           "\xC2\x41"sv,
                           "\xC2\xC0"sv,
                           "\xE0\x80\x80"sv,
                           "\xE0\x9F\xBF"sv,
                           "\xE1\x80"sv,
                           "\xE1\x80\x41"sv,
                           "\xED\xA0\x80"sv,
                           "\xED\xBF\xBF"sv,
                           "\xF0\x80\x80\x80"sv,
                           "\xF0\x8F\xBF\xBF"sv,
                           "\xF0\x90\x80"sv,
                           "\xF4\x90\x80\x80"sv,
                           "\xF5\x80\x80\x80"sv,
                           "\xFE"sv,
                           "\xFF"sv,
                           "12345678\xFF"sv,
                           "123456789012345\xE1\x80"sv}) {
        CHECK_FALSE(bson::is_utf8(bad));
    }
}

TEST_CASE("our UTF-8 check agrees with libbson's on random text") {
    std::mt19937 random(7);
    const unsigned char bytes[] = {'a', 'b', 0x80, 0xBF, 0xC3, 0xE1, 0xED, 0xF1, 0xF4, 0x8F, 0x90};
    int valid = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto n = random() % 6; n != 0; --n) {
            text += static_cast<char>(bytes[random() % sizeof bytes]);
        }
        const bool reference = bson_utf8_validate(text.data(), text.size(), true);
        // libbson lets surrogates pass in some versions: those are ours to refuse.
        if (text.find('\xED') == std::string::npos) {
            REQUIRE(bson::is_utf8(text) == reference);
        }
        valid += bson::is_utf8(text) ? 1 : 0;
    }
    CHECK(valid > 1000);
}
