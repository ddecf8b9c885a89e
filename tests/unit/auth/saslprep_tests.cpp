#include "auth/saslprep.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using mongoro::errc;
using mongoro::auth::saslprep;

TEST_CASE("what looks alike is prepared alike: the examples of RFC 4013 and of the auth spec") {
    const auto prepared = [](std::string_view text) {
        const auto got = saslprep(text);
        REQUIRE(got);
        return got->text();
    };
    CHECK(prepared("user") == "user");
    CHECK(prepared("USER") == "USER");
    CHECK(prepared("") == "");
    CHECK(prepared("pass word, =") == "pass word, =");
    CHECK(prepared("I\xC2\xADX") == "IX");       // a soft hyphen
    CHECK(prepared("\xC2\xAA") == "a");          // a feminine ordinal
    CHECK(prepared("\xE2\x85\xA8") == "IX");     // a Roman numeral
    CHECK(prepared("\xE2\x85\xA3") == "IV");     // and another
    CHECK(prepared("a\xC2\xA0z") == "a z");      // a space that does not break
    CHECK(prepared("u\xCC\x88") == "\xC3\xBC");  // composed
    CHECK(prepared("\xE6\xBC\xA2\xE5\xAD\x97") == "\xE6\xBC\xA2\xE5\xAD\x97");
    const std::string longer(5000, 'x');
    CHECK(prepared(longer + "\xC2\xAA") == longer + "a");
}

TEST_CASE("what nobody can type is refused, without a word of it") {
    for (const std::string_view bad :
         {std::string_view("a\x07"), std::string_view("\x7F"),
          std::string_view("\xD8\xA7"
                           "1"),
          std::string_view("a\0b", 3), std::string_view("\xC2\x80"), std::string_view("\xFF\xFE"),
          std::string_view("s\xC3"), std::string_view("\xF0\x9F\x98\x80"),
          std::string_view("\xEF\xBF\xBD")}) {
        const auto got = saslprep(bad);
        REQUIRE_FALSE(got);
        CHECK(got.error() == errc::authentication_failed);
        CHECK(got.error().message().find(bad) == std::string_view::npos);
    }
}
