#pragma once

#include <mongoro/bson/codec_fields.hpp>
#include <mongoro/bson/value_view.hpp>
#include <mongoro/bson/writer.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

/// \file
/// Which way a type goes in and out.

namespace mongoro::bson {

template <typename T>
struct codec;

/// Set to true for a struct with members that point into the decoded bytes (`std::string_view`,
/// `document_view`, `value_view` and the like), to allow them:
///
///     template <>
///     inline constexpr bool mongoro::bson::borrows<headline> = true;
///
/// A decoded value must then not outlive the bytes: of a cursor, the batch; of a `document`, the
/// document. A struct that holds such a struct borrows too and has to say so.
template <typename T>
inline constexpr bool borrows = false;

namespace detail {

enum class codec_kind : std::uint8_t {
    unsupported,
    custom,   // a codec<T> of the user's own
    leaf,     // value_reader and value_writer do it
    integer,  // all but uint64
    enum_number,
    enum_name,
    duration,
    string,
    view,  // points into the bytes
    optional,
    pointer,
    map,
    sequence,
    set,
    array,
    variant,
    structure,
};

template <typename T>
inline constexpr bool is_string = false;
template <typename Allocator>
inline constexpr bool is_string<std::basic_string<char, std::char_traits<char>, Allocator>> = true;

template <typename T>
inline constexpr bool is_duration = false;
template <typename Rep, typename Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <typename T>
inline constexpr bool is_pointer = false;
template <typename T>
inline constexpr bool is_pointer<std::unique_ptr<T>> = true;
template <typename T>
inline constexpr bool is_pointer<std::shared_ptr<T>> = true;

template <typename T>
inline constexpr bool is_variant = false;
template <typename... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

template <typename T>
inline constexpr bool is_array = std::is_array_v<T>;
template <typename T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <typename T>
inline constexpr bool is_view =
    std::same_as<T, std::string_view> || std::same_as<T, document_view> ||
    std::same_as<T, array_view> || std::same_as<T, value_view> || std::same_as<T, binary_view> ||
    std::same_as<T, regex_view> || std::same_as<T, code_view> || std::same_as<T, symbol_view> ||
    std::same_as<T, db_pointer_view> || std::same_as<T, code_with_scope_view>;

template <typename T>
concept map_like = requires(T& t) {
    typename T::mapped_type;
    requires is_string<typename T::key_type>;
    t.try_emplace(typename T::key_type());
    t.clear();
};
template <typename T>
concept sequence_like = requires(T& t) {
    typename T::value_type;
    t.emplace_back();
    t.clear();
};
template <typename T>
concept set_like = requires(T& t, typename T::value_type value) {
    typename T::key_type;
    t.insert(std::move(value));
    t.clear();
};

/// The primary template has this name; a specialisation has no reason to.
template <typename T>
concept has_custom_codec = !requires { typename codec<T>::is_not_specialised; };

/// A struct whose fields are stored one by one. Without a look at them: a recursive type asks this
/// of itself.
template <typename T>
concept struct_like = std::is_class_v<T> && std::is_aggregate_v<T> && !is_array<T>;

template <typename T>
consteval codec_kind find_codec_kind() {
    if constexpr (has_custom_codec<T>) {
        return codec_kind::custom;
    } else if constexpr (std::is_pointer_v<T> || std::is_reference_v<T>) {
        return codec_kind::unsupported;
    } else if constexpr (std::is_same_v<T, std::byte>) {
        return codec_kind::unsupported;
    } else if constexpr (integer<T> && sizeof(T) <= 8) {
        return std::is_signed_v<T> || sizeof(T) < 8 ? codec_kind::integer : codec_kind::leaf;
    } else if constexpr (std::is_enum_v<T>) {
        return enum_by_name<T> ? codec_kind::enum_name : codec_kind::enum_number;
    } else if constexpr (is_string<T>) {
        return codec_kind::string;
    } else if constexpr (is_duration<T>) {
        return codec_kind::duration;
    } else if constexpr (is_view<T>) {
        return codec_kind::view;
    } else if constexpr (is_optional<T>) {
        return codec_kind::optional;
    } else if constexpr (is_pointer<T>) {
        return codec_kind::pointer;
    } else if constexpr (is_variant<T>) {
        return codec_kind::variant;
    } else if constexpr (is_array<T>) {
        return codec_kind::array;
    } else if constexpr (std::is_convertible_v<const T&, document_view> ||
                         std::is_convertible_v<const T&, array_view>) {
        return codec_kind::leaf;
    } else if constexpr (map_like<T>) {
        return codec_kind::map;
    } else if constexpr (sequence_like<T>) {
        return codec_kind::sequence;
    } else if constexpr (set_like<T>) {
        return codec_kind::set;
    } else if constexpr (readable<T> && writable<T>) {
        return codec_kind::leaf;
    } else if constexpr (struct_like<T>) {
        return codec_kind::structure;
    } else {
        return codec_kind::unsupported;
    }
}

template <typename T>
inline constexpr codec_kind kind_of = find_codec_kind<T>();

template <typename... T>
struct type_list {};

struct list_members {
    template <typename... F>
    constexpr auto operator()(const F&...) const -> type_list<F...> {
        return {};
    }
};
/// The types of a struct's fields.
template <typename T>
using member_types =
    decltype(mongoro::detail::visit_fields(std::declval<const T&>(), list_members{}));

template <typename E>
concept odd_enum = std::is_enum_v<E> && !integer<std::underlying_type_t<E>> &&
                   !std::same_as<std::underlying_type_t<E>, bool>;

/// Whether every number of its underlying type is a value of it. Where that type is not given, only
/// those of as many bits as its enumerators need are: another one is undefined behaviour.
template <typename E>
concept has_fixed_type = requires { E{std::underlying_type_t<E>{}}; };

/// What an enumeration is stored as. Of `char` and its like: as a number all the same.
template <typename E>
struct enum_number_of {
    using type = std::underlying_type_t<E>;
};
template <odd_enum E>
struct enum_number_of<E> {
    using type = std::int32_t;
};
template <typename E>
using enum_number_t = typename enum_number_of<E>::type;

/// Whether a decoded T points into the bytes, or may.
template <typename T>
consteval bool holds_views() {
    constexpr codec_kind kind = kind_of<T>;
    if constexpr (kind == codec_kind::view) {
        return true;
    } else if constexpr (kind == codec_kind::structure) {
        return borrows<T>;
    } else if constexpr (kind == codec_kind::map) {
        return holds_views<typename T::mapped_type>();
    } else if constexpr (kind == codec_kind::optional || kind == codec_kind::sequence ||
                         kind == codec_kind::set) {
        return holds_views<typename T::value_type>();
    } else if constexpr (kind == codec_kind::pointer) {
        return holds_views<typename T::element_type>();
    } else if constexpr (kind == codec_kind::array) {
        return holds_views<std::remove_cvref_t<decltype(std::declval<T&>()[0])>>();
    } else if constexpr (kind == codec_kind::variant) {
        return []<typename... A>(std::type_identity<std::variant<A...>>) {
            return (holds_views<A>() || ...);
        }(std::type_identity<T>{});
    } else {
        return false;
    }
}

/// Whether a T is known never to have an element of that key: a struct whose fields are all others.
template <typename T>
consteval bool never_has_key(std::string_view key) {
    if constexpr (kind_of<T> == codec_kind::structure) {
        for (const auto& plan : mongoro::detail::field_plans<T>) {
            if (!plan.skipped && plan.key == key) {
                return false;
            }
        }
        return true;
    } else {
        return false;
    }
}

/// Stops the compilation with what is wrong with T, in words.
template <typename T>
consteval void check_supported() {
    using mongoro::detail::reflect_failure;
    if constexpr (kind_of<T> == codec_kind::unsupported) {
        static_assert(
            !std::is_pointer_v<T>,
            "mongoro: a raw pointer has no BSON form; use std::optional, std::unique_ptr or "
            "std::string");
        static_assert(!std::is_class_v<T> && !std::is_union_v<T>,
                      "mongoro: this class is not an aggregate (it has private members, a base, a "
                      "constructor or a virtual function); specialise bson::codec<T> for it");
        static_assert(std::is_pointer_v<T> || std::is_class_v<T> || std::is_union_v<T>,
                      "mongoro: this type has no BSON form (of characters use std::string or "
                      "std::int8_t, of bytes bson::binary)");
    } else if constexpr (kind_of<T> == codec_kind::structure) {
        constexpr reflect_failure why = mongoro::detail::why_not_reflected<T>();
        static_assert(
            why != reflect_failure::has_base,
            "mongoro: a struct with a base class has no order of fields that can be seen; "
            "make the base a member or specialise bson::codec<T>");
        static_assert(why != reflect_failure::too_many,
                      "mongoro: a struct of more than 64 fields; group some in a nested struct or "
                      "specialise bson::codec<T>");
        static_assert(
            why != reflect_failure::unclear,
            "mongoro: the fields of this struct cannot be seen; is one a reference, or of a "
            "type that nothing converts to?");
        if constexpr (why == reflect_failure::none) {
            static_assert(!mongoro::detail::has_duplicate_key<T>(),
                          "mongoro: two members of this struct are stored under the same key");
        }
    }
}

}  // namespace detail

}  // namespace mongoro::bson
