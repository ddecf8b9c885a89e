#pragma once

#include <mongoro/bson/codec_context.hpp>
#include <mongoro/bson/codec_fields.hpp>
#include <mongoro/bson/codec_kind.hpp>
#include <mongoro/bson/codec_read.hpp>
#include <mongoro/bson/codec_write.hpp>
#include <mongoro/bson/document.hpp>
#include <mongoro/bson/value.hpp>
#include <mongoro/result.hpp>

#include <concepts>
#include <string_view>
#include <type_traits>

namespace mongoro::bson {

/// How a T is stored as a BSON value. Specialise it for a class that is not a plain struct:
///
///     template <>
///     struct mongoro::bson::codec<money> {
///         static void encode(writer& w, std::string_view key, const money& m) {
///             w.append(key, m.to_string());
///         }
///         static bool decode(const value_view& v, money& out, decode_context& context) {
///             std::string text;
///             return codec<std::string>::decode(v, text, context) &&
///                    (out.parse(text) || context.fail(errc::out_of_range, "not an amount"));
///         }
///     };
///
/// `encode` appends exactly one element; an error goes to `writer::fail`. `decode` gets a value
/// that exists and is within bounds, returns true, or false after `decode_context::fail`; the path
/// in front of the message is not its business. A specialisation takes precedence over all of the
/// below.
///
/// What needs none:
///
/// | C++ | BSON |
/// |-----|------|
/// | `bool` | boolean |
/// | signed to 32 bits, unsigned to 16 bits | int32 |
/// | `long`, `std::int64_t`, unsigned 32, 64 | int64; over its range `errc::out_of_range` |
/// | `float`, `double` | double; a float is rounded when it is read |
/// | enumerations | as their integer; by name: see `enum_by_name` |
/// | `std::string` | string; UTF-8 is not checked here |
/// | `std::chrono::sys_time` of any duration | date, rounded down to milliseconds |
/// | `std::chrono::duration` | its count, in its own unit: int64, or double |
/// | `object_id`, `decimal128`, `uuid`, `binary`, `regex`, ... | the type of that name |
/// | `document`, `array`, `value` | themselves, copied |
/// | `std::optional` | nothing if empty (null in an array or a map) |
/// | `std::unique_ptr`, `std::shared_ptr` | as `std::optional` |
/// | vector, deque, list, set, `std::array` | array; the last of exactly its size |
/// | `std::map`, `std::unordered_map` of string | document |
/// | `std::variant` | its alternative; read by the BSON type alone |
/// | a plain struct, to 64 fields | document, see `fields` |
/// | `std::string_view` and other views | stored; read only where `borrows` allows it |
///
/// Reading: numbers convert between int32, int64 and double where nothing is lost. Unknown keys are
/// ignored; of two equal keys the first counts. A null is read by `std::optional` and pointers
/// alone. A missing key is an error, except for those and where a rule of `fields` says otherwise.
/// Members are read in place, into `T{}`: everything in it must be default-constructible.
template <typename T>
struct codec {
    using is_not_specialised = void;

    static void encode(writer& w, std::string_view key, const T& value) {
        detail::write_value(w, key, value);
    }
    static bool decode(const value_view& v, T& out, decode_context& context) {
        if (!v.exists()) {
            if constexpr (detail::is_optional<T> || detail::is_pointer<T>) {
                if (!v.malformed()) {
                    out.reset();
                    return true;
                }
            }
            return context.fail(v.missing_reason(),
                                v.malformed() ? "malformed BSON" : "key not found");
        }
        const auto raw = v.raw();
        return detail::read_value(
                   context, {raw.data() - v.key().size() - 2, raw.data(), raw.data() + raw.size()},
                   out) != nullptr;
    }
};

/// A value of any type: one that holds nothing is stored as null.
template <>
struct codec<value> {
    static void encode(writer& w, std::string_view key, const value& v) {
        if (v.exists()) {
            w.append(key, v.view());
        } else {
            w.append_null(key);
        }
    }
    static bool decode(const value_view& v, value& out, decode_context&) {
        out = value(v);
        return true;
    }
};

/// A type that `encode` and `encode_document` take. Of a struct's members it says nothing: they are
/// looked at when one is encoded, and what is wrong then is said in words.
template <typename T>
concept encodable = detail::kind_of<T> != detail::codec_kind::unsupported;

/// A type that `decode` gives. As `encodable`, and it can be made without arguments.
template <typename T>
concept decodable = encodable<T> && std::default_initializable<T> && !std::is_array_v<T>;

/// A type that is stored as a whole document: what a collection can hold.
template <typename T>
concept document_like = encodable<T> && (detail::kind_of<T> == detail::codec_kind::structure ||
                                         detail::kind_of<T> == detail::codec_kind::map ||
                                         detail::kind_of<T> == detail::codec_kind::custom ||
                                         std::convertible_to<const T&, document_view>);

namespace detail {

/// The functions below take any type and say in words what is wrong with it: a concept that is not
/// satisfied says less.
template <typename T>
consteval void check_document_like() {
    check_supported<T>();
    static_assert(!encodable<T> || document_like<T>,
                  "mongoro: this type is a BSON value but no document; a struct, a map, a "
                  "bson::document or a view of one is");
}

template <typename T>
inline constexpr bool is_raw_document = std::convertible_to<const T&, document_view>;

/// A codec of the user's own knows values, not documents: the document is taken out of an element.
template <typename T>
void write_custom_elements(writer& w, const T& value) {
    byte_buffer scratch;
    writer inner(scratch);
    inner.begin_document();
    codec<T>::encode(inner, "", value);
    inner.end();
    if (!inner.ok()) {
        return w.fail(inner.code());
    }
    const value_view v = inner.view()[""];
    document_view elements;
    if (const errc e = v.read(elements); e != errc{}) {
        return w.fail(e);
    }
    w.append_elements(elements);
}

template <typename T>
bool read_custom_document(decode_context& context, document_view from, T& out) {
    byte_buffer scratch;
    writer w(scratch);
    w.begin_document();
    w.append("", from);
    w.end();
    return codec<T>::decode(w.view()[""], out, context);
}

}  // namespace detail

/// Appends the elements of a document-like value to the document that `w` has open.
template <typename T>
void encode_elements(writer& w, const T& value) {
    detail::check_document_like<T>();
    if constexpr (detail::is_raw_document<T>) {
        w.append_elements(static_cast<document_view>(value));
    } else if constexpr (detail::kind_of<T> == detail::codec_kind::custom) {
        detail::write_custom_elements(w, value);
    } else if constexpr (detail::kind_of<T> == detail::codec_kind::map) {
        for (const auto& [key, item] : value) {
            detail::write_value(w, key, item);
        }
    } else {
        detail::write_members(w, value);
    }
}

namespace detail {

/// A document of what `begin(writer&)` writes and of the value's own elements.
template <typename T, typename Begin>
[[nodiscard]] result<void> encode_elements_after(const T& value, byte_buffer& out, Begin begin) {
    writer w(out);
    w.begin_document();
    begin(w);
    encode_elements(w, value);
    w.end();
    if (!w.ok()) {
        const error e = w.error();
        w.rollback();
        return e;
    }
    return {};
}

}  // namespace detail

/// Appends the whole value as one document, after what the buffer has. A `document` or a view of
/// one is copied as it is.
///
/// Errors, after which the buffer is as it was: `out_of_range` (a number that int64 cannot hold, an
/// enumerator without a name), `embedded_nul` and `invalid_utf8` (a key of a map), `too_deep`,
/// `document_too_large` (BSON's own 2 GiB; the server's limit is not known here), and what a codec
/// of the user's own reports. One capacity check for a struct of numbers, dates, ids, strings,
/// vectors of these and structs of these.
template <typename T>
[[nodiscard]] result<void> encode_document(const T& value, byte_buffer& out) {
    detail::check_document_like<T>();
    if constexpr (detail::is_raw_document<T>) {
        const document_view view = value;
        out.append(view.data(), view.size());
        return {};
    } else {
        return detail::encode_elements_after(value, out, [](writer&) {});
    }
}

/// Appends one element with the value to the document that `w` has open. Errors stick to the
/// writer.
template <typename T>
void encode(writer& w, std::string_view key, const T& value) {
    detail::write_value(w, key, value);
}

/// Reads a document into `out`, which should be new: members that may be missing keep what they
/// have.
///
/// The message of an error names the path: `address.zip: expected string, got int32`
/// (`wrong_type`), `address.zip: key not found` (`key_not_found`), `tags.3: out of range for int32`
/// (`out_of_range`); also `malformed_bson` and `too_deep` (over 200 levels). It never quotes a
/// value. After an error `out` is valid but has only some of the data. One walk over the bytes, up
/// to the last member; no allocation but the members' own.
template <typename T>
[[nodiscard]] result<void> decode_document(document_view from, T& out) {
    detail::check_document_like<T>();
    if constexpr (std::same_as<T, document_view>) {
        out = from;
        return {};
    } else if constexpr (detail::is_raw_document<T>) {
        out = T(from);
        return {};
    } else {
        decode_context context;
        bool done = false;
        if (from.size() < 5 || from.data()[from.size() - 1] != 0) [[unlikely]] {
            context.fail(errc::malformed_bson, "malformed BSON");
        } else if constexpr (detail::kind_of<T> == detail::codec_kind::custom) {
            done = detail::read_custom_document(context, from, out);
        } else {
            const std::uint8_t* const first = from.data() + 4;
            const std::uint8_t* const last = from.data() + from.size() - 1;
            if constexpr (detail::kind_of<T> == detail::codec_kind::map) {
                done = detail::read_map_members(context, first, last, out);
            } else {
                done = detail::read_members(context, first, last, out);
            }
        }
        if (!done) [[unlikely]] {
            return context.error();
        }
        return {};
    }
}

/// The document as a T. Errors as above. `document_view` gives the view itself, `document` a copy.
template <typename T>
[[nodiscard]] result<T> decode_document(document_view from) {
    detail::check_document_like<T>();
    static_assert(std::default_initializable<T>,
                  "mongoro: a type that is decoded has to be default-constructible");
    if constexpr (std::same_as<T, document_view>) {
        return from;
    } else if constexpr (detail::is_raw_document<T>) {
        return T(from);
    } else {
        result<T> out(T{});
        if (auto done = decode_document(from, *out); !done) [[unlikely]] {
            return done.error();
        }
        return out;
    }
}

/// One value as a T; the message of an error begins with the whole path of `v`.
template <typename T>
[[nodiscard]] result<T> decode(const value_view& v) {
    detail::check_supported<T>();
    static_assert(std::default_initializable<T>,
                  "mongoro: a type that is decoded has to be default-constructible");
    result<T> out(T{});
    decode_context context;
    if (!codec<T>::decode(v, *out, context)) [[unlikely]] {
        context.prepend(v.path());
        return context.error();
    }
    return out;
}

}  // namespace mongoro::bson
