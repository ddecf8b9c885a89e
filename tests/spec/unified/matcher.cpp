#include "unified/matcher.hpp"

#include "hex.hpp"
#include "unified/failure.hpp"

#include <mongoro/bson/document.hpp>
#include <mongoro/bson/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::spec::unified {

namespace {

using bson::array_view;
using bson::document_view;
using bson::value_view;

std::string shortened(std::string text) {
    constexpr std::size_t longest = 400;
    if (text.size() > longest) {
        text.resize(longest);
        text += "…";
    }
    return text;
}

/// The one element of a document that is an operator: `{$$exists: true}`.
std::optional<bson::element> operator_of(const value_view& value) {
    if (value.type() != bson::type::document) {
        return std::nullopt;
    }
    const auto first = value.begin();
    if (first == value.end() || !(*first).key().starts_with("$$")) {
        return std::nullopt;
    }
    auto second = first;
    ++second;
    return second == value.end() ? std::optional(*first) : std::nullopt;
}

bool is_flexible_number(bson::type t) {
    return t == bson::type::int32 || t == bson::type::int64 || t == bson::type::double_;
}

// An int64 is compared as one where both are: a double cannot tell all of them apart.
template <typename Compare>
bool compare_numbers(const value_view& a, const value_view& b, Compare compare) {
    if (a.type() == bson::type::double_ || b.type() == bson::type::double_) {
        const auto number = [](const value_view& v) {
            return v.type() == bson::type::double_ ? v.get<double>()
                                                   : static_cast<double>(v.get<std::int64_t>());
        };
        return compare(number(a), number(b));
    }
    return compare(a.get<std::int64_t>(), b.get<std::int64_t>());
}

/// The names of the query operator $type.
constexpr std::array<std::pair<std::string_view, bson::type>, 21> type_aliases{{
    {"double", bson::type::double_},
    {"string", bson::type::string},
    {"object", bson::type::document},
    {"array", bson::type::array},
    {"binData", bson::type::binary},
    {"undefined", bson::type::undefined},
    {"objectId", bson::type::object_id},
    {"bool", bson::type::boolean},
    {"date", bson::type::date},
    {"null", bson::type::null},
    {"regex", bson::type::regex},
    {"dbPointer", bson::type::db_pointer},
    {"javascript", bson::type::code},
    {"symbol", bson::type::symbol},
    {"javascriptWithScope", bson::type::code_with_scope},
    {"int", bson::type::int32},
    {"timestamp", bson::type::timestamp},
    {"long", bson::type::int64},
    {"decimal", bson::type::decimal128},
    {"minKey", bson::type::min_key},
    {"maxKey", bson::type::max_key},
}};

bool is_of_type(std::string_view name, bson::type t) {
    if (name == "number") {
        return is_flexible_number(t) || t == bson::type::decimal128;
    }
    const auto* const found =
        std::ranges::find(type_aliases, name, &std::pair<std::string_view, bson::type>::first);
    if (found == type_aliases.end()) {
        throw test_failure("$$type has no type " + std::string(name));
    }
    return found->second == t;
}

bool matches_type(const value_view& operand, bson::type t) {
    if (operand.type() != bson::type::array) {
        return is_of_type(operand.get<std::string_view>(), t);
    }
    bool found = false;
    for (const auto& name : operand) {
        found = is_of_type(name.value().get<std::string_view>(), t) || found;
    }
    return found;
}

std::string of_hex_bytes(const value_view& operand, const value_view& actual) {
    std::vector<std::uint8_t> wanted;
    try {
        wanted = from_hex(operand.get<std::string_view>());
    } catch (const std::exception& e) {
        throw test_failure(std::string("$$matchesHexBytes with ") + e.what());
    }
    if (actual.type() != bson::type::string) {
        return "got " + shown(actual) + ", wanted bytes";
    }
    const auto text = actual.get<std::string_view>();
    const auto same = [](char c, std::uint8_t byte) {
        return static_cast<std::uint8_t>(c) == byte;
    };
    return std::ranges::equal(text, wanted, same) ? "" : "other bytes";
}

std::string below(std::string_view key, const std::string& mismatch) {
    return mismatch.empty() ? "" : std::string(key) + ": " + mismatch;
}

}  // namespace

std::string shown(const value_view& value) {
    return value.exists() ? shortened(bson::to_json(value)) : "nothing";
}

std::string shown(document_view value) {
    return shortened(bson::to_json(value));
}

std::string matcher::mismatch(document_view expected, document_view actual, level at) const {
    bson::document e;
    e.append("v", expected);
    bson::document a;
    a.append("v", actual);
    return mismatch(e["v"], a["v"], at);
}

std::string matcher::mismatch(const value_view& expected, const value_view& actual,
                              level at) const {
    if (const auto special = operator_of(expected)) {
        return of_operator(special->key(), special->value(), actual, at);
    }
    if (!actual.exists()) {
        return "is not there";
    }
    if (is_flexible_number(expected.type()) && is_flexible_number(actual.type())) {
        const bool same = compare_numbers(expected, actual, [](auto a, auto b) { return a == b; });
        return same ? "" : "got " + shown(actual) + ", wanted " + shown(expected);
    }
    if (expected.type() != actual.type()) {
        return "got " + shown(actual) + ", wanted " + shown(expected);
    }
    if (expected.type() == bson::type::array) {
        return of_array(expected, actual, level::nested);
    }
    if (expected.type() != bson::type::document) {
        return difference(actual, expected);
    }
    std::set<std::string_view> keys;
    for (const auto& got : actual) {
        if (!keys.insert(got.key()).second) {
            return "has " + std::string(got.key()) + " twice";
        }
    }
    for (const auto& wanted : expected) {
        const auto why = mismatch(wanted.value(), actual[wanted.key()]);
        if (!why.empty()) {
            return below(wanted.key(), why);
        }
    }
    if (at == level::nested) {
        for (const auto& got : actual) {
            if (!expected[got.key()].exists()) {
                return "has " + std::string(got.key()) + ", which is not expected";
            }
        }
    }
    return {};
}

std::string matcher::mismatch_each(const value_view& expected, const value_view& actual) const {
    if (expected.type() == bson::type::array && actual.type() == bson::type::array) {
        return of_array(expected, actual, level::root);
    }
    return mismatch(expected, actual);
}

std::string matcher::of_array(const value_view& expected, const value_view& actual,
                              level elements) const {
    const auto wanted = expected.get<array_view>();
    const auto got = actual.get<array_view>();
    if (wanted.count() != got.count()) {
        return "has " + std::to_string(got.count()) + " elements, wanted " +
               std::to_string(wanted.count()) + ": " + shown(actual);
    }
    auto at = got.begin();
    for (const auto& each : wanted) {
        const auto why = mismatch(each.value(), (*at).value(), elements);
        if (!why.empty()) {
            return below(each.key(), why);
        }
        ++at;
    }
    return {};
}

std::string matcher::of_operator(std::string_view name, const value_view& operand,
                                 const value_view& actual, level at) const {
    if (name == "$$exists") {
        if (operand.get<bool>() == actual.exists()) {
            return {};
        }
        return actual.exists() ? "is there: " + shown(actual) : "is not there";
    }
    if (name == "$$unsetOrMatches") {
        return actual.exists() ? mismatch(operand, actual, at) : "";
    }
    if (name == "$$matchesEntity" || name == "$$sessionLsid") {
        const auto of = operand.get<std::string_view>();
        if (names_ == nullptr) {
            throw test_failure(std::string(name) + " where nothing has a name");
        }
        if (name == "$$matchesEntity") {
            return mismatch(names_->value(of), actual, at);
        }
        const auto id = names_->session_id(of);
        return actual.type() == bson::type::document
                   ? difference(actual.get<document_view>(), id)
                   : "got " + shown(actual) + ", wanted a session id";
    }
    if (name == "$$type") {
        const bool right = matches_type(operand, actual.type());
        return actual.exists() && right
                   ? ""
                   : "got " + shown(actual) + ", wanted type " + shown(operand);
    }
    if (name == "$$lte") {
        if (!is_flexible_number(operand.type())) {
            throw test_failure("$$lte with " + shown(operand));
        }
        const bool right = is_flexible_number(actual.type()) &&
                           compare_numbers(actual, operand, [](auto a, auto b) { return a <= b; });
        return right ? "" : "got " + shown(actual) + ", wanted at most " + shown(operand);
    }
    if (name == "$$matchesHexBytes") {
        return of_hex_bytes(operand, actual);
    }
    if (name == "$$matchAsRoot") {
        if (operand.type() != bson::type::document) {
            throw test_failure("$$matchAsRoot with " + shown(operand));
        }
        return mismatch(operand, actual, level::root);
    }
    if (name == "$$matchAsDocument") {
        if (actual.type() != bson::type::string) {
            return "got " + shown(actual) + ", wanted Extended JSON";
        }
        const auto parsed = bson::from_json(actual.get<std::string_view>());
        if (!parsed) {
            return "got " + shown(actual) + ", which is no Extended JSON of a document";
        }
        bson::document holder;
        holder.append("v", *parsed);
        return mismatch(operand, holder["v"]);
    }
    throw test_failure("the operator " + std::string(name) + " cannot stand here");
}

std::string difference(const value_view& a, const value_view& b) {
    const auto differ = [&] { return "got " + shown(a) + ", wanted " + shown(b); };
    if (a.type() != b.type() || a.exists() != b.exists()) {
        return differ();
    }
    if (a.type() == bson::type::document) {
        return difference(a.get<document_view>(), b.get<document_view>());
    }
    if (a.type() == bson::type::array) {
        if (a.get<array_view>().count() != b.get<array_view>().count()) {
            return differ();
        }
        for (const auto& each : a) {
            if (auto why = difference(each.value(), b[each.key()]); !why.empty()) {
                return below(each.key(), why);
            }
        }
        return {};
    }
    if (a.type() == bson::type::code_with_scope) {
        const auto x = a.get<bson::code_with_scope_view>();
        const auto y = b.get<bson::code_with_scope_view>();
        return x.code == y.code ? difference(x.scope, y.scope) : differ();
    }
    return a == b ? "" : differ();
}

std::string difference(document_view a, document_view b) {
    if (a.count() != b.count()) {
        return "got " + shown(a) + ", wanted " + shown(b);
    }
    for (const auto& each : a) {
        if (auto why = difference(each.value(), b[each.key()]); !why.empty()) {
            return below(each.key(), why);
        }
    }
    return {};
}

}  // namespace mongoro::spec::unified
