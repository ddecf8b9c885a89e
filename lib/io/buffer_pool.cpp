#include "io/buffer_pool.hpp"

#include "io/thread_id.hpp"

#include <mongoro/detail/sanitized.hpp>

#include <sys/mman.h>

#include <bit>
#include <new>

namespace mongoro::io {

namespace impl {

constexpr std::size_t class_count =
    std::countr_zero(buffer_pool::largest) - std::countr_zero(buffer_pool::smallest) + 1;
constexpr std::uint32_t no_class = class_count;

/// Lives until the pool and every buffer of it are gone.
struct buffer_shared {
    std::atomic<std::size_t> references{1};
    std::atomic<thread_id> owner{no_thread};  // whose the lists are; none: closed or unbound
    std::size_t cap = 0;
    std::size_t warm = 0;
    std::array<buffer_header*, class_count> free{};

    void drop() noexcept {
        if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            delete this;
        }
    }
};

namespace {

/// From here on a block is a mapping of its own, which asks for large pages: a look into each
/// document of a reply of 16 MB waits for a page table else, and a cursor's views take 1.3 times as
/// long. Blocks of the heap would leave that wish behind to whatever lies there next.
constexpr std::size_t least_mapped = std::size_t{4} << 20;

constexpr bool is_mapped(std::size_t capacity) noexcept {
    return MONGORO_DETAIL_SANITIZED == 0 && capacity >= least_mapped;
}

constexpr std::size_t size_of_block(std::size_t capacity) noexcept {
    return sizeof(buffer_header) + capacity;
}

void* take_block(std::size_t capacity) {
    if (!is_mapped(capacity)) {
        return ::operator new(size_of_block(capacity), std::align_val_t(alignof(buffer_header)));
    }
    void* const block = ::mmap(nullptr, size_of_block(capacity), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        throw std::bad_alloc();
    }
    // A system that has none refuses, and nothing is lost.
    static_cast<void>(::madvise(block, size_of_block(capacity), MADV_HUGEPAGE));
    return block;
}

void free_block(buffer_header* h) noexcept {
    if (is_mapped(h->capacity)) {
        ::munmap(h, size_of_block(h->capacity));
    } else {
        ::operator delete(static_cast<void*>(h), std::align_val_t(alignof(buffer_header)));
    }
}

}  // namespace

[[gnu::hot]] void release_buffer(buffer_header* h) noexcept {
    buffer_shared* pool = h->pool;
    if (h->size_class != no_class &&
        pool->owner.load(std::memory_order_relaxed) == this_thread_id() &&
        pool->warm + h->capacity <= pool->cap) {
        h->next = pool->free[h->size_class];
        pool->free[h->size_class] = h;
        pool->warm += h->capacity;
        return;  // it keeps its share of the pool's record
    }
    free_block(h);
    pool->drop();
}

}  // namespace impl

buffer_pool::buffer_pool(std::size_t warm_bytes) : shared_(new impl::buffer_shared) {
    shared_->cap = warm_bytes;
}

buffer_pool::~buffer_pool() {
    shared_->owner.store(no_thread, std::memory_order_relaxed);
    trim();
    shared_->drop();
}

void buffer_pool::bind() noexcept {
    shared_->owner.store(name_this_thread(), std::memory_order_relaxed);
}

std::size_t buffer_pool::warm_bytes() const noexcept {
    return shared_->warm;
}

void buffer_pool::trim() noexcept {
    for (auto*& list : shared_->free) {
        while (list != nullptr) {
            auto* h = std::exchange(list, list->next);
            impl::free_block(h);
            shared_->drop();
        }
    }
    shared_->warm = 0;
}

[[gnu::hot]] buffer buffer_pool::take(std::size_t size) {
    std::uint32_t size_class = impl::no_class;
    if (size <= largest) {
        const std::size_t rounded = size <= smallest ? smallest : std::bit_ceil(size);
        size_class =
            static_cast<std::uint32_t>(std::countr_zero(rounded) - std::countr_zero(smallest));
        size = rounded;
        if (auto* h = shared_->free[size_class]) {
            shared_->free[size_class] = h->next;
            shared_->warm -= h->capacity;
            h->references.store(1, std::memory_order_relaxed);
            return buffer(h);
        }
    }
    if (size > static_cast<std::size_t>(-1) / 2) {
        throw std::bad_alloc();
    }
    void* const block = impl::take_block(size);
    auto* h = new (block) impl::buffer_header{{1}, size_class, size, shared_, nullptr};
    shared_->references.fetch_add(1, std::memory_order_relaxed);
    return buffer(h);
}

}  // namespace mongoro::io
