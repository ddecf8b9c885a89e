#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace mongoro::io {

namespace impl {
struct buffer_header;
struct buffer_shared;
void release_buffer(buffer_header* h) noexcept;

/// Stands before a buffer's bytes, in the same allocation.
struct alignas(64) buffer_header {
    std::atomic<std::uint32_t> references;
    std::uint32_t size_class;
    std::size_t capacity;
    buffer_shared* pool;
    buffer_header* next;
};
}  // namespace impl

/// A share of a block of uninitialised bytes. Copies share it; the last one gives it back. May
/// outlive its pool and its reactor, and be released on any thread. The bytes start on a cache
/// line.
class buffer {
 public:
    buffer() noexcept = default;
    buffer(const buffer& other) noexcept : header_(other.header_) {
        if (header_ != nullptr) {
            header_->references.fetch_add(1, std::memory_order_relaxed);
        }
    }
    buffer(buffer&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
    buffer& operator=(buffer other) noexcept {
        std::swap(header_, other.header_);
        return *this;
    }
    ~buffer() { reset(); }

    void reset() noexcept {
        if (header_ != nullptr) {
            // The last owner needs no atomic decrement: nobody else can be copying it.
            if (header_->references.load(std::memory_order_acquire) == 1 ||
                header_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                impl::release_buffer(header_);
            }
            header_ = nullptr;
        }
    }

    [[nodiscard]] explicit operator bool() const noexcept { return header_ != nullptr; }
    [[nodiscard]] std::uint8_t* data() const noexcept {
        return reinterpret_cast<std::uint8_t*>(header_ + 1);
    }
    /// At least what was asked for; 0 without a block.
    [[nodiscard]] std::size_t capacity() const noexcept {
        return header_ != nullptr ? header_->capacity : 0;
    }
    [[nodiscard]] std::span<std::uint8_t> bytes() const noexcept {
        return header_ != nullptr ? std::span(data(), capacity()) : std::span<std::uint8_t>();
    }
    /// Nobody else shares it: its bytes may be written again.
    [[nodiscard]] bool unique() const noexcept {
        return header_ != nullptr && header_->references.load(std::memory_order_acquire) == 1;
    }

 private:
    friend class buffer_pool;
    explicit buffer(impl::buffer_header* h) noexcept : header_(h) {}

    impl::buffer_header* header_ = nullptr;
};

}  // namespace mongoro::io
