#pragma once

#include <mongoro/bson/document.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace mongoro::bson {

/// A BSON array that owns its bytes; see `document`. A moved-from array is empty, and counts from
/// "0" again.
class array {
 public:
    using iterator = element_iterator;

    array() noexcept = default;
    /// Copies the bytes.
    explicit array(array_view view) : storage_(view.as_document()), counted_(false) {}
    /// Takes over the bytes of exactly one array; not checked.
    explicit array(byte_buffer&& bytes) noexcept : storage_(std::move(bytes)), counted_(false) {}

    array(const array&) = default;
    array(array&& other) noexcept
        : storage_(std::move(other.storage_)),
          next_(std::exchange(other.next_, {})),
          counted_(std::exchange(other.counted_, true)) {}
    array& operator=(const array&) = default;
    array& operator=(array&& other) noexcept {
        array taken(std::move(other));
        storage_ = std::move(taken.storage_);
        next_ = taken.next_;
        counted_ = taken.counted_;
        return *this;
    }
    ~array() = default;

    [[nodiscard]] array_view view() const noexcept { return array_view(storage_.view()); }
    operator array_view() const noexcept { return view(); }  // NOLINT

    [[nodiscard]] const std::uint8_t* data() const noexcept { return view().data(); }
    /// In bytes; the number of elements is `count()`.
    [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return view().bytes(); }
    [[nodiscard]] bool empty() const noexcept { return view().empty(); }
    [[nodiscard]] std::size_t count() const noexcept { return view().count(); }
    [[nodiscard]] value_view at(std::size_t index) const noexcept { return view().at(index); }
    [[nodiscard]] value_view operator[](std::size_t index) const noexcept { return at(index); }
    [[nodiscard]] element_iterator begin() const noexcept { return view().begin(); }
    [[nodiscard]] element_iterator end() const noexcept { return {}; }

    /// Appends one element; errors as for `document::append`. It may be one of this array.
    template <writable T>
    array& append(const T& value) {
        count_up();
        storage_.append_element(this, next_, value);
        ++next_;
        return *this;
    }
    void clear() noexcept {
        storage_.clear();
        next_ = {};
        counted_ = true;
    }
    void reserve(std::size_t bytes) { storage_.reserve(bytes); }
    [[nodiscard]] byte_buffer release() {
        byte_buffer bytes = storage_.release();
        clear();
        return bytes;
    }

    friend bool operator==(const array& a, const array& b) noexcept { return a.view() == b.view(); }

 private:
    void count_up();

    document_storage storage_;
    index_key next_;
    bool counted_ = true;  // whether next_ is right: it is found by a walk when it is first needed
};

template <>
struct value_writer<array> {
    static void write(writer& w, std::string_view key, const array& v) { w.append_array(key, v); }
};
template <>
struct value_reader<array> : detail::owning_reader<array, array_view> {};

}  // namespace mongoro::bson

namespace mongoro {
using bson::array;
}
