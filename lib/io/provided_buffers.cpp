#include "io/provided_buffers.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <utility>

namespace mongoro::io {

namespace {

constexpr std::size_t ring_bytes = provided_buffers::most * sizeof(io_uring_buf);

}  // namespace

provided_buffers::~provided_buffers() {
    if (ring_ != nullptr) {
        ::munmap(static_cast<void*>(ring_), ring_bytes);
    }
}

void provided_buffers::open(io_uring& ring, buffer_pool& pool) noexcept {
    held_.reset(new (std::nothrow) buffers);
    void* const memory = held_ == nullptr ? MAP_FAILED
                                          : ::mmap(nullptr, ring_bytes, PROT_READ | PROT_WRITE,
                                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        held_.reset();
        return;
    }
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
    registration.ring_entries = most;
    registration.bgid = group;
    if (io_uring_register_buf_ring(&ring, &registration, 0) < 0) {
        ::munmap(memory, ring_bytes);
        held_.reset();
        return;
    }
    ring_ = static_cast<io_uring_buf_ring*>(memory);
    io_uring_buf_ring_init(ring_);
    pool_ = &pool;
    grow(first);
}

bool provided_buffers::provide(unsigned id) noexcept {
    auto& held = (*held_)[id];
    try {
        held = pool_->take(buffer_pool::smallest);
    } catch (const std::bad_alloc&) {
        return false;  // one less; the next time that the ring runs out it is tried again
    }
    io_uring_buf_ring_add(ring_, held.data(), static_cast<unsigned>(buffer_pool::smallest),
                          static_cast<unsigned short>(id), io_uring_buf_ring_mask(most), 0);
    io_uring_buf_ring_advance(ring_, 1);
    return true;
}

buffer provided_buffers::take(unsigned id) noexcept {
    buffer chosen = std::exchange((*held_)[id], {});
    provide(id);
    return chosen;
}

void provided_buffers::grow(unsigned more) noexcept {
    count_ = std::min(count_ + more, most);
    for (unsigned id = 0; id < count_; ++id) {
        if (!(*held_)[id] && !provide(id)) {
            return;
        }
    }
}

void provided_buffers::leak() noexcept {
    static_cast<void>(held_.release());
    ring_ = nullptr;
}

}  // namespace mongoro::io
