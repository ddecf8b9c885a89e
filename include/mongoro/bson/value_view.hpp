#pragma once

// `document_view`, `array_view`, `value_view` and their iterator name each other, so each of the
// three headers gives all.
#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/types.hpp>
#include <mongoro/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace mongoro::bson {

/// How a C++ type is read from BSON; specialise it to add one.
///
/// Needs `static constexpr bson::type expected` (what the error message asks for) and
/// `static errc read(const value_view&, T&)`, which gives `errc{}` or what is wrong.
template <typename T>
struct value_reader;

/// A type that `value_view::get` can give.
template <typename T>
concept readable = requires(const value_view& v, T& out) {
    { value_reader<T>::read(v, out) } -> std::same_as<errc>;
    { value_reader<T>::expected } -> std::convertible_to<bson::type>;
};

/// One value of a document, still in its bytes: key, type and place. Decoded when it is asked for.
///
/// Also the answer to a key that is not there (`exists() == false`) and to bytes that cannot be
/// read
/// (`malformed()`). It must not outlive the document's bytes, nor the key that it was asked for
/// with.
class value_view {
 public:
    /// A value that is not there.
    constexpr value_view() noexcept = default;

    [[nodiscard]] constexpr bool exists() const noexcept { return state_ == state::present; }
    constexpr explicit operator bool() const noexcept { return exists(); }
    /// Whether the walk to it met bytes that are not BSON.
    [[nodiscard]] constexpr bool malformed() const noexcept { return state_ == state::malformed; }
    /// Its type; `bson::type{}` if it does not exist.
    [[nodiscard]] constexpr bson::type type() const noexcept { return type_; }
    [[nodiscard]] constexpr bool is_null() const noexcept { return type_ == bson::type::null; }
    /// Its key in the document, or the one that was asked for.
    [[nodiscard]] constexpr std::string_view key() const noexcept { return {key_, key_size_}; }
    /// The bytes of the value alone, without type and key; within bounds, otherwise unchecked.
    [[nodiscard]] constexpr std::span<const std::uint8_t> raw() const noexcept {
        return {data_, size_};
    }

    /// The value as a `T`; throws `mongoro::exception` with a message such as
    /// `address.zip: expected string, got int32`.
    ///
    /// `T` is a type of `types.hpp`, `bool`, an integer or floating type, `std::string_view`,
    /// `std::string`, a document or an array (views do not copy), or `std::optional` of one, which
    /// is empty for null and for a missing key. Numbers convert between int32, int64 and double
    /// where nothing is lost, otherwise `errc::out_of_range` (a `float` rounds). Never from a
    /// string, a boolean or a decimal128. Errors: `key_not_found`, `wrong_type`, `out_of_range`,
    /// `malformed_bson`.
    template <readable T>
    [[nodiscard]] T get() const {
        T out{};
        if (const errc e = read(out); e != errc{}) [[unlikely]] {
            mongoro::detail::throw_error(make_error(e, value_reader<T>::expected));
        }
        return out;
    }

    /// As `get`, with the error as a value. Throws `std::bad_alloc` at most.
    template <readable T>
    [[nodiscard]] result<T> try_get() const {
        T out{};
        if (const errc e = read(out); e != errc{}) [[unlikely]] {
            return make_error(e, value_reader<T>::expected);
        }
        return result<T>(std::move(out));
    }

    /// The value, or `other` if it is not there, has another type, or does not fit.
    template <readable T>
    [[nodiscard]] T get_or(T other) const {
        T out{};
        return read(out) == errc{} ? out : other;
    }

    /// The cheapest form: `errc{}` and the value in `out`, or what is wrong. Builds no message.
    template <readable T>
    [[nodiscard]] errc read(T& out) const {
        return value_reader<T>::read(*this, out);
    }

    /// The value of that key in this document; missing if this one is missing, an error to read if
    /// this one is no document. Keeps the whole path for messages.
    [[nodiscard]] value_view operator[](std::string_view key) const noexcept;
    /// The element at that place of this array.
    [[nodiscard]] value_view at(std::size_t index) const noexcept;
    /// The same: `order["items"][0]["name"]`.
    template <typename Index>
        requires(std::same_as<Index, int> || std::same_as<Index, std::size_t>)
    [[nodiscard]] value_view operator[](Index index) const noexcept {
        return at(static_cast<std::size_t>(index));
    }
    /// The elements of this document or array, which know the whole path; none for other types.
    [[nodiscard]] element_iterator begin() const noexcept;
    [[nodiscard]] element_iterator end() const noexcept;

    /// Its place from the document that the walk began with: `address.lines.0`.
    [[nodiscard]] std::string path() const;
    /// The error that `get` would throw for `e`, with the path and both types in it.
    [[nodiscard]] error make_error(errc e, bson::type expected) const;
    /// Why it cannot be used at all: `errc{}` if it exists.
    [[nodiscard]] constexpr errc missing_reason() const noexcept {
        switch (state_) {
            case state::present:
                return errc{};
            case state::missing:
                return errc::key_not_found;
            case state::wrong_parent:
                return errc::wrong_type;
            case state::malformed:
                break;
        }
        return errc::malformed_bson;
    }

    /// The same type and the same bytes; keys do not matter.
    friend bool operator==(const value_view& a, const value_view& b) noexcept {
        return a.state_ == b.state_ && a.type_ == b.type_ && detail::same_bytes(a.raw(), b.raw());
    }

 private:
    friend class document_view;
    friend class array_view;
    friend class element_iterator;

    enum class state : std::uint8_t { missing, present, malformed, wrong_parent };

    value_view(std::span<const std::uint8_t> value, bson::type t, std::string_view key,
               document_view root, state s) noexcept
        : data_(value.data()),
          key_(key.data()),
          root_(root.data()),
          size_(static_cast<std::uint32_t>(value.size())),
          key_size_(static_cast<std::uint32_t>(key.size())),
          root_size_(static_cast<std::uint32_t>(root.size())),
          type_(t),
          state_(s) {}
    static value_view missing(const std::uint8_t* parent, std::string_view key, document_view root,
                              state s) noexcept {
        return {{parent, std::size_t{0}}, bson::type{}, key, root, s};
    }
    [[nodiscard]] document_view root() const noexcept { return {root_, root_size_}; }
    [[nodiscard]] value_view of_wrong_parent() const noexcept;
    static value_view find(document_view in, std::string_view key,
                           const document_view& root) noexcept;
    static value_view find_at(document_view in, std::size_t index, document_view root) noexcept;

    const std::uint8_t* data_ = nullptr;  // the value; of a missing one the document it is not in
    const char* key_ = nullptr;
    const std::uint8_t* root_ = nullptr;  // where the walk began: the path is found again from it
    std::uint32_t size_ = 0;
    std::uint32_t key_size_ = 0;
    std::uint32_t root_size_ = 0;
    bson::type type_{};
    state state_ = state::missing;
};

/// The order in which the server sorts values; keys do not matter. See `compare(document_view)`.
[[nodiscard]] std::weak_ordering compare(const value_view& a, const value_view& b) noexcept;

/// A member of a document or array, for loops: `for (auto [key, value] : view)`.
class element {
 public:
    constexpr element() noexcept = default;
    constexpr explicit element(const value_view& value) noexcept : value_(value) {}

    [[nodiscard]] constexpr std::string_view key() const noexcept { return value_.key(); }
    [[nodiscard]] constexpr bson::type type() const noexcept { return value_.type(); }
    [[nodiscard]] constexpr const value_view& value() const noexcept { return value_; }
    [[nodiscard]] constexpr bool malformed() const noexcept { return value_.malformed(); }

    template <std::size_t I>
    [[nodiscard]] constexpr auto get() const noexcept {
        if constexpr (I == 0) {
            return key();
        } else {
            return value();
        }
    }

 private:
    friend class element_iterator;
    value_view value_;
};

}  // namespace mongoro::bson

template <>
struct std::tuple_size<mongoro::bson::element> : std::integral_constant<std::size_t, 2> {};
template <>
struct std::tuple_element<0, mongoro::bson::element> {
    using type = std::string_view;
};
template <>
struct std::tuple_element<1, mongoro::bson::element> {
    using type = mongoro::bson::value_view;
};

#include <mongoro/bson/detail/walk.hpp>
