#pragma once

#include "unified/failure.hpp"

#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/document.hpp>
#include <mongoro/bson/value_view.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>
#include <string>
#include <string_view>

/// What the schema of the format is put together from: functions that throw `test_failure` if a
/// value is not what they are called, with the path of what is wrong.
namespace mongoro::spec::unified::schema {

using bson::document_view;
using bson::value_view;

using check = void (*)(const value_view& v, const std::string& where);

enum class presence : bool { optional, required };
inline constexpr presence required = presence::required;

struct member {
    std::string_view name;
    check value;
    presence present = presence::optional;
};

inline constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

inline void demand(bool right, const std::string& where, const std::string& what) {
    if (!right) {
        throw test_failure((where.empty() ? "the file" : where.substr(1)) + " " + what);
    }
}

inline void is_anything(const value_view& /*v*/, const std::string& /*where*/) {}
inline void is_nothing(const value_view& /*v*/, const std::string& where) {
    demand(false, where, "must not be there");
}
inline void is_string(const value_view& v, const std::string& where) {
    demand(v.type() == bson::type::string, where, "is no string");
}
inline void is_boolean(const value_view& v, const std::string& where) {
    demand(v.type() == bson::type::boolean, where, "is no boolean");
}
inline void is_integer(const value_view& v, const std::string& where) {
    const bool whole =
        v.type() == bson::type::double_ && std::trunc(v.get<double>()) == v.get<double>();
    demand(v.type() == bson::type::int32 || v.type() == bson::type::int64 || whole, where,
           "is no integer");
}
/// Two or three numbers.
inline void is_version(const value_view& v, const std::string& where) {
    is_string(v, where);
    const auto text = v.get<std::string_view>();
    std::size_t parts = 0;
    bool right = true;
    for (const auto part : std::views::split(text, '.')) {
        ++parts;
        right = right && !part.empty() &&
                std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    }
    demand(right && (parts == 2 || parts == 3), where, "is no version");
}

template <std::size_t Least = 0, std::size_t Most = any_number>
void is_object(const value_view& v, const std::string& where) {
    demand(v.type() == bson::type::document, where, "is no object");
    const auto count = v.get<document_view>().count();
    demand(count >= Least && count <= Most, where,
           "has " + std::to_string(count) + " members, which is not the right number");
}
inline constexpr check is_empty_object = is_object<0, 0>;

/// Members beside those in the table are not looked at.
template <auto& Members>
void is_object_with(const value_view& v, const std::string& where) {
    is_object<>(v, where);
    for (const member& each : Members) {
        const auto value = v[each.name];
        const auto path = where + "." + std::string(each.name);
        demand(value.exists() || each.present == presence::optional, path, "is missing");
        if (value.exists()) {
            each.value(value, path);
        }
    }
}

template <auto& Members, std::size_t Least = 0, std::size_t Most = any_number>
void is_object_of(const value_view& v, const std::string& where) {
    is_object<Least, Most>(v, where);
    for (const auto& each : v) {
        const bool known =
            std::ranges::find(Members, each.key(), &member::name) != std::ranges::end(Members);
        demand(known, where + "." + std::string(each.key()), "is no member of the format");
    }
    is_object_with<Members>(v, where);
}

template <check Value>
void is_map_of(const value_view& v, const std::string& where) {
    is_object<>(v, where);
    for (const auto& each : v) {
        Value(each.value(), where + "." + std::string(each.key()));
    }
}

template <check Item, std::size_t Least = 0>
void is_array_of(const value_view& v, const std::string& where) {
    demand(v.type() == bson::type::array, where, "is no array");
    demand(v.get<bson::array_view>().count() >= Least, where, "has too few elements");
    for (const auto& each : v) {
        Item(each.value(), where + "." + std::string(each.key()));
    }
}

template <auto& Names>
void is_one_of(const value_view& v, const std::string& where) {
    is_string(v, where);
    demand(std::ranges::find(Names, v.get<std::string_view>()) != std::ranges::end(Names), where,
           "is no word of the format");
}

/// `{aws: {...}, "local:name2": {...}}`: each field is a string, or a placeholder for a secret.
void is_kms_providers(const value_view& v, const std::string& where);

}  // namespace mongoro::spec::unified::schema
