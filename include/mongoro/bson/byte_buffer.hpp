#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace mongoro::bson {

/// A growable run of bytes that never fills new space with zeros, unlike a vector.
///
/// Grows at least twofold. Small blocks come from a free list of the thread, so that the documents
/// of a warm program cost no allocation. Movable; a moved-from buffer is empty. Throws
/// `std::bad_alloc` and nothing else.
class byte_buffer {
 public:
    byte_buffer() noexcept = default;
    byte_buffer(byte_buffer&& other) noexcept { swap(other); }
    byte_buffer& operator=(byte_buffer&& other) noexcept {
        byte_buffer(std::move(other)).swap(*this);
        return *this;
    }
    byte_buffer(const byte_buffer&) = delete;
    byte_buffer& operator=(const byte_buffer&) = delete;
    ~byte_buffer() {
        if (data_ != nullptr) {
            release(data_, capacity_);
        }
    }

    [[nodiscard]] std::uint8_t* data() noexcept { return data_; }
    [[nodiscard]] const std::uint8_t* data() const noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return {data_, size_}; }

    /// Forgets the bytes and keeps the space.
    void clear() noexcept { size_ = 0; }
    /// Space for `capacity` bytes in all.
    void reserve(std::size_t capacity) {
        if (capacity > capacity_) {
            reallocate(capacity);
        }
    }
    /// Cuts the end off; a size that is not smaller changes nothing.
    void truncate(std::size_t size) noexcept { size_ = size < size_ ? size : size_; }

    /// Where the next `n` bytes go, without counting them yet: see `commit`.
    [[nodiscard]] std::uint8_t* prepare(std::size_t n) {
        if (capacity_ - size_ < n) [[unlikely]] {
            grow(n);
        }
        return data_ + size_;
    }
    /// Counts `n` bytes that were written where `prepare` said.
    void commit(std::size_t n) noexcept { size_ += n; }

    /// Makes the buffer `n` bytes longer; returns where they start, uninitialised.
    std::uint8_t* extend(std::size_t n) {
        std::uint8_t* const p = prepare(n);
        size_ += n;
        return p;
    }
    /// Copies `bytes`, which must not lie in this buffer.
    void append(const void* bytes, std::size_t n) {
        if (n != 0) {
            std::memcpy(extend(n), bytes, n);
        }
    }
    void push_back(std::uint8_t byte) { *extend(1) = byte; }

    void swap(byte_buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

 private:
    void grow(std::size_t n);
    void reallocate(std::size_t capacity);
    static void release(std::uint8_t* data, std::size_t capacity) noexcept;

    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace mongoro::bson
