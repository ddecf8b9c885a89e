#include "auth/encoding.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace mongoro::auth;
using namespace std::chrono_literals;

namespace {

std::chrono::sys_seconds at(long seconds) {
    return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

}  // namespace

TEST_CASE("bytes become hexadecimal digits and base64") {
    const std::array<std::uint8_t, 4> bytes{0x00, 0x7f, 0x80, 0xff};
    CHECK(to_hex(bytes) == "007f80ff");
    CHECK(to_hex({}).empty());
    CHECK(to_base64(bytes) == "AH+A/w==");
}

TEST_CASE("all but the unreserved characters is percent-encoded, byte by byte") {
    CHECK(percent_encoded("AZaz09-._~") == "AZaz09-._~");
    CHECK(percent_encoded("a b/c?d=e&f+g:%") == "a%20b%2Fc%3Fd%3De%26f%2Bg%3A%25");
    CHECK(percent_encoded("\xc3\xbc") == "%C3%BC");
    CHECK(percent_encoded(std::string_view("\0", 1)) == "%00");
}

TEST_CASE("a moment is written as AWS writes it") {
    CHECK(amz_date(at(1440938160)) == "20150830T123600Z");
    CHECK(amz_date(at(0)) == "19700101T000000Z");
    CHECK(amz_date(at(951827696)) == "20000229T123456Z");
}

TEST_CASE("the moments of the credential services are read, and no other text is") {
    CHECK(parse_moment("2014-10-24T23:00:23Z") == at(1414191623));
    CHECK(parse_moment("2014-10-24T23:00:23.999Z") == at(1414191623));
    CHECK(parse_moment("2014-10-25T01:00:23+02:00") == at(1414191623));
    CHECK(parse_moment("2014-10-24T23:00:23.999999Z") == at(1414191623));
    CHECK(parse_moment("2014-10-25T01:00:23.123456789+02:00") == at(1414191623));
    CHECK(parse_moment("2014-10-24T23:00:23." + std::string(1'000, '9') + "Z") == at(1414191623));
    CHECK(!parse_moment("2014-10-24T23:00:23.999999"));
    CHECK(!parse_moment("2014-10-24T23:00:23.99x999Z"));
    CHECK(!parse_moment("2014-10-24T23:00:23.999999" + std::string(1'000, 'Z')));
    CHECK(!parse_moment("."));
    CHECK(!parse_moment("tomorrow"));
    CHECK(!parse_moment(""));
    CHECK(!parse_moment("2014-13-24T23:00:23Z"));
}
