#include <doctest/doctest.h>

#include "unified/failure.hpp"
#include "unified/matcher.hpp"

#include <mongoro/bson/document.hpp>
#include <mongoro/bson/json.hpp>
#include <mongoro/bson/value.hpp>
#include <mongoro/error.hpp>

#include <string>
#include <string_view>

using namespace mongoro;
using namespace mongoro::spec::unified;

namespace {

document parsed(std::string_view text) {
    return bson::from_json(text).value();
}

/// Whether the value matches, with the names of `named`.
class names final : public named_values {
 public:
    [[nodiscard]] bson::value_view value(std::string_view name) const override {
        if (name != "known") {
            throw test_failure("unknown");
        }
        return known_["v"];
    }
    [[nodiscard]] bson::document_view session_id(std::string_view /*name*/) const override {
        return id_;
    }

 private:
    document known_ = parsed(R"({"v": {"x": 1}})");
    document id_ = parsed(R"({"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}})");
};

std::string mismatch(std::string_view expected, std::string_view actual,
                     matcher::level at = matcher::level::root) {
    const names known;
    return matcher(&known).mismatch(parsed(expected), parsed(actual), at);
}

bool matches(std::string_view expected, std::string_view actual,
             matcher::level at = matcher::level::root) {
    return mismatch(expected, actual, at).empty();
}

}  // namespace

TEST_CASE("numbers match by their value, whatever their types are") {
    CHECK(matches(R"({"x": 1})", R"({"x": 1.0})"));
    CHECK(matches(R"({"x": 1})", R"({"x": {"$numberLong": "1"}})"));
    CHECK(matches(R"({"x": {"$numberDouble": "2.0"}})", R"({"x": {"$numberLong": "2"}})"));
    CHECK_FALSE(matches(R"({"x": 1})", R"({"x": 1.5})"));
    CHECK_FALSE(matches(R"({"x": 1})", R"({"x": {"$numberDecimal": "1"}})"));
    CHECK_FALSE(matches(R"({"x": 1})", R"({"x": "1"})"));
    CHECK_FALSE(matches(R"({"x": 1})", R"({"x": true})"));
    // Too large for a double to tell them apart.
    CHECK_FALSE(matches(R"({"x": {"$numberLong": "9007199254740993"}})",
                        R"({"x": {"$numberLong": "9007199254740992"}})"));
}

TEST_CASE("a root may have more fields than expected, a nested document may not") {
    CHECK(matches(R"({"x": 1})", R"({"x": 1, "y": 1})"));
    CHECK_FALSE(matches(R"({"x": 1})", R"({"x": 1, "y": 1})", matcher::level::nested));
    CHECK_FALSE(matches(R"({"x": {"y": 1}})", R"({"x": {"y": 1, "z": 1}})"));
    CHECK_FALSE(matches(R"({"x": 1, "y": 1})", R"({"x": 1})"));
    CHECK(matches(R"({"x": 1, "y": {"a": 1, "b": 2}})", R"({"y": {"b": 2, "a": 1}, "x": 1})"));
}

TEST_CASE("a document that has a key twice matches nothing") {
    CHECK_FALSE(matches(R"({"x": 1})", R"({"x": 1, "x": 1})"));
    CHECK_FALSE(matches(R"({"x": {"y": 1}})", R"({"x": {"y": 1, "y": 2}})"));
    CHECK_FALSE(matches(R"({"x": 1})", R"({"x": 1, "z": 1, "z": 2})"));
}

TEST_CASE("arrays have the same elements in their order") {
    CHECK(matches(R"({"x": [1, {"y": 2}]})", R"({"x": [1, {"y": 2}]})"));
    CHECK_FALSE(matches(R"({"x": [1, 2]})", R"({"x": [1, 2, 3]})"));
    CHECK_FALSE(matches(R"({"x": [1, 2]})", R"({"x": [2, 1]})"));
    CHECK_FALSE(matches(R"({"x": [{"y": 1}]})", R"({"x": [{"y": 1, "z": 1}]})"));
    CHECK_FALSE(matches(R"({"x": [1]})", R"({"x": {"0": 1}})"));
}

TEST_CASE("what a cursor gave is an array of roots") {
    const auto expected = parsed(R"({"v": [{"x": 1}]})");
    const auto more = parsed(R"({"v": [{"x": 1, "y": 1}]})");
    const auto other = parsed(R"({"v": [{"x": 2}]})");
    const matcher by;
    CHECK(by.mismatch_each(expected["v"], more["v"]).empty());
    CHECK_FALSE(by.mismatch(expected["v"], more["v"]).empty());
    CHECK_FALSE(by.mismatch_each(expected["v"], other["v"]).empty());
    CHECK_FALSE(by.mismatch_each(expected["v"], bson::value_view()).empty());
}

TEST_CASE("$$exists says whether there is a field, null or not") {
    CHECK(matches(R"({"x": {"$$exists": true}})", R"({"x": null})"));
    CHECK_FALSE(matches(R"({"x": {"$$exists": true}})", R"({})"));
    CHECK(matches(R"({"x": {"$$exists": false}})", R"({"y": 1})"));
    CHECK_FALSE(matches(R"({"x": {"$$exists": false}})", R"({"x": null})"));
    CHECK(matches(R"({"a": {"x": {"$$exists": false}, "y": 1}})", R"({"a": {"y": 1}})"));
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$exists": 1}})", R"({"x": 1})"), exception);
}

TEST_CASE("$$type takes one name or several") {
    CHECK(matches(R"({"x": {"$$type": "string"}})", R"({"x": "a"})"));
    CHECK(matches(R"({"x": {"$$type": ["int", "long"]}})", R"({"x": {"$numberLong": "1"}})"));
    CHECK(matches(R"({"x": {"$$type": "number"}})", R"({"x": {"$numberDecimal": "1"}})"));
    CHECK(matches(R"({"x": {"$$type": "array"}})", R"({"x": ["a"]})"));
    CHECK_FALSE(matches(R"({"x": {"$$type": "string"}})", R"({"x": ["a"]})"));
    CHECK_FALSE(matches(R"({"x": {"$$type": ["int", "long"]}})", R"({"x": 1.5})"));
    CHECK_FALSE(matches(R"({"x": {"$$type": "double"}})", R"({})"));
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$type": "float"}})", R"({"x": 1})"), test_failure);
}

TEST_CASE("$$unsetOrMatches takes nothing, or what is expected, and stays at its level") {
    CHECK(matches(R"({"x": {"$$unsetOrMatches": 1}})", R"({})"));
    CHECK(matches(R"({"x": {"$$unsetOrMatches": 1}})", R"({"x": 1})"));
    CHECK_FALSE(matches(R"({"x": {"$$unsetOrMatches": 1}})", R"({"x": 2})"));
    CHECK_FALSE(matches(R"({"x": {"$$unsetOrMatches": 1}})", R"({"x": null})"));
    CHECK(matches(R"({"$$unsetOrMatches": {"x": 1}})", R"({"x": 1, "y": 1})"));
    CHECK_FALSE(matches(R"({"a": {"$$unsetOrMatches": {"x": 1}}})", R"({"a": {"x": 1, "y": 1}})"));
    CHECK(
        matches(R"({"x": {"$$unsetOrMatches": {"y": {"$$unsetOrMatches": 1}}}})", R"({"x": {}})"));
}

TEST_CASE("$$matchesEntity stands for what a name has") {
    CHECK(matches(R"({"x": {"$$matchesEntity": "known"}})", R"({"x": {"x": 1}})"));
    CHECK_FALSE(matches(R"({"x": {"$$matchesEntity": "known"}})", R"({"x": {"x": 2}})"));
    CHECK_FALSE(matches(R"({"x": {"$$matchesEntity": "known"}})", R"({"x": {"x": 1, "y": 1}})"));
    CHECK(matches(R"({"$$matchesEntity": "known"})", R"({"x": 1, "y": 1})"));
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$matchesEntity": "other"}})", R"({"x": 1})"),
                    test_failure);
    const auto expected = parsed(R"({"v": {"$$matchesEntity": "known"}})");
    CHECK_THROWS_AS((void)matcher().mismatch(expected["v"], expected["v"]), test_failure);
}

TEST_CASE("$$sessionLsid is the whole id of a session") {
    constexpr std::string_view expected = R"({"lsid": {"$$sessionLsid": "session0"}})";
    CHECK(matches(expected,
                  R"({"lsid": {"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}}})"));
    CHECK_FALSE(matches(expected,
                        R"({"lsid": {"id": {"$uuid": "10112233-4455-6677-8899-aabbccddeeff"}}})"));
    CHECK_FALSE(matches(expected, R"({})"));
}

TEST_CASE("$$matchesHexBytes compares a string's bytes") {
    CHECK(matches(R"({"x": {"$$matchesHexBytes": "41fF"}})", "{\"x\": \"A\xC3\xBF\"}") == false);
    CHECK(matches(R"({"x": {"$$matchesHexBytes": "4142"}})", R"({"x": "AB"})"));
    CHECK(matches(R"({"x": {"$$matchesHexBytes": ""}})", R"({"x": ""})"));
    CHECK_FALSE(matches(R"({"x": {"$$matchesHexBytes": "41"}})", R"({"x": 41})"));
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$matchesHexBytes": "4"}})", R"({"x": "A"})"),
                    test_failure);
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$matchesHexBytes": "4g"}})", R"({"x": "A"})"),
                    test_failure);
}

TEST_CASE("$$lte compares numbers of any type") {
    CHECK(matches(R"({"x": {"$$lte": 1}})", R"({"x": 1.0})"));
    CHECK(matches(R"({"x": {"$$lte": 1}})", R"({"x": {"$numberLong": "0"}})"));
    CHECK_FALSE(matches(R"({"x": {"$$lte": 1}})", R"({"x": 1.1})"));
    CHECK_FALSE(matches(R"({"x": {"$$lte": 1}})", R"({"x": "1"})"));
    CHECK_FALSE(matches(R"({"x": {"$$lte": 1}})", R"({})"));
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$lte": "1"}})", R"({"x": 1})"), test_failure);
}

TEST_CASE("$$matchAsDocument reads Extended JSON, $$matchAsRoot allows more fields") {
    CHECK(matches(R"({"x": {"$$matchAsDocument": {"y": 1}}})", R"({"x": "{\"y\": 1}"})"));
    CHECK_FALSE(
        matches(R"({"x": {"$$matchAsDocument": {"y": 1}}})", R"({"x": "{\"y\": 1, \"z\": 1}"})"));
    CHECK(matches(R"({"x": {"$$matchAsDocument": {"$$matchAsRoot": {"y": 1}}}})",
                  R"({"x": "{\"y\": 1, \"z\": 1}"})"));
    CHECK(matches(R"({"x": {"$$matchAsDocument": {"y": {"$$exists": false}}}})", R"({"x": "{}"})"));
    for (const std::string_view wrong : {R"({"x": "1"})", R"({"x": "[ \"a\" ]"})",
                                         R"({"x": "{ \"y\" }"})", R"({"x": {"y": 1}})", R"({})"}) {
        CHECK_FALSE(matches(R"({"x": {"$$matchAsDocument": {"y": 1}}})", wrong));
    }
    CHECK(matches(R"({"x": {"$$matchAsRoot": {"y": 1}}})", R"({"x": {"y": 1, "z": 1}})"));
    CHECK_FALSE(matches(R"({"x": {"$$matchAsRoot": {"y": 2}}})", R"({"x": {"y": 1, "z": 1}})"));
    CHECK_FALSE(matches(R"({"x": {"$$matchAsRoot": {"y": 1}}})", R"({"x": 1})"));
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$matchAsRoot": 1}})", R"({"x": 1})"), test_failure);
}

TEST_CASE("an operator is the only key of its document, and one that the format has") {
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$eq": 1}})", R"({"x": 1})"), test_failure);
    CHECK_THROWS_AS((void)matches(R"({"x": {"$$placeholder": 1}})", R"({"x": 1})"), test_failure);
    CHECK(matches(R"({"x": {"$$eq": 1, "y": 2}})", R"({"x": {"$$eq": 1, "y": 2}})"));
}

TEST_CASE("a mismatch says where it is and what was there") {
    CHECK(mismatch(R"({"a": {"b": [1, 2]}})", R"({"a": {"b": [1, 3]}})") ==
          "a: b: 1: got 3, wanted 2");
    CHECK(mismatch(R"({"a": 1})", R"({})") == "a: is not there");
}

TEST_CASE("a difference is of types too, but not of the order of keys") {
    const auto differs = [](std::string_view a, std::string_view b) {
        return !difference(parsed(a), parsed(b)).empty();
    };
    CHECK_FALSE(
        differs(R"({"x": 1, "y": {"a": 1, "b": 2}})", R"({"y": {"b": 2, "a": 1}, "x": 1})"));
    CHECK(differs(R"({"x": 1})", R"({"x": 1.0})"));
    CHECK(differs(R"({"x": 1})", R"({"x": 1, "y": 1})"));
    CHECK(differs(R"({"x": 1, "y": 1})", R"({"x": 1, "z": 1})"));
    CHECK(differs(R"({"x": [1, 2]})", R"({"x": [2, 1]})"));
    CHECK_FALSE(differs(R"({"x": {"$code": "f", "$scope": {"a": 1, "b": 2}}})",
                        R"({"x": {"$code": "f", "$scope": {"b": 2, "a": 1}}})"));
    CHECK(differs(R"({"x": {"$code": "f", "$scope": {"a": 1}}})",
                  R"({"x": {"$code": "g", "$scope": {"a": 1}}})"));
}
