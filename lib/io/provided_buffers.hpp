#pragma once

#include "io/buffer_pool.hpp"

#include <liburing.h>

#include <array>
#include <cstddef>
#include <memory>

namespace mongoro::io {

/// The buffers that a ring chooses from when bytes arrive for a receive that brought none: so a
/// connection that waits holds no buffer. They come from the reactor's pool and are as large as its
/// smallest; there are a few at first, and after each turn in which the ring ran out as many more
/// as were missing, up to `most` (4 MiB in all). Needs Linux 5.19. On the reactor's thread.
class provided_buffers {
 public:
    static constexpr unsigned first = 8;
    static constexpr unsigned most = 256;
    static constexpr unsigned short group = 0;

    provided_buffers() noexcept = default;
    provided_buffers(const provided_buffers&) = delete;
    provided_buffers& operator=(const provided_buffers&) = delete;
    /// After the ring's end.
    ~provided_buffers();

    /// Registers them, once the ring is enabled. Where the kernel refuses, there are none.
    void open(io_uring& ring, buffer_pool& pool) noexcept;
    [[nodiscard]] bool is_open() const noexcept { return ring_ != nullptr; }
    /// The buffer that the ring has chosen; another one takes its place.
    [[nodiscard]] buffer take(unsigned id) noexcept;
    /// The ring has `more` buffers from now on.
    void grow(unsigned more) noexcept;
    /// The kernel may use them for ever: they are never freed.
    void leak() noexcept;

 private:
    using buffers = std::array<buffer, most>;

    bool provide(unsigned id) noexcept;

    buffer_pool* pool_ = nullptr;
    io_uring_buf_ring* ring_ = nullptr;
    std::unique_ptr<buffers> held_;
    unsigned count_ = 0;  // ids that are in use, from 0
};

}  // namespace mongoro::io
