#pragma once

#include <mongoro/detail/buffer.hpp>

#include <cstddef>

namespace mongoro::io {

/// A reactor's receive buffers, in classes of powers of two from 16 KiB to 64 MiB; larger ones are
/// made to measure and never kept. A buffer that comes back on the pool's own thread is kept warm
/// as long as all of the kept ones stay within the cap; on another thread it goes straight to the
/// heap.
class buffer_pool {
 public:
    static constexpr std::size_t smallest = std::size_t{16} << 10;
    static constexpr std::size_t largest = std::size_t{64} << 20;

    explicit buffer_pool(std::size_t warm_bytes);
    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;
    ~buffer_pool();

    /// At least `size` bytes. Throws `std::bad_alloc`. On the pool's thread.
    [[nodiscard]] buffer take(std::size_t size);
    /// The thread that calls this is the pool's from now on.
    void bind() noexcept;
    /// Bytes kept for the next user. On the pool's thread.
    [[nodiscard]] std::size_t warm_bytes() const noexcept;
    /// Frees all that is kept.
    void trim() noexcept;

 private:
    impl::buffer_shared* shared_;
};

}  // namespace mongoro::io
