#include "bytes.hpp"

#include <mongoro/bson/build.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <compare>
#include <limits>
#include <string>
#include <vector>

using namespace mongoro;
using namespace mongoro::bson::test;

namespace {

/// Each value is less than the next, and equivalent to itself.
void check_ascending(const array& values) {
    std::vector<bson::value_view> v;
    for (const auto& e : values) {
        v.push_back(e.value());
    }
    for (std::size_t i = 0; i < v.size(); ++i) {
        for (std::size_t j = 0; j < v.size(); ++j) {
            CAPTURE(i);
            CAPTURE(j);
            CHECK(compare(v[i], v[j]) == (i <=> j));
        }
    }
}

void check_equivalent(const array& values) {
    for (const auto& a : values) {
        for (const auto& b : values) {
            CAPTURE(a.key());
            CAPTURE(b.key());
            CHECK(compare(a.value(), b.value()) == 0);
        }
    }
}

decimal128 dec(std::string_view text) {
    return *decimal128::from_string(text);
}

}  // namespace

TEST_CASE("types have the server's order") {
    check_ascending(arr(bson::min_key{}, bson::undefined{}, nullptr, 1, "a", document{{"a", 1}},
                        arr(1), bson::binary{}, object_id{}, false, bson::date{},
                        bson::timestamp{1, 1}, bson::regex("a"), bson::db_pointer("a", {}),
                        bson::code("a"), bson::code_with_scope("a", {}), bson::max_key{}));
    check_equivalent(arr("a", bson::symbol("a")));
}

TEST_CASE("numbers compare as numbers, whatever their types") {
    check_equivalent(arr(1, 1L, 1.0, dec("1"), dec("1.00"), dec("10E-1")));
    check_equivalent(arr(0, 0L, 0.0, -0.0, dec("0"), dec("-0"), dec("0E+100")));
    // A coefficient of 35 digits counts as zero.
    check_equivalent(arr(0, decimal128(0x3041ED09BEAD87C0U, 0x378D8E6400000000U)));
    check_equivalent(arr(std::nan(""), dec("NaN")));
    check_equivalent(arr(std::numeric_limits<double>::infinity(), dec("Infinity")));
    check_ascending(arr(std::nan(""), -std::numeric_limits<double>::infinity(), dec("-1E+6144"),
                        -1e300, std::numeric_limits<std::int64_t>::min(), -2, -1.5, dec("-1.25"),
                        -1, -0.1, dec("-1E-6176"), 0, dec("1E-6176"), 5e-324, dec("0.1"), 0.1, 0.5,
                        1, dec("1.5"), 2L, dec("1E+3"), 1001, 1e300,
                        dec("9.999999999999999999999999999999999E+6144"),
                        std::numeric_limits<double>::infinity()));
}

TEST_CASE("large integers and doubles compare exactly") {
    constexpr std::int64_t two53 = std::int64_t{1} << 53;
    check_ascending(arr(two53 - 1, two53, two53 + 1, 0x1p53 + 2));
    check_ascending(arr(std::numeric_limits<std::int64_t>::max() - 1,
                        std::numeric_limits<std::int64_t>::max(), 0x1p63));
    check_equivalent(
        arr(std::numeric_limits<std::int64_t>::min(), -0x1p63, dec("-9223372036854775808")));
    check_ascending(arr(dec("9223372036854775806"), std::numeric_limits<std::int64_t>::max(),
                        dec("9223372036854775807.5"), 0x1p63));
    check_ascending(arr(-1.5, -1, -0.5, 0, 0.5, 1, 1.5));
}

TEST_CASE("text compares by its bytes, NULs included") {
    check_ascending(arr("", std::string("\0", 1), "A", "a", std::string("a\0", 2),
                        std::string("a\0b", 3), "aa", "b", "\x7F", "\xC3\xBC"));
}

TEST_CASE("documents compare element by element: type, key, value, then length") {
    check_ascending(arr(document{}, document{{"b", nullptr}}, document{{"a", 1}},
                        document{{"a", 1}, {"b", 1}}, document{{"a", 2}}, document{{"b", 0}},
                        document{{"a", "x"}}, document{{"a", {{"x", 1}}}},
                        document{{"a", {{"x", 2}}}}));
    check_equivalent(arr(document{{"a", 1}}, document{{"a", 1.0}}));
    check_ascending(arr(arr(), arr(1), arr(1, 2), arr(1, 3), arr(2)));
}

TEST_CASE("binary data compares by length, subtype, bytes; the rest by value") {
    using bson::binary_subtype;
    using bytes = std::vector<std::uint8_t>;
    check_ascending(arr(bson::binary(bytes{}), bson::binary(bytes{9}), bson::binary(bytes{1, 1}),
                        bson::binary(bytes{1, 2}), bson::binary(bytes{0, 0}, binary_subtype::md5)));
    check_ascending(arr(false, true));
    check_ascending(arr(bson::date{std::chrono::milliseconds{-1}}, bson::date{},
                        bson::date{std::chrono::milliseconds{1}}));
    check_ascending(arr(bson::timestamp{1, 9}, bson::timestamp{2, 0}, bson::timestamp{2, 1},
                        bson::timestamp{0x80000000, 0}));
    check_ascending(arr(bson::regex("a"), bson::regex("a", "i"), bson::regex("b")));
    check_ascending(arr(bson::code("a"), bson::code("b")));
    check_ascending(arr(bson::code_with_scope("a", {}),
                        bson::code_with_scope("a", document{{"x", 1}}),
                        bson::code_with_scope("b", {})));
}
