#pragma once

#include <mongoro/bson/writer.hpp>

namespace mongoro::bson {

template <>
struct value_writer<bool> {
    static void write(writer& w, std::string_view key, bool v) { w.append_bool(key, v); }
};

template <detail::integer T>
struct value_writer<T> {
    static void write(writer& w, std::string_view key, T v) {
        if constexpr (sizeof(T) < 4 || (sizeof(T) == 4 && std::is_signed_v<T>)) {
            w.append_int32(key, static_cast<std::int32_t>(v));
        } else {
            if (!std::in_range<std::int64_t>(v)) {
                return w.fail(errc::out_of_range);
            }
            w.append_int64(key, static_cast<std::int64_t>(v));
        }
    }
};

template <typename T>
    requires(std::same_as<T, double> || std::same_as<T, float>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, T v) { w.append_double(key, v); }
};

template <typename T>
    requires(std::same_as<T, std::string> || std::same_as<T, std::string_view>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, const T& v) { w.append_string(key, v); }
};

/// C strings; a null pointer becomes null.
template <typename T>
    requires(std::same_as<T, const char*> || std::same_as<T, char*>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, const char* v) {
        if (v == nullptr) {
            return w.append_null(key);
        }
        w.append_string(key, v);
    }
};

/// A literal, or a buffer: up to its first NUL.
template <std::size_t N>
struct value_writer<char[N]> {
    static void write(writer& w, std::string_view key, const char (&v)[N]) {
        w.append_string(key, {v, ::strnlen(v, N)});
    }
};

template <>
struct value_writer<std::nullptr_t> {
    static void write(writer& w, std::string_view key, std::nullptr_t) { w.append_null(key); }
};
template <>
struct value_writer<null> {
    static void write(writer& w, std::string_view key, null) { w.append_null(key); }
};
template <>
struct value_writer<undefined> {
    static void write(writer& w, std::string_view key, undefined) {
        w.append_empty(type::undefined, key);
    }
};
template <>
struct value_writer<min_key> {
    static void write(writer& w, std::string_view key, min_key) {
        w.append_empty(type::min_key, key);
    }
};
template <>
struct value_writer<max_key> {
    static void write(writer& w, std::string_view key, max_key) {
        w.append_empty(type::max_key, key);
    }
};
template <>
struct value_writer<object_id> {
    static void write(writer& w, std::string_view key, const object_id& v) {
        w.append_raw(type::object_id, key, v.bytes());
    }
};
/// Rounded down to milliseconds; a date that int64 milliseconds cannot hold is `out_of_range`.
template <typename Duration>
struct value_writer<std::chrono::sys_time<Duration>> {
    static void write(writer& w, std::string_view key, const std::chrono::sys_time<Duration>& v) {
        if constexpr (!std::is_same_v<Duration, std::chrono::milliseconds>) {
            const std::chrono::duration<long double, std::milli> wide = v.time_since_epoch();
            if (wide.count() < -0x1p63L || wide.count() >= 0x1p63L) {
                return w.fail(errc::out_of_range);
            }
        }
        const date d = std::chrono::floor<std::chrono::milliseconds>(v);
        w.append_scalar(type::date, key, static_cast<std::int64_t>(d.time_since_epoch().count()));
    }
};
template <>
struct value_writer<timestamp> {
    static void write(writer& w, std::string_view key, const timestamp& v) {
        w.append_scalar(type::timestamp, key, std::uint64_t{v.seconds} << 32 | v.increment);
    }
};
template <>
struct value_writer<decimal128> {
    static void write(writer& w, std::string_view key, const decimal128& v) {
        const std::uint64_t words[2] = {v.low(), v.high()};
        if (std::uint8_t* p = w.append_uninitialized(type::decimal128, key, sizeof words)) {
            std::memcpy(p, words, sizeof words);
        }
    }
};
template <typename T>
    requires(std::same_as<T, binary> || std::same_as<T, binary_view>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, binary_view v) {
        w.append_binary(key, v.subtype, v.bytes);
    }
};
template <>
struct value_writer<uuid> {
    static void write(writer& w, std::string_view key, const uuid& v) {
        w.append_binary(key, binary_subtype::uuid, v.bytes());
    }
};
template <typename T>
    requires(std::same_as<T, regex> || std::same_as<T, regex_view>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, regex_view v) {
        w.append_regex(key, v.pattern, v.options);
    }
};
template <typename T>
    requires(std::same_as<T, code> || std::same_as<T, code_view>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, code_view v) {
        w.append_text(type::code, key, v.code);
    }
};
template <typename T>
    requires(std::same_as<T, symbol> || std::same_as<T, symbol_view>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, symbol_view v) {
        w.append_text(type::symbol, key, v.symbol);
    }
};
template <typename T>
    requires(std::same_as<T, db_pointer> || std::same_as<T, db_pointer_view>)
struct value_writer<T> {
    static void write(writer& w, std::string_view key, const db_pointer_view& v) {
        w.append_db_pointer(key, v.collection, v.id);
    }
};
template <>
struct value_writer<code_with_scope_view> {
    static void write(writer& w, std::string_view key, const code_with_scope_view& v) {
        w.append_code_with_scope(key, v.code, v.scope);
    }
};
template <>
struct value_writer<document_view> {
    static void write(writer& w, std::string_view key, document_view v) {
        w.append_document(key, v);
    }
};
template <>
struct value_writer<array_view> {
    static void write(writer& w, std::string_view key, array_view v) { w.append_array(key, v); }
};
/// The same type and bytes under another key; one that does not exist is its own error.
template <>
struct value_writer<value_view> {
    static void write(writer& w, std::string_view key, const value_view& v) {
        if (!v.exists()) {
            return w.fail(v.missing_reason());
        }
        w.append_raw(v.type(), key, v.raw());
    }
};

/// Null if empty.
template <writable T>
struct value_writer<std::optional<T>> {
    // Not inlined: g++ 12 under a sanitizer would warn in the caller that an empty optional's value
    // is read.
    [[gnu::noinline]] static void write(writer& w, std::string_view key,
                                        const std::optional<T>& v) {
        if (v) {
            w.append(key, *v);
        } else {
            w.append_null(key);
        }
    }
};

namespace detail {
/// A container of writable values that no other writer takes: an array.
template <typename T>
concept value_range =
    requires(const T& t) {
        { t.begin() == t.end() } -> std::convertible_to<bool>;
        typename T::value_type;
        requires writable<typename T::value_type>;
    } && !std::convertible_to<const T&, std::string_view> &&
    !std::convertible_to<const T&, document_view> && !std::convertible_to<const T&, array_view>;
}  // namespace detail

template <detail::value_range T>
struct value_writer<T> {
    static void write(writer& w, std::string_view key, const T& v) {
        w.begin_array(key);
        index_key index;
        for (auto&& item : v) {
            w.append(index, static_cast<const typename T::value_type&>(item));
            ++index;
        }
        w.end();
    }
};

}  // namespace mongoro::bson
