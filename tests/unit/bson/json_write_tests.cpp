#include <mongoro/bson/json.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <locale>
#include <random>
#include <string>
#include <vector>

using namespace mongoro;
using bson::json_options;
using bson::try_to_json;

namespace {

template <typename T>
std::string relaxed(const T& value) {
    return to_json(bson::document().append("v", value));
}

template <typename T>
std::string canonical(const T& value) {
    return to_json(bson::document().append("v", value), json_mode::canonical);
}

bson::date at(std::int64_t milliseconds) {
    return bson::date(std::chrono::milliseconds(milliseconds));
}

/// Documents inside each other, `levels` in all.
bson::document nested(unsigned levels) {
    bson::byte_buffer bytes;
    bson::writer out(bytes);
    out.begin_document();
    for (unsigned i = 1; i < levels; ++i) {
        out.begin_document("d");
    }
    for (unsigned i = 0; i < levels; ++i) {
        out.end();
    }
    REQUIRE(out.ok());
    return bson::document(std::move(bytes));
}

}  // namespace

TEST_CASE("every type is written in both modes as the specification's table has it") {
    const std::uint8_t raw[] = {0xFF, 0xFF};
    const auto id = bson::object_id::from_string("57E193d7a9cc81b4027498b5").value();
    const auto same = [](const auto& value, const std::string& text) {
        CHECK(relaxed(value) == "{\"v\": " + text + "}");
        CHECK(canonical(value) == "{\"v\": " + text + "}");
    };
    CHECK(relaxed(std::int32_t{42}) == R"({"v": 42})");
    CHECK(canonical(std::int32_t{42}) == R"({"v": {"$numberInt": "42"}})");
    CHECK(relaxed(std::int64_t{42}) == R"({"v": 42})");
    CHECK(canonical(std::int64_t{-42}) == R"({"v": {"$numberLong": "-42"}})");
    CHECK(relaxed(42.5) == R"({"v": 42.5})");
    CHECK(canonical(42.5) == R"({"v": {"$numberDouble": "42.5"}})");
    CHECK(relaxed(at(1356351330501)) == R"({"v": {"$date": "2012-12-24T12:15:30.501Z"}})");
    CHECK(canonical(at(1356351330501)) == R"({"v": {"$date": {"$numberLong": "1356351330501"}}})");
    same(id, R"({"$oid": "57e193d7a9cc81b4027498b5"})");
    same("text", R"("text")");
    same(true, "true");
    same(false, "false");
    same(nullptr, "null");
    same(bson::binary_view{bson::binary_subtype::user_defined, raw},
         R"({"$binary": {"base64": "//8=", "subType": "80"}})");
    same(bson::binary_view{bson::binary_subtype::binary_old, raw},
         R"({"$binary": {"base64": "//8=", "subType": "02"}})");
    same(bson::code("f"), R"({"$code": "f"})");
    same(bson::code_with_scope("f", bson::document().append("x", "y")),
         R"({"$code": "f", "$scope": {"x": "y"}})");
    same(bson::symbol("s"), R"({"$symbol": "s"})");
    same(bson::timestamp{4294967295, 1}, R"({"$timestamp": {"t": 4294967295, "i": 1}})");
    same(bson::regex("a/b", "ix"),
         R"({"$regularExpression": {"pattern": "a/b", "options": "ix"}})");
    same(bson::db_pointer("c", id),
         R"({"$dbPointer": {"$ref": "c", "$id": {"$oid": "57e193d7a9cc81b4027498b5"}}})");
    same(bson::decimal128::from_string("1.20E+3").value(), R"({"$numberDecimal": "1.20E+3"})");
    same(bson::min_key{}, R"({"$minKey": 1})");
    same(bson::max_key{}, R"({"$maxKey": 1})");
    same(bson::undefined{}, R"({"$undefined": true})");
    same(bson::document(), "{}");
    same(bson::array(), "[]");
    same(bson::array().append("a").append("b"), R"(["a", "b"])");
}

TEST_CASE("a double is written with its shortest digits and never like an integer") {
    const auto text = [](double value) {
        const auto all = relaxed(value);
        return all.substr(6, all.size() - 7);
    };
    CHECK(text(1) == "1.0");
    CHECK(text(-0.0) == "-0.0");
    CHECK(text(0.1) == "0.1");
    CHECK(text(100) == "100.0");
    CHECK(text(0.00001) == "0.00001");
    CHECK(text(0.000001) == "1E-6");
    CHECK(text(1e15) == "1000000000000000.0");
    CHECK(text(1e16) == "1E+16");
    CHECK(text(123456789.125) == "123456789.125");
    CHECK(text(1.2345678921232E+18) == "1.2345678921232E+18");
    CHECK(text(std::numeric_limits<double>::max()) == "1.7976931348623157E+308");
    CHECK(text(std::numeric_limits<double>::denorm_min()) == "5E-324");
    CHECK(text(std::numeric_limits<double>::infinity()) == R"({"$numberDouble": "Infinity"})");
    CHECK(text(-std::numeric_limits<double>::infinity()) == R"({"$numberDouble": "-Infinity"})");
    CHECK(text(-std::numeric_limits<double>::quiet_NaN()) == R"({"$numberDouble": "NaN"})");
}

TEST_CASE("every finite double reads back as the same bits from both modes") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; ++i) {
        const auto value = std::bit_cast<double>(random());
        if (!std::isfinite(value)) {
            continue;
        }
        for (const auto& text : {relaxed(value), canonical(value)}) {
            const auto back = from_json(text);
            REQUIRE(back);
            REQUIRE((*back)["v"].type() == bson::type::double_);
            REQUIRE(std::bit_cast<std::uint64_t>((*back)["v"].get<double>()) ==
                    std::bit_cast<std::uint64_t>(value));
        }
    }
}

TEST_CASE("relaxed dates are text from 1970 to 9999 and numbers outside of that") {
    CHECK(relaxed(at(0)) == R"({"v": {"$date": "1970-01-01T00:00:00Z"}})");
    CHECK(relaxed(at(-1)) == R"({"v": {"$date": {"$numberLong": "-1"}}})");
    CHECK(relaxed(at(951782400005)) == R"({"v": {"$date": "2000-02-29T00:00:00.005Z"}})");
    CHECK(relaxed(at(253402300799999)) == R"({"v": {"$date": "9999-12-31T23:59:59.999Z"}})");
    CHECK(relaxed(at(253402300800000)) ==
          R"({"v": {"$date": {"$numberLong": "253402300800000"}}})");
    CHECK(relaxed(at(std::numeric_limits<std::int64_t>::min())) ==
          R"({"v": {"$date": {"$numberLong": "-9223372036854775808"}}})");
}

TEST_CASE("text is UTF-8 with only quotes, backslashes and control characters escaped") {
    CHECK(relaxed("\"\\/\b\f\n\r\t\x01\x1f\x7f") ==
          "{\"v\": \"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"}");
    CHECK(relaxed("\u00e9\u2606\U0001F600") == "{\"v\": \"\u00e9\u2606\U0001F600\"}");
    CHECK(relaxed(std::string_view("a\0b", 3)) == R"({"v": "a\u0000b"})");
    CHECK(to_json(bson::document().append("\"k\"", 1)) == R"({"\"k\"": 1})");
}

TEST_CASE("the options of a regular expression are sorted whatever the bytes say") {
    const std::uint8_t bytes[] = {0x10, 0,   0, 0,   0x0B, 'a', 0, 'a',
                                  'b',  'c', 0, 'm', 'i',  'x', 0, 0};
    CHECK(to_json(document_view(bytes, sizeof bytes)) ==
          R"({"a": {"$regularExpression": {"pattern": "abc", "options": "imx"}}})");
}

TEST_CASE("indentation puts each element on a line and leaves type wrappers on theirs") {
    const auto document = from_json(
        R"({"a":[1,{"b":{"$minKey":1}}],"e":{},"f":[],"c":{"$code":"","$scope":{"x":1}}})");
    REQUIRE(document);
    CHECK(to_json(*document, json_options{.indent = 2}) ==
          "{\n"
          "  \"a\": [\n"
          "    1,\n"
          "    {\n"
          "      \"b\": {\"$minKey\": 1}\n"
          "    }\n"
          "  ],\n"
          "  \"e\": {},\n"
          "  \"f\": [],\n"
          "  \"c\": {\"$code\": \"\", \"$scope\": {\n"
          "    \"x\": 1\n"
          "  }}\n"
          "}");
}

TEST_CASE("arrays and single values are written alone") {
    const auto document = from_json(R"({"a": [1, {"b": 2.5}], "n": 7})").value();
    CHECK(to_json(document["a"]) == R"([1, {"b": 2.5}])");
    CHECK(to_json(document["a"].get<array_view>()) == R"([1, {"b": 2.5}])");
    CHECK(to_json(document["n"], json_mode::canonical) == R"({"$numberInt": "7"})");
    CHECK(try_to_json(document["none"]).error() == errc::key_not_found);
}

TEST_CASE("appending keeps what was there, also when it fails") {
    std::string text = "before ";
    REQUIRE(bson::append_json(text, bson::document().append("a", 1)));
    CHECK(text == R"(before {"a": 1})");
    const std::uint8_t bad[] = {0x0E, 0, 0, 0, 0x02, 'a', 0, 2, 0, 0, 0, 0xE9, 0, 0};
    const auto failed = bson::append_json(text, document_view(bad, sizeof bad));
    CHECK(failed.error() == errc::invalid_utf8);
    CHECK(text == R"(before {"a": 1})");
}

TEST_CASE("text or keys that are not UTF-8 are an error, not broken JSON") {
    const std::uint8_t value[] = {0x0E, 0, 0, 0, 0x02, 'a', 0, 2, 0, 0, 0, 0xE9, 0, 0};
    const auto failed = try_to_json(document_view(value, sizeof value));
    CHECK(failed.error() == errc::invalid_utf8);
    CHECK(failed.error().message() == "a: text that is not UTF-8");
    CHECK_THROWS_AS((void)to_json(document_view(value, sizeof value)), mongoro::exception);
    const std::uint8_t key[] = {0x08, 0, 0, 0, 0x0A, 0xE9, 0, 0};
    CHECK(try_to_json(document_view(key, sizeof key)).error() == errc::invalid_utf8);
}

TEST_CASE("malformed bytes are an error that names the element") {
    bson::document outer;
    outer.append("address", bson::document().append("zip", "12345"));
    std::vector<std::uint8_t> bytes(outer.bytes().begin(), outer.bytes().end());
    bytes[22] = 0x7F;  // the length of the string
    const auto failed = try_to_json(document_view(bytes.data(), bytes.size()));
    CHECK(failed.error() == errc::malformed_bson);
    CHECK(std::string(failed.error().message()).find("address.zip") == 0);
}

TEST_CASE("every cut and every changed byte of a document gives text or an error") {
    const auto document = from_json(R"({"a": [1, 2.5, {"$oid": "57e193d7a9cc81b4027498b5"}],
        "b": {"$binary": {"base64": "//8=", "subType": "02"}}, "c": {"$code": "f", "$scope": {"x": "y"}},
        "d": {"$dbPointer": {"$ref": "c", "$id": {"$oid": "57e193d7a9cc81b4027498b5"}}},
        "e": {"$regularExpression": {"pattern": "p", "options": "i"}}, "f": {"$numberDecimal": "1.5"}})")
                              .value();
    const std::vector<std::uint8_t> whole(document.bytes().begin(), document.bytes().end());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::vector<std::uint8_t> cut(whole.begin(),
                                            whole.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK_FALSE(try_to_json(document_view(cut.data(), cut.size())));
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (unsigned value = 0; value < 256; ++value) {
            auto changed = whole;
            changed[i] = static_cast<std::uint8_t>(value);
            const auto text = try_to_json(document_view(changed.data(), changed.size()));
            REQUIRE((text.has_value() || text.error().code()));
            if (text) {
                REQUIRE(text->front() == '{');
                REQUIRE(text->back() == '}');
            }
        }
    }
}

TEST_CASE("the depth of what is written has a limit") {
    CHECK(try_to_json(nested(200)));
    CHECK(try_to_json(nested(3), json_options{.max_depth = 3}));
    CHECK(try_to_json(nested(4), json_options{.max_depth = 3}).error() == errc::too_deep);
    // Deeper than the writer goes, by hand: 100,000 documents inside each other.
    std::vector<std::uint8_t> bytes{5, 0, 0, 0, 0};
    std::vector<std::uint8_t> deep;
    const std::size_t levels = 100000;
    for (std::size_t i = 0; i < levels; ++i) {
        const auto size = static_cast<std::uint32_t>(5 + 8 * (levels - 1 - i));
        for (unsigned shift = 0; shift < 32; shift += 8) {
            deep.push_back(static_cast<std::uint8_t>(size >> shift));
        }
        if (i + 1 < levels) {
            deep.insert(deep.end(), {0x03, 'd', 0});
        }
    }
    deep.insert(deep.end(), levels, 0);
    const document_view view(deep.data(), deep.size());
    CHECK(try_to_json(view).error() == errc::too_deep);
    CHECK(try_to_json(view, json_options{.max_depth = 1000000}).error() == errc::too_deep);
}

TEST_CASE("a locale with other digits changes nothing") {
    struct comma : std::numpunct<char> {
        char do_decimal_point() const override { return ','; }
        char do_thousands_sep() const override { return '.'; }
        std::string do_grouping() const override { return "\3"; }
    };
    const std::locale before = std::locale::global(std::locale(std::locale(), new comma));
    const auto text = to_json(from_json(R"({"a": 1234567.5, "b": 1234567})").value());
    std::locale::global(before);
    CHECK(text == R"({"a": 1234567.5, "b": 1234567})");
}
