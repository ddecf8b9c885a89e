#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/detail/sanitized.hpp>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace mongoro::bson {

namespace {

// Most commands and small documents fit into the smallest block.
constexpr std::size_t smallest = 128;
constexpr std::size_t largest = 1024;
constexpr std::size_t class_count = std::bit_width(largest) - std::bit_width(smallest) + 1;
constexpr std::uint32_t most_kept = 32;  // a class

struct free_block {
    free_block* next;
};

struct block_lists {
    free_block* first[class_count];
    std::uint32_t count[class_count];
    // From the thread's first kept block to its end: what is given back later is freed.
    bool open;
    bool closed;
};

// Trivial, and so without a guard at each use; the closer frees what is in it.
constinit thread_local block_lists lists{};

struct closer {
    ~closer() {
        lists.open = false;
        lists.closed = true;
        for (auto*& first : lists.first) {
            while (first != nullptr) {
                std::free(std::exchange(first, first->next));
            }
        }
    }
};

[[gnu::noinline]] bool open_lists() noexcept {
    if (lists.closed) {
        return false;
    }
    thread_local const closer closes_at_thread_end;
    static_cast<void>(closes_at_thread_end);
    lists.open = true;
    return true;
}

constexpr bool is_kept(std::size_t capacity) noexcept {
    return MONGORO_DETAIL_SANITIZED == 0 && capacity <= largest && capacity >= smallest &&
           (capacity & (capacity - 1)) == 0;  // std::has_single_bit() counts the bits
}

std::size_t class_of(std::size_t capacity) noexcept {
    return static_cast<std::size_t>(std::bit_width(capacity) - std::bit_width(smallest));
}

std::uint8_t* take(std::size_t capacity) {
    if (is_kept(capacity)) {
        const std::size_t at = class_of(capacity);
        if (auto* const block = lists.first[at]) [[likely]] {
            lists.first[at] = block->next;
            --lists.count[at];
            return reinterpret_cast<std::uint8_t*>(block);
        }
    }
    auto* const block = static_cast<std::uint8_t*>(std::malloc(capacity));
    if (block == nullptr) {
        throw std::bad_alloc();
    }
    return block;
}

}  // namespace

[[gnu::hot]] void byte_buffer::grow(std::size_t n) {
    if (n > static_cast<std::size_t>(-1) / 4 - size_) {
        throw std::bad_alloc();
    }
    const std::size_t wanted = std::max({smallest, size_ + n, capacity_ * 2});
    reallocate(wanted <= largest ? std::bit_ceil(wanted) : wanted);
}

[[gnu::hot]] void byte_buffer::reallocate(std::size_t capacity) {
    if (data_ != nullptr && !is_kept(capacity_)) {
        void* const p = std::realloc(data_, capacity);
        if (p == nullptr) {
            throw std::bad_alloc();
        }
        data_ = static_cast<std::uint8_t*>(p);
    } else {
        std::uint8_t* const larger = take(capacity);
        if (data_ != nullptr) {
            std::memcpy(larger, data_, size_);
            release(data_, capacity_);
        }
        data_ = larger;
    }
    capacity_ = capacity;
}

[[gnu::hot]] void byte_buffer::release(std::uint8_t* data, std::size_t capacity) noexcept {
    if (is_kept(capacity) && (lists.open || open_lists())) {
        const std::size_t at = class_of(capacity);
        if (lists.count[at] < most_kept) {
            auto* const block = new (static_cast<void*>(data)) free_block{lists.first[at]};
            lists.first[at] = block;
            ++lists.count[at];
            return;
        }
    }
    std::free(data);
}

}  // namespace mongoro::bson
