#include <mongoro/bson/types.hpp>

#include <bson/bson.h>
#include <doctest/doctest.h>

#include <string>

using namespace mongoro;

TEST_CASE("every type has the name that error messages use") {
    CHECK(bson::type_name(bson::type::double_) == "double");
    CHECK(bson::type_name(bson::type::string) == "string");
    CHECK(bson::type_name(bson::type::int32) == "int32");
    CHECK(bson::type_name(bson::type::min_key) == "min_key");
    CHECK(bson::type_name(static_cast<bson::type>(0x42)) == "unknown");
    int known = 0;
    for (int byte = 0; byte < 256; ++byte) {
        const auto t = static_cast<std::uint8_t>(byte);
        CHECK(bson::is_known_type(t) == (bson::type_name(static_cast<bson::type>(t)) != "unknown"));
        known += bson::is_known_type(t) ? 1 : 0;
    }
    CHECK(known == 21);
}

TEST_CASE("a decimal128 keeps its text through 16 bytes") {
    for (const std::string text :
         {"0", "-0", "1.5", "1E+3", "-1.00", "NaN", "Infinity", "-Infinity",
          "9.999999999999999999999999999999999E+6144", "1E-6176"}) {
        const auto d = decimal128::from_string(text);
        REQUIRE(d);
        CHECK(d->to_string() == text);
        bson_decimal128_t reference;
        REQUIRE(bson_decimal128_from_string(text.c_str(), &reference));
        CHECK(d->high() == reference.high);
        CHECK(d->low() == reference.low);
    }
    CHECK(decimal128{}.to_string() == "0");
}

TEST_CASE("a decimal128 keeps a number whatever the text's zeros and exponent") {
    const std::string zeros(100'000, '0');
    const struct {
        std::string text;
        std::string_view value;
    } rows[] = {
        {"+1", "1"},
        {"017.", "17"},
        {".5", "0.5"},
        {"1e5", "1E+5"},
        {"1E0000000000000000000000005", "1E+5"},
        {"-inf", "-Infinity"},
        {"+iNFinity", "Infinity"},
        {"-nan", "NaN"},
        // Leading zeros are no digits.
        {"0123456789012345678901234567890123", "123456789012345678901234567890123"},
        {"00001234567890123456789012345678901234", "1234567890123456789012345678901234"},
        {"0.00001234567890123456789012345678901234", "0.00001234567890123456789012345678901234"},
        // Zeros behind the 34th digit change the exponent alone.
        {"12345678901234567890123456789012340000", "1.234567890123456789012345678901234E+37"},
        {"1.2345678901234567890123456789012340000", "1.234567890123456789012345678901234"},
        // A zero takes the nearest exponent that there is.
        {"0E+6112", "0E+6111"},
        {"-0E+999999999999", "-0E+6111"},
        {"0.00E-99999999999999999999", "0E-6176"},
        // Others have it moved by zeros where they are to be had.
        {"1E+6112", "1.0E+6112"},
        {"1E+6144", "1.000000000000000000000000000000000E+6144"},
        {"1000E-6179", "1E-6176"},
        {"1" + zeros + "E-100000", "1.000000000000000000000000000000000"},
        {"0." + zeros + "1E+100001", "1"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text.substr(0, 60));
        const auto d = decimal128::from_string(row.text);
        REQUIRE(d);
        CHECK(d->to_string() == row.value);
    }
}

TEST_CASE("bits that are no canonical decimal128 are a zero") {
    constexpr std::uint64_t minus = 0x8000000000000000U;
    constexpr std::uint64_t high_34 = 0x0001ED09BEAD87C0U;  // of 10^34
    constexpr std::uint64_t low_34 = 0x378D8E6400000000U;
    const auto biased = [](std::int64_t exponent) {
        return static_cast<std::uint64_t>(exponent + 6176) << 49U;
    };
    // The largest coefficient, and the next one.
    CHECK(decimal128(biased(0) | high_34, low_34 - 1).to_string() ==
          "9999999999999999999999999999999999");
    CHECK(decimal128(biased(0) | high_34, low_34).to_string() == "0");
    CHECK(decimal128(minus | biased(-40) | high_34, low_34 - 1).to_string() ==
          "-9.999999999999999999999999999999999E-7");
    CHECK(decimal128(minus | biased(-39) | high_34, low_34 - 1).to_string() ==
          "-0.000009999999999999999999999999999999999");
    // Its 35 digits would need one character more than libbson has room for.
    CHECK(decimal128(minus | biased(-40) | high_34, low_34).to_string() == "-0E-40");
    CHECK(decimal128(biased(-2) | 0x0001FFFFFFFFFFFFU, ~std::uint64_t{0}).to_string() == "0.00");
    CHECK(decimal128(biased(-6142) | 0x0001ED09BEAD87C0U, 0x388D8E63FFFFFFFFU).to_string() ==
          "0E-6142");
    // The form that only larger coefficients would need.
    CHECK(decimal128(0x6C10000000000000U, 1).to_string() == "0");
    CHECK(decimal128(0x77FFFFFFFFFFFFFFU, ~std::uint64_t{0}).to_string() == "0E+6111");
    // All the rest of the bits of what is no number.
    CHECK(decimal128(0xFFFFFFFFFFFFFFFFU, 1).to_string() == "NaN");
    CHECK(decimal128(0x7BFFFFFFFFFFFFFFU, 1).to_string() == "Infinity");
    CHECK(decimal128(0xF800000000000000U, 0).to_string() == "-Infinity");
}

TEST_CASE("a decimal128 has the same text as in libbson wherever its bits are canonical") {
    std::uint64_t state = 1;
    const auto next = [&] {
        state += 0x9E3779B97F4A7C15U;
        std::uint64_t word = state;
        word = (word ^ word >> 30U) * 0xBF58476D1CE4E5B9U;
        word = (word ^ word >> 27U) * 0x94D049BB133111EBU;
        return word ^ word >> 31U;
    };
    for (int i = 0; i < 20'000; ++i) {
        bson_decimal128_t reference;
        // Of any number of digits, and of exponents with and without an E in the text.
        const auto digits = static_cast<unsigned>(next() % 112);
        reference.low = digits < 64 ? next() >> (63 - digits) : next();
        reference.high = digits < 64 ? 0 : next() >> (127 - digits);
        const std::uint64_t exponent = (i & 1) != 0 ? next() % 12288 : 6176 - 48 + next() % 64;
        reference.high |= exponent << 49U | (next() & 0x8000000000000000U);
        char text[BSON_DECIMAL128_STRING + 1];
        bson_decimal128_to_string(&reference, text);
        const decimal128 d(reference.high, reference.low);
        CHECK(d.to_string() == text);
        CHECK(decimal128::from_string(text).value() == d);
    }
}

TEST_CASE("text that is no decimal128 is refused") {
    for (const std::string_view bad :
         {"", "+", ".", "+.", "e", "1.5x", "1 ", " 1", "1e", "1e+", "1e +5", "1E 5", "1E+ 5",
          "1e0x10", "--1", "+-1", "1..2", "1.2.3", "E5", ".e5", "1E1.0", "1,5", "0x10", "in",
          "infinit", "infinityx", "nan1", "snan", "- nan", "\u0661",
          "1.0000000000000000000000000000000001x",
          // Too large and too small.
          "10E6145", "1E+6145", "10000000000000000000000000000000000E+6111", "1E4294967296",
          "1E4294967297", "1E18446744073709551617", "1E99999999999999999999", "1E-6177", "11E-6177",
          "1E-4294967296", "1E-9223372036854775808", "1E-99999999999999999999",
          // More digits than fit.
          "0.123456789012345678901234567890123005", "0123456789012345678901234567890123005",
          "12345678901234567890123456789012345", "1.0000000000000000000000000000000001",
          "100000000000000000000000000000000000000000000000000000000001"}) {
        CAPTURE(bad);
        CHECK(decimal128::from_string(bad).error() == errc::invalid_argument);
    }
    CHECK_FALSE(decimal128::from_string(std::string_view("1\0002", 3)));
    CHECK_FALSE(decimal128::from_string(std::string_view("nan\0", 4)));
}

TEST_CASE("a UUID is read and shown in five groups") {
    const auto id = bson::uuid::from_string("73FFD264-44b3-4c69-90e8-e7d1dfc035d4");
    REQUIRE(id);
    CHECK(id->to_string() == "73ffd264-44b3-4c69-90e8-e7d1dfc035d4");
    CHECK(id->bytes()[0] == 0x73);
    for (const std::string_view bad :
         {"", "73ffd26444b34c6990e8e7d1dfc035d4", "73ffd264-44b3-4c69-90e8-e7d1dfc035d",
          "73ffd264-44b3-4c69-90e8-e7d1dfc035dg", "73ffd264-44b3-4c69-90e8_e7d1dfc035d4",
          "73ffd264-44b3-4c69-90e8-e7d1dfc035d45"}) {
        CHECK(bson::uuid::from_string(bad).error() == errc::invalid_argument);
    }
}

TEST_CASE("a generated UUID is random and says that it is version 4") {
    const auto a = bson::uuid::generate();
    const auto b = bson::uuid::generate();
    CHECK(a != b);
    CHECK((a.bytes()[6] & 0xF0) == 0x40);
    CHECK((a.bytes()[8] & 0xC0) == 0x80);
}

TEST_CASE("owners convert to their views and back") {
    const bson::regex r("^a", "im");
    CHECK(bson::regex(bson::regex_view(r)) == r);
    CHECK(bson::regex_view(r) == bson::regex_view{"^a", "im"});
    const bson::code c("return 1");
    CHECK(bson::code(bson::code_view(c)) == c);
    const bson::symbol s("sym");
    CHECK(bson::symbol(bson::symbol_view(s)) == s);
    const bson::db_pointer p("db.c", object_id::generate());
    CHECK(bson::db_pointer(bson::db_pointer_view(p)) == p);
    const bson::binary b(std::vector<std::uint8_t>{1, 2, 3}, bson::binary_subtype::md5);
    CHECK(bson::binary(bson::binary_view(b)) == b);
    CHECK(bson::binary_view(b) != bson::binary_view{bson::binary_subtype::generic, b.bytes()});
}
