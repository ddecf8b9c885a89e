#pragma once

#include <mongoro/bson/types.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace mongoro::bson {

class value_view;
class element;
class element_iterator;

namespace detail {
/// The empty document: what every default view shows.
inline constexpr std::uint8_t empty_document_bytes[5] = {5, 0, 0, 0, 0};
}  // namespace detail

/// A BSON document in memory that somebody else owns: a pointer and a length, cheap to copy.
///
/// The bytes must outlive the view and all that was read through it. Nothing is checked up front:
/// every read checks the bounds of the element it touches, so that malformed bytes give
/// `errc::malformed_bson` and never an access out of range. `validate()` checks all at once.
class document_view {
 public:
    using iterator = element_iterator;

    /// The empty document.
    constexpr document_view() noexcept = default;
    /// Bytes that are already framed: `size` readable bytes, whose first four say `size`. Bytes
    /// from outside go through `from_bytes`.
    constexpr document_view(const std::uint8_t* data, std::size_t size) noexcept
        : data_(data), size_(size) {}

    /// Checks the frame: the length in the first four bytes is `bytes.size()`, and a NUL ends it.
    /// Otherwise `errc::malformed_bson`.
    [[nodiscard]] static result<document_view> from_bytes(std::span<const std::uint8_t> bytes);

    [[nodiscard]] constexpr const std::uint8_t* data() const noexcept { return data_; }
    /// In bytes, the frame included: 5 for the empty document.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr std::span<const std::uint8_t> bytes() const noexcept {
        return {data_, size_};
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ <= 5; }

    /// The elements in their order. Where the bytes are malformed the walk ends with one element
    /// whose value is `malformed()`: reading that value is the error.
    [[nodiscard]] inline element_iterator begin() const noexcept;
    [[nodiscard]] inline element_iterator end() const noexcept;

    /// The first element of that key, found by a walk; without one a value with `exists() ==
    /// false`. The value keeps `key` for its error message: the characters must outlive it.
    [[nodiscard]] inline value_view operator[](std::string_view key) const noexcept;
    [[nodiscard]] inline bool contains(std::string_view key) const noexcept;
    /// How many elements it has, by a walk.
    [[nodiscard]] std::size_t count() const noexcept;

    /// The same bytes: the same keys in the same order, values of the same types. For the server's
    /// idea of equality, where the types of numbers do not matter, see `compare`.
    friend bool operator==(document_view a, document_view b) noexcept {
        return detail::same_bytes(a.bytes(), b.bytes());
    }

 private:
    const std::uint8_t* data_ = detail::empty_document_bytes;
    std::size_t size_ = sizeof detail::empty_document_bytes;
};

/// The order in which the server sorts documents: element by element, by the type's rank, then by
/// the key, then by the value; numbers compare as numbers whatever their types.
///
/// Malformed bytes have an unspecified place in the order. NaN is less than every other number.
[[nodiscard]] std::weak_ordering compare(document_view a, document_view b) noexcept;

}  // namespace mongoro::bson

namespace mongoro {
using bson::document_view;
}

#include <mongoro/bson/array_view.hpp>  // and through it value_view.hpp: each names the others
