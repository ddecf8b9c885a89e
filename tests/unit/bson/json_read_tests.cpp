#include <mongoro/bson/json.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

using namespace mongoro;
using bson::array_from_json;
using bson::json_parse_options;
using bson::json_syntax;
using bson::type;

namespace {

/// The value of `v` in `{"v": text}`.
struct one {
    explicit one(std::string_view text) : read(from_json("{\"v\": " + std::string(text) + "}")) {}
    [[nodiscard]] bson::value_view value() const {
        return read ? (*read)["v"] : bson::value_view{};
    }
    [[nodiscard]] bson::type kind() const { return value().type(); }

    result<document> read;
};

error error_of(std::string_view text) {
    return from_json(text).error();
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) {
        out += piece;
    }
    return out;
}

}  // namespace

TEST_CASE("whole numbers become the smallest type that holds them") {
    CHECK(one("0").kind() == type::int32);
    CHECK(one("-0").value().get<std::int32_t>() == 0);
    CHECK(one("2147483647").kind() == type::int32);
    CHECK(one("2147483648").kind() == type::int64);
    CHECK(one("-2147483648").kind() == type::int32);
    CHECK(one("-2147483649").kind() == type::int64);
    CHECK(one("9223372036854775807").value().get<std::int64_t>() ==
          std::numeric_limits<std::int64_t>::max());
    CHECK(one("9223372036854775808").kind() == type::double_);
    CHECK(one("9223372036854775808").value().get<double>() == 9223372036854775808.0);
    CHECK(one("-9223372036854775808").kind() == type::int64);
}

TEST_CASE("numbers with a fraction or an exponent become doubles") {
    CHECK(one("1.0").kind() == type::double_);
    CHECK(one("1e2").value().get<double>() == 100.0);
    CHECK(one("-1.5E-3").value().get<double>() == -0.0015);
    CHECK(one("5e-324").value().get<double>() == std::numeric_limits<double>::denorm_min());
    CHECK(one("1e-400").value().get<double>() == 0.0);
    CHECK(one("0.0000001e-399").value().get<double>() == 0.0);
    CHECK(one("0e999999999999").value().get<double>() == 0.0);
    CHECK(one("1" + std::string(400, '0') + "e-400").value().get<double>() == 1.0);
}

TEST_CASE("a number that its type cannot hold is out of range, never another value") {
    for (const auto* text :
         {"1e400", "-1e400", R"({"$numberInt": "2147483648"})", R"({"$numberInt": "-2147483649"})",
          R"({"$numberLong": "9223372036854775808"})", R"({"$numberDouble": "1e999"})",
          R"({"$timestamp": {"t": 4294967296, "i": 1}})", R"({"$timestamp": {"t": 1, "i": -1}})",
          R"({"$date": {"$numberLong": "9223372036854775808"}})"}) {
        CAPTURE(text);
        CHECK(one(text).read.error() == errc::out_of_range);
    }
    CHECK(one("1" + std::string(400, '0')).read.error() == errc::out_of_range);
}

TEST_CASE("what JSON does not have is refused") {
    for (const auto* text : {"",
                             " ",
                             "{",
                             "}",
                             "[]",
                             "1",
                             "\"a\"",
                             "null",
                             "{,}",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{\"a\" 1}",
                             "{\"a\":1,}",
                             "{\"a\":1 \"b\":2}",
                             "{a:1}",
                             "{'a':1}",
                             "{\"a\":1}}",
                             "{\"a\":1} x",
                             "{\"a\":[1,]}",
                             "{\"a\":[,]}",
                             "{\"a\":[1 2]}",
                             "{\"a\":[1}",
                             "{\"a\":01}",
                             "{\"a\":-}",
                             "{\"a\":+1}",
                             "{\"a\":.5}",
                             "{\"a\":1.}",
                             "{\"a\":1e}",
                             "{\"a\":1e+}",
                             "{\"a\":0x10}",
                             "{\"a\":1.5.2}",
                             "{\"a\":NaN}",
                             "{\"a\":Infinity}",
                             "{\"a\":True}",
                             "{\"a\":tru}",
                             "{\"a\":nulll}",
                             "{\"a\":undefined}",
                             "{\"a\":\"}",
                             "{\"a\":\"\\x\"}",
                             "{\"a\":\"\\u12\"}",
                             "{\"a\":\"\\u12g4\"}",
                             "{\"a\":\"\\u+123\"}",
                             "{\"a\":\"\t\"}",
                             "{\"a\":\"\\n\n\"}",
                             "// c\n{}",
                             "{/* c */}",
                             "{\"a\":1}\f",
                             "\xEF\xBB\xBF{}"}) {
        CAPTURE(text);
        CHECK(error_of(text) == errc::invalid_json);
    }
    CHECK(error_of(std::string_view("{\"a\":1}\0", 8)) == errc::invalid_json);
    CHECK(error_of(std::string_view("\0{}", 3)) == errc::invalid_json);
}

TEST_CASE("white space of JSON may stand anywhere between its words") {
    const auto read = from_json(
        " \t\r\n{ \"a\" : [ 1 , { \"$oid\" : \"57e193d7a9cc81b4027498b5\" } ] , \"b\" : { } }\n ");
    REQUIRE(read);
    CHECK(to_json(*read) == R"({"a": [1, {"$oid": "57e193d7a9cc81b4027498b5"}], "b": {}})");
}

TEST_CASE("escapes are decoded, surrogate pairs to one character") {
    CHECK(one(R"("\"\\\/\b\f\n\r\t")").value().get<std::string>() == "\"\\/\b\f\n\r\t");
    CHECK(one(R"("a\u00e9\u2606z")").value().get<std::string>() == "a\u00e9\u2606z");
    CHECK(one(R"("\ud83d\uDE00")").value().get<std::string>() == "\U0001F600");
    CHECK(one(R"("\uD800\uDC00\uDBFF\uDFFF")").value().get<std::string>() ==
          "\U00010000\U0010FFFF");
    CHECK(one(R"("a\u0000b")").value().get<std::string>() == std::string("a\0b", 3));
    CHECK(from_json(R"({"\u0061\"": 1})").value().contains("a\""));
}

TEST_CASE("half of a surrogate pair is refused") {
    for (const auto* text : {R"("\ud83d")", R"("\ud83dx")", R"("\ude00")", R"("\ud83d\n")",
                             R"("\ud83d\u0041")", R"("\ud83d\ud83d")", R"("\ud83d\u12")"}) {
        CAPTURE(text);
        CHECK(one(text).read.error() == errc::invalid_json);
    }
}

TEST_CASE("bytes that are not UTF-8 are refused at their place") {
    CHECK(error_of("{\"a\":\"\xE9\"}") == errc::invalid_utf8);
    CHECK(error_of("{\"a\":\"\xE9\"}").message() == "line 1, column 7: bytes that are not UTF-8");
    CHECK(error_of("{\"\xC3\xA9\":\n\"\xED\xA0\x80\"}").message() ==
          "line 2, column 2: bytes that are not UTF-8");
    for (const auto* bytes : {"\x80", "\xC0\x80", "\xC3", "\xE2\x98", "\xF4\x90\x80\x80", "\xF8"}) {
        CHECK(error_of("{\"a\":\"" + std::string(bytes) + "\"}") == errc::invalid_utf8);
    }
}

TEST_CASE("a NUL in a key or a regular expression is refused, in other text it is kept") {
    CHECK(error_of(R"({"a\u0000": 1})") == errc::embedded_nul);
    CHECK(error_of(R"({"a": {"b": 1, "\u0000": 1}})") == errc::embedded_nul);
    CHECK(one(R"({"$regularExpression": {"pattern": "\u0000", "options": ""}})").read.error() ==
          errc::embedded_nul);
    CHECK(one(R"({"$regularExpression": {"pattern": "", "options": "\u0000"}})").read.error() ==
          errc::embedded_nul);
    CHECK(one(R"({"$code": "a\u0000b"})").value().get<bson::code>().text() ==
          std::string("a\0b", 3));
    CHECK(one(R"({"$symbol": "\u0000"})").kind() == type::symbol);
}

TEST_CASE("errors say where and what was expected, and quote nothing") {
    CHECK(error_of("{\"a\" 1}").message() == "line 1, column 6: expected ':' after a key");
    CHECK(error_of("{\n  \"secret\": 1,\n  \"b\": @\n}").message() ==
          "line 3, column 8: expected a value");
    CHECK(error_of("{\"a\": [1, 2").message() == "line 1, column 12: expected ',' or ']'");
    CHECK(error_of("{\"a\": \"abc").message() ==
          "line 1, column 7: a string without its closing quote");
    CHECK(error_of(R"({"a": {"$oid": "secret"}})").message() ==
          "line 1, column 16: expected 24 hexadecimal digits in $oid");
    CHECK(error_of("{} {}").message() == "line 1, column 4: expected the end of the text");
    CHECK(error_of("[]").message() == "line 1, column 1: expected '{'");
}

TEST_CASE("type wrappers are read in any order of their keys") {
    CHECK(one(R"({"$binary": {"subType": "0", "base64": "AQI="}})").value().get<bson::binary>() ==
          bson::binary({1, 2}));
    CHECK(one(R"({"$timestamp": {"i": 1, "t": 2}})").value().get<bson::timestamp>() ==
          bson::timestamp{2, 1});
    CHECK(one(R"({"$scope": {"x": {"$code": "g"}}, "$code": "f"})").read.value() ==
          one(R"({"$code": "f", "$scope": {"x": {"$code": "g"}}})").read.value());
    CHECK(one(R"({"$regularExpression": {"options": "xi", "pattern": "p"}})")
              .value()
              .get<bson::regex>() == bson::regex("p", "ix"));
    CHECK(one(R"({"$uuid": "73FFD264-44b3-4c69-90e8-e7d1dfc035d4"})")
              .value()
              .get<bson::uuid>()
              .to_string() == "73ffd264-44b3-4c69-90e8-e7d1dfc035d4");
    CHECK(one(R"({"$oid": "57E193D7a9cc81b4027498b5"})").kind() == type::object_id);
    CHECK(one(R"({"$undefined": true})").kind() == type::undefined);
}

TEST_CASE("a wrapper with a key too many, too few, twice, or a value of another type is refused") {
    for (const auto* text :
         {R"({"$oid": "57e193d7a9cc81b4027498b5", "x": 1})",
          R"({"x": 1, "$oid": "57e193d7a9cc81b4027498b5"})",
          R"({"$oid": "57e193d7a9cc81b4027498b5", "$oid": "57e193d7a9cc81b4027498b5"})",
          R"({"$oid": "57e193d7a9cc81b4027498b"})",
          R"({"$oid": "57e193d7a9cc81b4027498bx"})",
          R"({"$oid": {}})",
          R"({"$oid"})",
          R"({"$symbol": 1})",
          R"({"$symbol": "a", "b": 1})",
          R"({"$numberInt": 1})",
          R"({"$numberInt": ""})",
          R"({"$numberInt": " 1"})",
          R"({"$numberInt": "+1"})",
          R"({"$numberInt": "1.0"})",
          R"({"$numberInt": "-"})",
          R"({"$numberLong": "1e3"})",
          R"({"$numberLong": 1})",
          R"({"$numberDouble": "inf"})",
          R"({"$numberDouble": "nan"})",
          R"({"$numberDouble": "0x1p3"})",
          R"({"$numberDouble": "1,5"})",
          R"({"$numberDouble": "."})",
          R"({"$numberDouble": "1e"})",
          R"({"$numberDouble": ""})",
          R"({"$numberDecimal": "x"})",
          R"({"$numberDecimal": "1\u00002"})",
          R"({"$numberDecimal": 1})",
          R"({"$binary": "AQI=", "$type": "00"})",
          R"({"$binary": {"base64": "AQI="}})",
          R"({"$binary": {"base64": "AQI=", "base64": "AQI="}})",
          R"({"$binary": {"base64": "AQI=", "subType": "00", "x": 1}})",
          R"({"$binary": {"base64": "AQI", "subType": "00"}})",
          R"({"$binary": {"base64": "AQJ=", "subType": "00"}})",
          R"({"$binary": {"base64": "AQ=I", "subType": "00"}})",
          R"({"$binary": {"base64": "A===", "subType": "00"}})",
          R"({"$binary": {"base64": "====", "subType": "00"}})",
          R"({"$binary": {"base64": "AQ I=", "subType": "00"}})",
          R"({"$binary": {"base64": "AQ-_", "subType": "00"}})",
          R"({"$binary": {"base64": "", "subType": "100"}})",
          R"({"$binary": {"base64": "", "subType": ""}})",
          R"({"$binary": {"base64": "", "subType": "g"}})",
          R"({"$binary": {}})",
          R"({"$code": 1})",
          R"({"$code": "", "x": 1})",
          R"({"$code": "", "$scope": {}, "x": 1})",
          R"({"$code": "", "$scope": 1})",
          R"({"$code": "", "$scope": {"$minKey": 1}})",
          R"({"$scope": {}})",
          R"({"$scope": {}, "$scope": {}})",
          R"({"$code": "", "$code": ""})",
          R"({"$timestamp": 1})",
          R"({"$timestamp": {"t": 1}})",
          R"({"$timestamp": {"t": 1.5, "i": 1}})",
          R"({"$timestamp": {"t": "1", "i": 1}})",
          R"({"$timestamp": {"t": 1, "i": 1}, "x": 1})",
          R"({"$regularExpression": {"pattern": "a"}})",
          R"({"$regularExpression": "a"})",
          R"({"$regularExpression": {"pattern": "a", "options": 1}})",
          R"({"$dbPointer": {"$ref": "a", "$id": "57e193d7a9cc81b4027498b5"}})",
          R"({"$dbPointer": {"$ref": "a", "$id": {"$oid": "57e193d7a9cc81b4027498b5", "x": 1}}})",
          R"({"$dbPointer": {"$ref": "a"}})",
          R"({"$date": 42})",
          R"({"$date": {"$numberInt": "1"}})",
          R"({"$date": {"$numberLong": 1}})",
          R"({"$date": {"$numberLong": "1", "x": 1}})",
          R"({"$date": null})",
          R"({"$minKey": true})",
          R"({"$minKey": 0})",
          R"({"$minKey": 1.0})",
          R"({"$maxKey": "1"})",
          R"({"$maxKey": {"$numberInt": "1"}})",
          R"({"$undefined": false})",
          R"({"$undefined": 1})",
          R"({"$uuid": "73ffd26444b34c6990e8e7d1dfc035d4x"})",
          R"({"$uuid": 1})"}) {
        CAPTURE(text);
        CHECK(one(text).read.error() == errc::invalid_json);
        // Inside an array the same holds.
        CHECK_FALSE(array_from_json("[" + std::string(text) + "]"));
    }
}

TEST_CASE("dates are RFC 3339 with at most milliseconds, of any year") {
    const auto milliseconds = [](std::string_view text) {
        const one read("{\"$date\": \"" + std::string(text) + "\"}");
        return read.value().get<bson::date>().time_since_epoch().count();
    };
    CHECK(milliseconds("1970-01-01T00:00:00Z") == 0);
    CHECK(milliseconds("2012-12-24T12:15:30.501Z") == 1356351330501);
    CHECK(milliseconds("2012-12-24t12:15:30.5z") == 1356351330500);
    CHECK(milliseconds("2012-12-24T13:15:30.501+01:00") == 1356351330501);
    CHECK(milliseconds("2012-12-24T06:45:30.501-05:30") == 1356351330501);
    CHECK(milliseconds("1969-12-31T23:59:59.999Z") == -1);
    CHECK(milliseconds("0000-01-01T00:00:00Z") == -62167219200000);
    CHECK(milliseconds("9999-12-31T23:59:59.999Z") == 253402300799999);
    CHECK(milliseconds("2000-02-29T00:00:00Z") == 951782400000);
    for (const auto* text : {"",
                             "2012-12-24",
                             "2012-12-24T12:15Z",
                             "2012-12-24T12:15:30",
                             "2012-12-24 12:15:30Z",
                             "2012-13-24T12:15:30Z",
                             "2012-00-24T12:15:30Z",
                             "2012-02-30T12:15:30Z",
                             "1900-02-29T12:15:30Z",
                             "2012-12-24T24:15:30Z",
                             "2012-12-24T12:60:30Z",
                             "2012-12-24T12:15:60Z",
                             "2012-12-24T12:15:30.Z",
                             "2012-12-24T12:15:30.1234Z",
                             "2012-12-24T12:15:30+0100",
                             "2012-12-24T12:15:30+24:00",
                             "2012-12-24T12:15:30+01:60",
                             "2012-12-24T12:15:30Zx",
                             "12012-12-24T12:15:30Z",
                             "-012-12-24T12:15:30Z"}) {
        CAPTURE(text);
        CHECK(one("{\"$date\": \"" + std::string(text) + "\"}").read.error() == errc::invalid_json);
    }
}

TEST_CASE("at the top, and where keys belong to no wrapper, dollars stay as they are") {
    for (
        const auto* text :
        {R"({"$oid": "57e193d7a9cc81b4027498b5"})", R"({"$date": 42, "$code": 1})",
         R"({"v": {"$set": {"a": 1}, "$unknown": 2}})", R"({"v": {"$ref": 1, "$id": 2}})",
         R"({"v": {"$ref": "c"}})", R"({"v": {"$type": "string"}})", R"({"$": 1})",
         R"({"v": {"$regex": {"$regularExpression": {"pattern": "a", "options": ""}}, "$options": "i"}})"}) {
        CAPTURE(text);
        const auto read = from_json(text);
        REQUIRE(read);
        CHECK(to_json(*read) == text);
    }
}

TEST_CASE("plain syntax takes wrappers for documents") {
    const json_parse_options plain{.syntax = json_syntax::plain};
    for (const auto* text :
         {R"({"v": {"$oid": 1, "x": [{"$date": 42}]}})", R"({"v": {"x": 1, "$oid": 2}})"}) {
        const auto read = from_json(text, plain);
        REQUIRE(read);
        CHECK(to_json(*read) == text);
    }
    CHECK_FALSE(from_json("{\"v\": 01}", plain));
}

TEST_CASE("repeated keys of a document are kept in their order") {
    const auto read = from_json(R"({"a": 1, "b": 2, "a": 3})");
    REQUIRE(read);
    CHECK(to_json(*read) == R"({"a": 1, "b": 2, "a": 3})");
}

TEST_CASE("an array is read alone, with its elements numbered") {
    const auto read = array_from_json(R"([1, {"$minKey": 1}, [], {"a": 2}])");
    REQUIRE(read);
    CHECK(to_json(read->view()) == R"([1, {"$minKey": 1}, [], {"a": 2}])");
    CHECK(to_json(read->view().as_document()) ==
          R"({"0": 1, "1": {"$minKey": 1}, "2": [], "3": {"a": 2}})");
    CHECK(array_from_json("[]").value().empty());
    CHECK(array_from_json("{}").error() == errc::invalid_json);
    CHECK(array_from_json("[] []").error() == errc::invalid_json);
    const auto many = array_from_json("[" + repeated("7,", 1100) + "7]");
    REQUIRE(many);
    CHECK(many->count() == 1101);
    CHECK(many->view().as_document().contains("1100"));
}

TEST_CASE("two hundred levels are read, one more is too deep") {
    const auto objects = [](std::size_t n) {
        return repeated("{\"a\":", n - 1) + "{}" + repeated("}", n - 1);
    };
    const auto arrays = [](std::size_t n) {
        return "{\"a\":" + repeated("[", n - 1) + repeated("]", n - 1) + "}";
    };
    const auto scopes = [](std::size_t n) {
        return "{\"a\":" + repeated("{\"$code\":\"\",\"$scope\":{\"a\":", n) + "1" +
               repeated("}}", n) + "}";
    };
    CHECK(from_json(objects(200)));
    CHECK(error_of(objects(201)) == errc::too_deep);
    CHECK(from_json(arrays(200)));
    CHECK(error_of(arrays(201)) == errc::too_deep);
    CHECK(from_json(scopes(99)));
    CHECK(error_of(scopes(100)) == errc::too_deep);
    CHECK(error_of(repeated("{\"a\":", 1000000)) == errc::too_deep);
    CHECK(array_from_json(repeated("[", 1000000)).error() == errc::too_deep);
    CHECK(from_json(objects(5), {.max_depth = 5}));
    CHECK(from_json(objects(6), {.max_depth = 5}).error() == errc::too_deep);
    // A larger limit does not reach past what BSON's writer allows, nor to the end of the stack.
    CHECK(from_json(objects(100000), {.max_depth = 1000000}).error() == errc::too_deep);
    CHECK(from_json(scopes(100000), {.max_depth = 1000000}).error() == errc::too_deep);
}

TEST_CASE(
    "every beginning of a text is refused and every changed character is no more than an error") {
    const std::string text =
        R"({"a": [1, -2.5e3, "x\u00e9\ud83d\ude00"], "b": {"$binary": {"base64": "AQI=", "subType": "80"}},)"
        R"("c": {"$code": "f", "$scope": {}}, "d": {"$date": "2012-12-24T12:15:30.501+01:00"}, "e": {"$timestamp": {"t": 1, "i": 2}}})";
    REQUIRE(from_json(text));
    for (std::size_t size = 0; size < text.size(); ++size) {
        // Copied, so that a read behind the end is seen by the sanitizers.
        const std::string cut(text, 0, size);
        CHECK_FALSE(from_json(std::string_view(cut)));
    }
    std::mt19937_64 random(7);
    constexpr std::string_view likely = "{}[]:,\"\\$u0159-+.eEtrufalsn= \x01\xC3\xA9";
    for (int i = 0; i < 20000; ++i) {
        std::string changed = text;
        for (auto n = 1 + random() % 3; n > 0; --n) {
            const auto place = random() % changed.size();
            changed[place] = likely[random() % likely.size()];
        }
        const auto read = from_json(changed);
        if (read) {
            const auto again = from_json(to_json(*read, json_mode::canonical));
            REQUIRE(again);
            REQUIRE(*again == *read);
        } else {
            REQUIRE(read.error().message().starts_with("line 1, column "));
        }
    }
}
