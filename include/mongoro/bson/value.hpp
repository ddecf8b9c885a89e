#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/value_view.hpp>

#include <cstdint>
#include <cstring>
#include <memory>

namespace mongoro::bson {

/// One BSON value that owns its bytes: an `_id`, an element of `distinct`.
///
/// An ObjectId, a number, a date and a short string are held without an allocation. A default one
/// holds nothing. Copyable; safe to read from any thread.
class value {
 public:
    value() noexcept = default;
    /// Copies; of a value that does not exist it makes an empty one.
    explicit value(const value_view& v) { assign(v); }
    value(const value& other) : value(other.view()) {}
    value(value&& other) noexcept { swap(other); }
    value& operator=(value other) noexcept {
        swap(other);
        return *this;
    }
    ~value() = default;

    /// Valid as long as this value is neither moved, assigned nor destroyed.
    [[nodiscard]] value_view view() const noexcept {
        return size_ == 0 ? value_view() : document_view(data(), size_)[key];
    }
    [[nodiscard]] bool exists() const noexcept { return size_ != 0; }
    [[nodiscard]] bson::type type() const noexcept { return view().type(); }
    /// As `value_view::get`.
    template <readable T>
    [[nodiscard]] T get() const {
        return view().template get<T>();
    }
    template <readable T>
    [[nodiscard]] result<T> try_get() const {
        return view().template try_get<T>();
    }

    friend bool operator==(const value& a, const value& b) noexcept { return a.view() == b.view(); }

 private:
    // The bytes are a document of one element, so that a view of them is an ordinary one.
    static constexpr std::string_view key = "_id";
    static constexpr std::size_t overhead = 4 + 1 + 4 + 1;
    static constexpr std::size_t inline_size = 32;

    [[nodiscard]] const std::uint8_t* data() const noexcept {
        return heap_ ? heap_.get() : inline_;
    }
    void assign(const value_view& v) {
        if (!v.exists()) {
            return;
        }
        const auto raw = v.raw();
        const auto size = static_cast<std::uint32_t>(raw.size() + overhead);
        if (size > inline_size) {
            heap_.reset(new std::uint8_t[size]);
        }
        std::uint8_t* at = heap_ ? heap_.get() : inline_;
        std::memcpy(at, &size, 4);
        at[4] = static_cast<std::uint8_t>(v.type());
        std::memcpy(at + 5, "_id", 4);
        if (!raw.empty()) {
            std::memcpy(at + 9, raw.data(), raw.size());
        }
        at[size - 1] = 0;
        size_ = size;
    }
    void swap(value& other) noexcept {
        std::swap(inline_, other.inline_);
        std::swap(size_, other.size_);
        heap_.swap(other.heap_);
    }

    std::uint8_t inline_[inline_size] = {};
    std::uint32_t size_ = 0;
    std::unique_ptr<std::uint8_t[]> heap_;
};

}  // namespace mongoro::bson
