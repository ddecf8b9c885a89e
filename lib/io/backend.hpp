#pragma once

#include "io/completion.hpp"

#include <chrono>
#include <cstddef>

namespace mongoro::io {

class stream;
class kernel_operation;

/// What a reactor waits with: the ring or epoll. One object a reactor; on the reactor's thread, but
/// `wake()`. Starting calls complete nothing; `turn()` does.
class backend {
 public:
    enum class wait { yes, no };

    backend() noexcept = default;
    backend(const backend&) = delete;
    backend& operator=(const backend&) = delete;
    virtual ~backend() = default;

    /// The calling thread becomes the one that submits. 0 or -errno.
    [[nodiscard]] virtual int bind() noexcept = 0;

    /// Whether a receive that is started now leaves it to `turn()` to find a buffer
    /// (`stream::choosing_`).
    [[nodiscard]] virtual bool chooses_buffers() const noexcept = 0;
    /// The stream's fields say what to do.
    virtual void start_send(stream& s) noexcept = 0;
    virtual void start_receive(stream& s) noexcept = 0;
    virtual void start_exchange(stream& s) noexcept = 0;
    virtual void start_connect(stream& s) noexcept = 0;
    virtual void cancel(stream& s) noexcept = 0;
    /// Before the descriptor is closed.
    virtual void forget(stream& s) noexcept = 0;

    virtual void start(kernel_operation& op) noexcept = 0;
    virtual void cancel(kernel_operation& op) noexcept = 0;

    /// One timeout for the earliest timer; replaces the one before. It makes
    /// `reactor_core::timers_due`.
    virtual void arm_timeout(std::chrono::steady_clock::time_point when) noexcept = 0;

    /// Submits what was prepared, waits for a completion if told to, completes all that ended; how
    /// many.
    virtual std::size_t turn(wait w) noexcept = 0;

    /// Submits what was prepared, and no more. False: the kernel did not take all of it.
    [[nodiscard]] virtual bool submit() noexcept = 0;

    /// The kernel may go on using what it was given: none of it is freed.
    virtual void leak() noexcept {}

    /// Ends a `turn()` that waits, and makes the native handle readable. From any thread and from
    /// signal handlers.
    virtual void wake() noexcept = 0;
    /// A descriptor to poll, or -errno.
    [[nodiscard]] virtual int native_handle() noexcept = 0;
};

}  // namespace mongoro::io
