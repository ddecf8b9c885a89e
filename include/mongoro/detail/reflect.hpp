#pragma once

#include <mongoro/detail/reflect_arity.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

/// \file
/// The fields of a plain aggregate: how many, what they are called, and a reference to each.
/// Without macros, RTTI or allocation; for local and anonymous-namespace structs too.

namespace mongoro::detail {

inline constexpr std::size_t max_fields = 64;

/// Why a type's fields cannot be seen; `none` if they can.
enum class reflect_failure { none, not_a_class, not_an_aggregate, has_base, too_many, unclear };

/// Converts to a base class of T and to nothing else.
template <typename T>
struct any_base {
    template <typename U>
        requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
    operator U() const noexcept {  // NOLINT: implicit, it stands for any initialiser
        __builtin_unreachable();   // never called, but an undefined one is a warning
    }
};

template <typename T>
inline constexpr bool has_base = requires { T{any_base<T>{}}; };

template <typename T, std::size_t Low, std::size_t High>
consteval std::size_t largest_arity() {
    if constexpr (Low == High) {
        return Low;
    } else {
        constexpr std::size_t middle = (Low + High + 1) / 2;
        if constexpr (arity<middle>::template takes<T>) {
            return largest_arity<T, middle, High>();
        } else {
            return largest_arity<T, Low, middle - 1>();
        }
    }
}

template <typename T, std::size_t... I>
consteval bool takes_values(std::index_sequence<I...>) {
    return requires { T{(static_cast<void>(I), any_field<T>{})...}; };
}

/// The number of fields of a type of which not each can be made from `{}`; 0 if it stays unclear.
///
/// Arrays would count once for each element here: together with such a field they are a compile
/// error later. References are left out: only they and constants make an aggregate unassignable.
template <typename T, std::size_t N = max_fields>
consteval std::size_t count_with_values() {
    if constexpr (N == 0 || !std::is_move_assignable_v<T>) {
        return 0;
    } else if constexpr (takes_values<T>(std::make_index_sequence<N>{})) {
        return N;
    } else {
        return count_with_values<T, N - 1>();
    }
}

template <typename T>
consteval std::size_t count_fields() {
    if constexpr (arity<0>::takes<T>) {
        constexpr std::size_t n = largest_arity<T, 0, max_fields + 1>();
        if constexpr (n > max_fields) {
            return n;
        } else if constexpr (arity<n>::template takes_more<T>) {
            return count_with_values<T>();
        } else {
            return n;
        }
    } else {
        return count_with_values<T>();
    }
}

template <typename T>
consteval reflect_failure why_not_reflected() {
    if constexpr (!std::is_class_v<T>) {
        return reflect_failure::not_a_class;
    } else if constexpr (!std::is_aggregate_v<T>) {
        return reflect_failure::not_an_aggregate;
    } else if constexpr (has_base<T>) {
        return reflect_failure::has_base;
    } else {
        constexpr std::size_t n = count_fields<T>();
        if constexpr (n > max_fields) {
            return reflect_failure::too_many;
        } else if constexpr (n == 0 && !std::is_empty_v<T>) {
            return reflect_failure::unclear;
        } else {
            return reflect_failure::none;
        }
    }
}

/// A type whose fields the functions below can see.
template <typename T>
concept reflected = why_not_reflected<T>() == reflect_failure::none;

template <reflected T>
inline constexpr std::size_t field_count = count_fields<T>();

/// Calls `f` with a reference to each field, in the order of declaration.
template <typename T, typename F>
constexpr decltype(auto) visit_fields(T& t, F&& f) {
    return arity<field_count<std::remove_const_t<T>>>::visit(t, std::forward<F>(f));
}

/// An object of which only addresses are ever taken.
///
/// It is defined, not only declared: clang's -Wundefined-internal and -Wundefined-var-template, and
/// g++'s error for a local type, all refuse an undefined one. As a union it constructs nothing.
template <typename T>
union address_box {
    constexpr address_box() noexcept : none{} {}
    constexpr ~address_box() {}
    char none;
    T value;
};

template <typename T>
struct address_holder {
    static inline constinit address_box<T> it{};
};

/// clang 16 takes no pointer to a subobject as a template argument, but takes a class that holds
/// one.
struct field_address {
    const void* p;
};

// `auto`: g++ spells out a return type that is an alias, after the arguments.
template <field_address Address>
consteval auto spell_field() {
    return __PRETTY_FUNCTION__;
}

constexpr bool is_name_char(char c) {
    // Bytes of a name that is not ASCII are UTF-8's, all negative or above 127.
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || static_cast<unsigned char>(c) > 127;
}

/// The last identifier of what a compiler spelled.
constexpr std::string_view last_name(std::string_view text) {
    std::size_t end = text.size();
    while (end > 0 && !is_name_char(text[end - 1])) {
        --end;
    }
    std::size_t begin = end;
    while (begin > 0 && is_name_char(text[begin - 1])) {
        --begin;
    }
    return text.substr(begin, end - begin);
}

template <typename T>
inline constexpr auto field_addresses =
    visit_fields(address_holder<T>::it.value, [](const auto&... field) {
        return std::array<const void*, sizeof...(field)>{std::addressof(field)...};
    });

/// A name with its terminating NUL, kept alone: the compiler's whole spelling, which can be
/// kilobytes, does not reach the program.
template <std::size_t Size>
struct name_chars {
    char chars[Size + 1] = {};
    constexpr explicit name_chars(std::string_view name) {
        for (std::size_t i = 0; i < Size; ++i) {
            chars[i] = name[i];
        }
    }
    [[nodiscard]] constexpr std::string_view view() const { return {chars, Size}; }
};

template <typename T, std::size_t I>
struct field_name_of {
    static constexpr std::string_view spelled =
        last_name(spell_field<field_address{field_addresses<T>[I]}>());
    static constexpr name_chars<spelled.size()> chars{spelled};
};

template <typename T, typename Indices>
struct field_names_of;

template <typename T, std::size_t... I>
struct field_names_of<T, std::index_sequence<I...>> {
    static constexpr std::array<std::string_view, sizeof...(I)> value{
        field_name_of<T, I>::chars.view()...};
};

/// The names of the fields of T, in the order of declaration; each is followed by a NUL.
template <reflected T>
inline constexpr const std::array<std::string_view, field_count<T>>& field_names =
    field_names_of<T, std::make_index_sequence<field_count<T>>>::value;

}  // namespace mongoro::detail
