#pragma once

#include <mongoro/bson/detail/walk.hpp>

#include <string>

namespace mongoro::bson {

/// Text of JavaScript code and the document of its variables. Deprecated in BSON.
struct code_with_scope_view {
    std::string_view code;
    document_view scope;
    friend bool operator==(const code_with_scope_view&, const code_with_scope_view&) = default;
};

namespace detail {

template <bson::type Type>
struct expects {
    static constexpr bson::type expected = Type;
};

[[nodiscard]] errc read_code_with_scope(const value_view& v, code_with_scope_view& out) noexcept;

template <typename T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                  !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

}  // namespace detail

template <>
struct value_reader<bool> : detail::expects<type::boolean> {
    static errc read(const value_view& v, bool& out) noexcept {
        const errc e = detail::check(v, expected);
        if (e != errc{}) {
            return e;
        }
        out = v.raw()[0] != 0;
        return v.raw()[0] <= 1 ? errc{} : errc::malformed_bson;
    }
};

template <detail::integer T>
struct value_reader<T>
    : detail::expects<(sizeof(T) < 4 || std::same_as<T, std::int32_t>) ? type::int32
                                                                       : type::int64> {
    static errc read(const value_view& v, T& out) noexcept {
        std::int64_t wide = 0;
        if (const errc e = detail::read_integer(v, wide); e != errc{}) {
            return e;
        }
        if (!std::in_range<T>(wide)) {
            return errc::out_of_range;
        }
        out = static_cast<T>(wide);
        return errc{};
    }
};

template <>
struct value_reader<double> : detail::expects<type::double_> {
    static errc read(const value_view& v, double& out) noexcept {
        switch (v.type()) {
            case type::double_:
                out = detail::load<double>(v.raw().data());
                return errc{};
            case type::int32:
                out = detail::load<std::int32_t>(v.raw().data());
                return errc{};
            case type::int64: {
                const auto wide = detail::load<std::int64_t>(v.raw().data());
                out = static_cast<double>(wide);
                // 2^63 itself is not an int64: casting it back would be undefined.
                return out < 0x1p63 && static_cast<std::int64_t>(out) == wide ? errc{}
                                                                              : errc::out_of_range;
            }
            default:
                return v.exists() ? errc::wrong_type : v.missing_reason();
        }
    }
};

template <>
struct value_reader<float> : detail::expects<type::double_> {
    static errc read(const value_view& v, float& out) noexcept {
        double wide = 0;
        if (const errc e = value_reader<double>::read(v, wide); e != errc{}) {
            return e;
        }
        // Rounds; what is finite must stay so.
        constexpr auto most = static_cast<double>(std::numeric_limits<float>::max());
        if (wide - wide == 0 && (wide > most || wide < -most)) {
            return errc::out_of_range;
        }
        out = static_cast<float>(wide);
        return errc{};
    }
};

template <>
struct value_reader<std::string_view> : detail::expects<type::string> {
    static errc read(const value_view& v, std::string_view& out) noexcept {
        const errc e = detail::check(v, expected);
        return e == errc{} ? detail::read_text(v.raw().data(), v.raw().size(), out) : e;
    }
};

template <>
struct value_reader<code_view> : detail::expects<type::code> {
    static errc read(const value_view& v, code_view& out) noexcept {
        const errc e = detail::check(v, expected);
        return e == errc{} ? detail::read_text(v.raw().data(), v.raw().size(), out.code) : e;
    }
};

template <>
struct value_reader<symbol_view> : detail::expects<type::symbol> {
    static errc read(const value_view& v, symbol_view& out) noexcept {
        const errc e = detail::check(v, expected);
        return e == errc{} ? detail::read_text(v.raw().data(), v.raw().size(), out.symbol) : e;
    }
};

template <>
struct value_reader<document_view> : detail::expects<type::document> {
    static errc read(const value_view& v, document_view& out) noexcept {
        const errc e = detail::check(v, expected);
        if (e == errc{}) {
            out = {v.raw().data(), v.raw().size()};
        }
        return e;
    }
};

template <>
struct value_reader<array_view> : detail::expects<type::array> {
    static errc read(const value_view& v, array_view& out) noexcept {
        const errc e = detail::check(v, expected);
        if (e == errc{}) {
            out = {v.raw().data(), v.raw().size()};
        }
        return e;
    }
};

template <>
struct value_reader<object_id> : detail::expects<type::object_id> {
    static errc read(const value_view& v, object_id& out) noexcept {
        const errc e = detail::check(v, expected);
        if (e == errc{}) {
            out = object_id(v.raw().first<object_id::size_bytes>());
        }
        return e;
    }
};

template <typename Duration>
struct value_reader<std::chrono::sys_time<Duration>> : detail::expects<type::date> {
    /// Rounded towards the past where `Duration` is coarser than milliseconds; `out_of_range` where
    /// a finer one cannot reach so far.
    static errc read(const value_view& v, std::chrono::sys_time<Duration>& out) noexcept {
        if (const errc e = detail::check(v, expected); e != errc{}) {
            return e;
        }
        const std::chrono::milliseconds ms{detail::load<std::int64_t>(v.raw().data())};
        if constexpr (std::is_same_v<Duration, std::chrono::milliseconds>) {
            out = std::chrono::sys_time<Duration>{ms};
        } else {
            constexpr auto lowest = std::chrono::duration<long double, std::milli>(Duration::min());
            constexpr auto highest =
                std::chrono::duration<long double, std::milli>(Duration::max());
            const std::chrono::duration<long double, std::milli> exact = ms;
            if (exact < lowest || exact > highest) {
                return errc::out_of_range;
            }
            out = std::chrono::sys_time<Duration>{std::chrono::floor<Duration>(ms)};
        }
        return errc{};
    }
};

template <>
struct value_reader<decimal128> : detail::expects<type::decimal128> {
    static errc read(const value_view& v, decimal128& out) noexcept {
        const errc e = detail::check(v, expected);
        if (e == errc{}) {
            const auto* p = v.raw().data();
            out = {detail::load<std::uint64_t>(p + 8), detail::load<std::uint64_t>(p)};
        }
        return e;
    }
};

template <>
struct value_reader<timestamp> : detail::expects<type::timestamp> {
    static errc read(const value_view& v, timestamp& out) noexcept {
        const errc e = detail::check(v, expected);
        if (e == errc{}) {
            const auto* p = v.raw().data();
            out = {detail::load<std::uint32_t>(p + 4), detail::load<std::uint32_t>(p)};
        }
        return e;
    }
};

template <>
struct value_reader<binary_view> : detail::expects<type::binary> {
    static errc read(const value_view& v, binary_view& out) noexcept {
        return detail::read_binary(v, out);
    }
};

template <>
struct value_reader<uuid> : detail::expects<type::binary> {
    /// `wrong_type` for binary of another subtype or length.
    static errc read(const value_view& v, uuid& out) noexcept {
        binary_view bytes;
        if (const errc e = detail::read_binary(v, bytes); e != errc{}) {
            return e;
        }
        if (bytes.subtype != binary_subtype::uuid || bytes.bytes.size() != 16) {
            return errc::wrong_type;
        }
        out = uuid(bytes.bytes.first<16>());
        return errc{};
    }
};

template <>
struct value_reader<regex_view> : detail::expects<type::regex> {
    static errc read(const value_view& v, regex_view& out) noexcept {
        return detail::read_regex(v, out);
    }
};
template <>
struct value_reader<db_pointer_view> : detail::expects<type::db_pointer> {
    static errc read(const value_view& v, db_pointer_view& out) noexcept {
        return detail::read_db_pointer(v, out);
    }
};
template <>
struct value_reader<code_with_scope_view> : detail::expects<type::code_with_scope> {
    static errc read(const value_view& v, code_with_scope_view& out) noexcept {
        return detail::read_code_with_scope(v, out);
    }
};

namespace detail {
template <typename T, bson::type Type>
struct unit_reader : expects<Type> {
    static errc read(const value_view& v, T&) noexcept { return check(v, Type); }
};
template <typename Owner, typename View>
struct owning_reader : expects<value_reader<View>::expected> {
    static errc read(const value_view& v, Owner& out) {
        View view{};
        const errc e = value_reader<View>::read(v, view);
        if (e == errc{}) {
            out = Owner(view);
        }
        return e;
    }
};
}  // namespace detail

template <>
struct value_reader<null> : detail::unit_reader<null, type::null> {};
template <>
struct value_reader<undefined> : detail::unit_reader<undefined, type::undefined> {};
template <>
struct value_reader<min_key> : detail::unit_reader<min_key, type::min_key> {};
template <>
struct value_reader<max_key> : detail::unit_reader<max_key, type::max_key> {};
template <>
struct value_reader<std::string> : detail::owning_reader<std::string, std::string_view> {};
template <>
struct value_reader<binary> : detail::owning_reader<binary, binary_view> {};
template <>
struct value_reader<regex> : detail::owning_reader<regex, regex_view> {};
template <>
struct value_reader<code> : detail::owning_reader<code, code_view> {};
template <>
struct value_reader<symbol> : detail::owning_reader<symbol, symbol_view> {};
template <>
struct value_reader<db_pointer> : detail::owning_reader<db_pointer, db_pointer_view> {};

template <readable T>
struct value_reader<std::optional<T>> : detail::expects<value_reader<T>::expected> {
    static errc read(const value_view& v, std::optional<T>& out) {
        out.reset();
        if (v.is_null() || v.missing_reason() == errc::key_not_found) {
            return errc{};
        }
        return value_reader<T>::read(v, out.emplace());
    }
};

}  // namespace mongoro::bson
