#pragma once

#include <mongoro/bson/codec_kind.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>
#include <type_traits>
#include <utility>

/// \file
/// From values to bytes. Where the size of a value is known before it is written (numbers, strings,
/// vectors of them, structs of all these), the whole struct takes one capacity check, and what
/// follows is stores of constants and of the members.

namespace mongoro::bson::detail {

inline constexpr std::size_t max_document_size = 0x7FFFFFFF;

template <typename T>
consteval bool is_sized();
template <typename T>
consteval bool is_sized_member();

/// A value that is stored in a known number of bytes.
template <typename T>
consteval bool is_sized_scalar() {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double> ||
                  std::is_same_v<T, float> || std::is_same_v<T, object_id> ||
                  std::is_same_v<T, date> || kind_of<T> == codec_kind::integer) {
        return true;
    } else if constexpr (kind_of<T> == codec_kind::enum_number) {
        return is_sized_scalar<enum_number_t<T>>();
    } else if constexpr (kind_of<T> == codec_kind::duration) {
        return std::is_floating_point_v<typename T::rep> || is_sized_scalar<typename T::rep>();
    } else {
        return false;
    }
}

template <typename T>
inline constexpr bool is_sized_leaf =
    is_sized_scalar<T>() || kind_of<T> == codec_kind::string || std::is_same_v<T, std::string_view>;

template <typename T>
consteval bool is_sized_struct() {
    return []<typename... F, std::size_t... I>(type_list<F...>, std::index_sequence<I...>) {
        return ((mongoro::detail::field_plans<T>[I].skipped || is_sized_member<F>()) && ...);
    }(member_types<T>{}, std::make_index_sequence<mongoro::detail::field_count<T>>{});
}

template <typename T>
consteval bool is_sized() {
    if constexpr (is_sized_leaf<T>) {
        return true;
    } else if constexpr (kind_of<T> == codec_kind::sequence) {
        return is_sized_leaf<typename T::value_type>;  // a struct here may be T's own: not looked
                                                       // into
    } else if constexpr (kind_of<T> == codec_kind::structure && mongoro::detail::reflected<T>) {
        return is_sized_struct<T>();
    } else {
        return false;
    }
}

/// An empty optional member is left out.
template <typename F>
consteval bool is_sized_member() {
    if constexpr (is_optional<F>) {
        return is_sized<typename F::value_type>();
    } else {
        return is_sized<F>();
    }
}

/// The type byte of a sized value.
template <typename T>
consteval bson::type sized_type() {
    if constexpr (std::is_same_v<T, bool>) {
        return bson::type::boolean;
    } else if constexpr (std::is_floating_point_v<T>) {
        return bson::type::double_;
    } else if constexpr (kind_of<T> == codec_kind::integer) {
        return sizeof(T) < 4 || (sizeof(T) == 4 && std::is_signed_v<T>) ? bson::type::int32
                                                                        : bson::type::int64;
    } else if constexpr (kind_of<T> == codec_kind::enum_number) {
        return sized_type<enum_number_t<T>>();
    } else if constexpr (kind_of<T> == codec_kind::duration) {
        return std::is_floating_point_v<typename T::rep> ? bson::type::double_ : bson::type::int64;
    } else if constexpr (std::is_same_v<T, object_id>) {
        return bson::type::object_id;
    } else if constexpr (std::is_same_v<T, date>) {
        return bson::type::date;
    } else if constexpr (kind_of<T> == codec_kind::sequence) {
        return bson::type::array;
    } else if constexpr (kind_of<T> == codec_kind::structure) {
        return bson::type::document;
    } else {
        return bson::type::string;
    }
}

// ---- the size, then the bytes
// ----------------------------------------------------------------------

/// Characters of the keys "0" to "count - 1" together.
inline std::size_t index_digits(std::size_t count) noexcept {
    std::size_t total = count;
    for (std::size_t first = 10; first < count; first *= 10) {
        total += count - first;
    }
    return total;
}

template <typename T>
inline std::size_t members_size(const T& value);

/// Bytes of the value alone.
template <typename T>
inline std::size_t sized_size(const T& value) {
    if constexpr (is_sized_scalar<T>()) {
        switch (sized_type<T>()) {
            case bson::type::boolean:
                return 1;
            case bson::type::int32:
                return 4;
            case bson::type::object_id:
                return 12;
            default:
                return 8;
        }
    } else if constexpr (kind_of<T> == codec_kind::sequence) {
        using item_type = typename T::value_type;
        const std::size_t count = value.size();
        std::size_t size = 5 + 2 * count + index_digits(count);
        if constexpr (is_sized_scalar<item_type>()) {
            size += count * sized_size(item_type{});
        } else {
            for (const auto& item : value) {
                size += sized_size(item);
            }
        }
        return size;
    } else if constexpr (kind_of<T> == codec_kind::structure) {
        return 5 + members_size(value);
    } else {
        return 5 + value.size();
    }
}

template <typename T>
inline std::uint8_t* put_members(std::uint8_t* p, const T& value);

template <typename T>
inline std::uint8_t* put_number(std::uint8_t* p, T number) noexcept {
    std::memcpy(p, &number, sizeof number);
    return p + sizeof number;
}

/// Writes what `sized_size` counted.
template <typename T>
inline std::uint8_t* put_value(std::uint8_t* p, const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        *p = value ? 1 : 0;
        return p + 1;
    } else if constexpr (std::is_floating_point_v<T>) {
        return put_number(p, static_cast<double>(value));
    } else if constexpr (std::is_same_v<T, object_id>) {
        std::memcpy(p, value.bytes().data(), 12);
        return p + 12;
    } else if constexpr (std::is_same_v<T, date>) {
        return put_number(p, static_cast<std::int64_t>(value.time_since_epoch().count()));
    } else if constexpr (kind_of<T> == codec_kind::integer) {
        if constexpr (sized_type<T>() == bson::type::int32) {
            return put_number(p, static_cast<std::int32_t>(value));
        } else {
            return put_number(p, static_cast<std::int64_t>(value));
        }
    } else if constexpr (kind_of<T> == codec_kind::enum_number) {
        return put_value(p, static_cast<enum_number_t<T>>(value));
    } else if constexpr (kind_of<T> == codec_kind::duration) {
        using stored =
            std::conditional_t<sized_type<T>() == bson::type::double_, double, std::int64_t>;
        return put_number(p, static_cast<stored>(value.count()));
    } else if constexpr (kind_of<T> == codec_kind::sequence) {
        std::uint8_t* const start = p;
        p += 4;
        index_key index;
        for (const auto& item : value) {
            *p++ = static_cast<std::uint8_t>(sized_type<typename T::value_type>());
            const std::string_view key = index;
            for (const char c : key) {
                *p++ = static_cast<std::uint8_t>(c);
            }
            *p++ = 0;
            p = put_value<typename T::value_type>(p, item);
            ++index;
        }
        *p++ = 0;
        put_number(start, static_cast<std::int32_t>(p - start));
        return p;
    } else if constexpr (kind_of<T> == codec_kind::structure) {
        std::uint8_t* const start = p;
        p = put_members(p + 4, value);
        *p++ = 0;
        put_number(start, static_cast<std::int32_t>(p - start));
        return p;
    } else {
        p = put_number(p, static_cast<std::int32_t>(value.size() + 1));
        if (!value.empty()) {
            std::memcpy(p, value.data(), value.size());
        }
        p[value.size()] = 0;
        return p + value.size() + 1;
    }
}

template <typename T, std::size_t I, typename F>
inline std::size_t member_size(const F& field) {
    constexpr auto& plan = mongoro::detail::field_plans<T>[I];
    if constexpr (plan.skipped) {
        return 0;
    } else if constexpr (is_optional<F>) {
        return field ? 2 + plan.key.size() + sized_size(*field) : 0;
    } else {
        return 2 + plan.key.size() + sized_size(field);
    }
}

template <typename T, std::size_t I, typename F>
inline std::uint8_t* put_member(std::uint8_t* p, const F& field) {
    constexpr auto& plan = mongoro::detail::field_plans<T>[I];
    if constexpr (plan.skipped) {
        return p;
    } else if constexpr (is_optional<F>) {
        if (!field) {
            return p;
        }
        *p = static_cast<std::uint8_t>(sized_type<typename F::value_type>());
        std::memcpy(p + 1, plan.key.data(), plan.key.size() + 1);
        return put_value(p + 2 + plan.key.size(), *field);
    } else {
        *p = static_cast<std::uint8_t>(sized_type<F>());
        std::memcpy(p + 1, plan.key.data(), plan.key.size() + 1);
        return put_value(p + 2 + plan.key.size(), field);
    }
}

template <typename T>
inline std::size_t members_size(const T& value) {
    return mongoro::detail::visit_fields(value, [](const auto&... field) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return (std::size_t{0} + ... + member_size<T, I>(field));
        }(std::make_index_sequence<sizeof...(field)>{});
    });
}

template <typename T>
inline std::uint8_t* put_members(std::uint8_t* p, const T& value) {
    return mongoro::detail::visit_fields(value, [p](const auto&... field) mutable {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((p = put_member<T, I>(p, field)), ...);
            return p;
        }(std::make_index_sequence<sizeof...(field)>{});
    });
}

// ---- through the writer
// ----------------------------------------------------------------------------

template <typename T>
void write_value(writer& w, std::string_view key, const T& value);

template <typename T, std::size_t I, typename F>
inline void write_member(writer& w, const F& field) {
    constexpr auto& plan = mongoro::detail::field_plans<T>[I];
    if constexpr (plan.skipped) {
    } else if constexpr (is_sized_member<F>()) {
        const std::size_t size = member_size<T, I>(field);
        if (size > max_document_size) [[unlikely]] {
            w.fail(errc::document_too_large);
        } else if (w.ok()) {
            put_member<T, I>(w.buffer().extend(size), field);
        }
    } else if constexpr (is_optional<F> || is_pointer<F>) {
        if (field) {
            write_value(w, plan.key, *field);
        }
    } else {
        write_value(w, plan.key, field);
    }
}

/// The members of a struct, into the open document.
template <typename T>
void write_members(writer& w, const T& value) {
    if constexpr (is_sized<T>()) {
        const std::size_t size = members_size(value);
        if (size > max_document_size) [[unlikely]] {
            w.fail(errc::document_too_large);
        } else if (w.ok()) {
            put_members(w.buffer().extend(size), value);
        }
    } else {
        mongoro::detail::visit_fields(value, [&w](const auto&... field) {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                (write_member<T, I>(w, field), ...);
            }(std::make_index_sequence<sizeof...(field)>{});
        });
    }
}

template <typename E>
void write_enum_name(writer& w, std::string_view key, E value) {
    const auto number = static_cast<std::underlying_type_t<E>>(value);
    const auto& names = mongoro::detail::enumerator_names<E>;
    if (number < 0 || static_cast<std::uint64_t>(number) >= names.size() ||
        names[static_cast<std::size_t>(number)].empty()) {
        return w.fail(errc::out_of_range);
    }
    w.append_string(key, names[static_cast<std::size_t>(number)]);
}

template <typename T>
void write_items(writer& w, std::string_view key, const T& items) {
    w.begin_array(key);
    index_key index;
    for (const auto& item : items) {
        write_value<std::remove_cvref_t<decltype(item)>>(w, index, item);
        ++index;
    }
    w.end();
}

template <typename T>
void write_value(writer& w, std::string_view key, const T& value) {
    check_supported<T>();
    constexpr codec_kind kind = kind_of<T>;
    if constexpr (kind == codec_kind::custom) {
        codec<T>::encode(w, key, value);
    } else if constexpr (kind != codec_kind::string && is_sized<T>()) {
        const std::size_t size = sized_size(value);
        if (size > max_document_size) [[unlikely]] {
            w.fail(errc::document_too_large);
        } else if (std::uint8_t* p = w.append_uninitialized(sized_type<T>(), key, size)) {
            put_value(p, value);
        }
    } else if constexpr (kind == codec_kind::string) {
        w.append_string(key, value);
    } else if constexpr (kind == codec_kind::enum_number) {
        w.append(key, static_cast<enum_number_t<T>>(value));
    } else if constexpr (kind == codec_kind::duration) {
        w.append(key, value.count());
    } else if constexpr (kind == codec_kind::enum_name) {
        write_enum_name(w, key, value);
    } else if constexpr (kind == codec_kind::optional || kind == codec_kind::pointer) {
        if (value) {
            write_value(w, key, *value);
        } else {
            w.append_null(key);
        }
    } else if constexpr (kind == codec_kind::map) {
        w.begin_document(key);
        for (const auto& [name, item] : value) {
            write_value(w, name, item);
        }
        w.end();
    } else if constexpr (kind == codec_kind::sequence || kind == codec_kind::set ||
                         kind == codec_kind::array) {
        write_items(w, key, value);
    } else if constexpr (kind == codec_kind::variant) {
        if (value.valueless_by_exception()) {
            return w.fail(errc::invalid_argument);
        }
        std::visit(
            [&]<typename A>(const A& item) {
                if constexpr (std::is_same_v<A, std::monostate>) {
                    w.append_null(key);
                } else {
                    write_value(w, key, item);
                }
            },
            value);
    } else if constexpr (kind == codec_kind::structure) {
        w.begin_document(key);
        write_members(w, value);
        w.end();
    } else if constexpr (kind != codec_kind::unsupported) {
        w.append(key, value);
    }
}

}  // namespace mongoro::bson::detail
