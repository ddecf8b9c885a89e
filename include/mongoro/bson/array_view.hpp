#pragma once

#include <mongoro/bson/document_view.hpp>

namespace mongoro::bson {

/// A BSON array in memory that somebody else owns: a document whose keys are "0", "1", and so on.
///
/// As for `document_view`, nothing is checked before it is read. The keys are not looked at: an
/// element's index is its place.
class array_view {
 public:
    using iterator = element_iterator;

    constexpr array_view() noexcept = default;
    constexpr array_view(const std::uint8_t* data, std::size_t size) noexcept : view_(data, size) {}
    /// The same bytes, read as an array.
    constexpr explicit array_view(document_view view) noexcept : view_(view) {}

    /// As `document_view::from_bytes`.
    [[nodiscard]] static result<array_view> from_bytes(std::span<const std::uint8_t> bytes);

    [[nodiscard]] constexpr const std::uint8_t* data() const noexcept { return view_.data(); }
    /// In bytes, as of a document. The number of elements is `count()`.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return view_.size(); }
    [[nodiscard]] constexpr std::span<const std::uint8_t> bytes() const noexcept {
        return view_.bytes();
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return view_.empty(); }
    [[nodiscard]] constexpr document_view as_document() const noexcept { return view_; }

    [[nodiscard]] inline element_iterator begin() const noexcept;
    [[nodiscard]] inline element_iterator end() const noexcept;

    /// The element at that place, found by a walk; past the end a value with `exists() == false`.
    [[nodiscard]] value_view at(std::size_t index) const noexcept;
    [[nodiscard]] inline value_view operator[](std::size_t index) const noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return view_.count(); }

    friend bool operator==(array_view a, array_view b) noexcept { return a.view_ == b.view_; }

 private:
    document_view view_;
};

[[nodiscard]] inline std::weak_ordering compare(array_view a, array_view b) noexcept {
    return compare(a.as_document(), b.as_document());
}

}  // namespace mongoro::bson

namespace mongoro {
using bson::array_view;
}

#include <mongoro/bson/value_view.hpp>
