#include <mongoro/bson/byte_buffer.hpp>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace mongoro::bson {

void byte_buffer::grow(std::size_t n) {
    if (n > static_cast<std::size_t>(-1) / 4 - size_) {
        throw std::bad_alloc();
    }
    constexpr std::size_t first = 128;  // most commands and small documents fit
    reallocate(std::max({first, size_ + n, capacity_ * 2}));
}

void byte_buffer::reallocate(std::size_t capacity) {
    void* const p = std::realloc(data_, capacity);
    if (p == nullptr) {
        throw std::bad_alloc();
    }
    data_ = static_cast<std::uint8_t*>(p);
    capacity_ = capacity;
}

void byte_buffer::release(std::uint8_t* data) noexcept {
    std::free(data);
}

}  // namespace mongoro::bson
