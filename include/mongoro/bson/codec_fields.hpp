#pragma once

#include <mongoro/detail/reflect.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// \file
/// How a struct's fields are stored when that is not simply under their own names.

namespace mongoro::bson {

template <auto Member>
struct rename_rule {
    std::string_view key;
};
template <auto Member>
struct skip_rule {};
template <auto Member>
struct keep_rule {};
template <auto Member, typename Value>
struct default_rule {
    Value value;
};

/// Stores the member under `key`, a string literal; the usual one is
/// `rename<&person::id>("_id")`. A key with a NUL inside does not compile.
template <auto Member, std::size_t Size>
consteval rename_rule<Member> rename(const char (&key)[Size]) {
    for (std::size_t i = 0; i + 1 < Size; ++i) {
        if (key[i] == '\0') {
            throw "mongoro: a key cannot hold a NUL";  // not constant: the compiler shows this line
        }
    }
    return {std::string_view(key, Size - 1)};
}

/// Neither stores nor reads the member: a decoded struct has its own initialiser.
template <auto Member>
consteval skip_rule<Member> skip() {
    return {};
}

/// A document without the key is no error: the member keeps its own initialiser (`int age = 18;`).
template <auto Member>
consteval keep_rule<Member> if_missing() {
    return {};
}

/// A document without the key is no error: the member gets `value`, which is converted to it and
/// must be a constant (for a `std::string`, a literal). A null is still of the wrong type.
template <auto Member, typename Value>
consteval auto if_missing(Value value) {
    return default_rule<Member, Value>{value};
}

/// The rules for the fields of T. Specialise it where T is declared, at namespace scope:
///
///     template <>
///     struct mongoro::bson::fields<person> {
///         static constexpr std::tuple list{
///             rename<&person::id>("_id"),
///             skip<&person::cache>(),
///             if_missing<&person::age>(18),
///         };
///     };
///
/// What is not mentioned is stored under its own name and must be there when it is read, unless it
/// is a `std::optional` or a `std::unique_ptr`. A member may have several rules. Two members under
/// one key do not compile.
template <typename T>
struct fields {
    static constexpr std::tuple<> list{};
};

/// Set to true for an enumeration that is stored by the names of its enumerators, as strings,
/// instead of by their numbers:
///
///     template <>
///     inline constexpr bool mongoro::bson::enum_by_name<color> = true;
///
/// Enumerators from 0 to 127 are seen; the enumeration is scoped or has a fixed underlying type. A
/// value that no enumerator has is `errc::out_of_range` when it is stored; a string that names none
/// is the same when it is read. Renaming an enumerator then changes the stored data.
template <typename E>
inline constexpr bool enum_by_name = false;

}  // namespace mongoro::bson

namespace mongoro::detail {

template <auto Member>
consteval auto spell_member() {
    return __PRETTY_FUNCTION__;
}

template <typename M>
struct member_of;
template <typename T, typename F>
struct member_of<F T::*> {
    using owner = T;
};

/// The index of a member among the fields that reflection sees.
template <typename T, auto Member>
consteval std::size_t member_index() {
    static_assert(std::is_same_v<typename member_of<std::remove_cv_t<decltype(Member)>>::owner, T>,
                  "mongoro: a rule of bson::fields<T> names a member of another type than T");
    constexpr std::string_view name = last_name(spell_member<Member>());
    for (std::size_t i = 0; i < field_count<T>; ++i) {
        if (field_names<T>[i] == name) {
            return i;
        }
    }
    return field_count<T>;
}

enum class when_missing : std::uint8_t { error, keep, value };

/// What the rules make of one field.
struct field_plan {
    std::string_view key;  ///< followed by a NUL
    bool skipped = false;
    when_missing missing = when_missing::error;
};

template <typename T>
struct plan_builder {
    std::array<field_plan, field_count<T>> fields{};

    template <auto Member>
    constexpr void apply(bson::rename_rule<Member> rule) {
        fields[member_index<T, Member>()].key = rule.key;
    }
    template <auto Member>
    constexpr void apply(bson::skip_rule<Member>) {
        fields[member_index<T, Member>()].skipped = true;
    }
    template <auto Member>
    constexpr void apply(bson::keep_rule<Member>) {
        fields[member_index<T, Member>()].missing = when_missing::keep;
    }
    template <auto Member, typename Value>
    constexpr void apply(const bson::default_rule<Member, Value>&) {
        fields[member_index<T, Member>()].missing = when_missing::value;
    }
};

template <typename T>
consteval auto make_field_plans() {
    plan_builder<T> plans;
    for (std::size_t i = 0; i < field_count<T>; ++i) {
        plans.fields[i].key = field_names<T>[i];
    }
    std::apply([&](const auto&... rule) { (plans.apply(rule), ...); }, bson::fields<T>::list);
    return plans.fields;
}

template <typename T>
inline constexpr auto field_plans = make_field_plans<T>();

template <typename T>
consteval bool has_duplicate_key() {
    const auto& plans = field_plans<T>;
    for (std::size_t i = 0; i < plans.size(); ++i) {
        for (std::size_t j = i + 1; j < plans.size(); ++j) {
            if (!plans[i].skipped && !plans[j].skipped && plans[i].key == plans[j].key) {
                return true;
            }
        }
    }
    return false;
}

/// Gives field I of a document without its key the value of its rule.
template <typename T, std::size_t I, typename Field>
constexpr void assign_default(Field& field) {
    const auto assign = [&]<typename Rule>(const Rule& rule) {
        if constexpr (requires { rule.value; }) {
            const auto take =
                [&]<auto Member, typename Value>(const bson::default_rule<Member, Value>& found) {
                    if constexpr (member_index<T, Member>() == I) {
                        field = static_cast<Field>(found.value);
                    }
                };
            take(rule);
        }
    };
    std::apply([&](const auto&... rule) { (assign(rule), ...); }, bson::fields<T>::list);
}

// ---- enumerators
// -----------------------------------------------------------------------------------

inline constexpr std::size_t max_enumerators = 128;

template <auto Value>
consteval auto spell_enumerator() {
    return __PRETTY_FUNCTION__;
}

/// A value that no enumerator has is spelled as a cast, `(color)2`: its last word is a number.
template <auto Value>
consteval std::string_view enumerator_name() {
    const std::string_view name = last_name(spell_enumerator<Value>());
    return name.empty() || (name.front() >= '0' && name.front() <= '9') ? std::string_view{} : name;
}

/// The names of the values 0 to 127 of E; empty where no enumerator has the value.
template <typename E, std::size_t... I>
consteval auto make_enumerator_names(std::index_sequence<I...>) {
    return std::array{enumerator_name<static_cast<E>(I)>()...};
}

template <typename E>
inline constexpr auto enumerator_names =
    make_enumerator_names<E>(std::make_index_sequence<max_enumerators>{});

}  // namespace mongoro::detail
