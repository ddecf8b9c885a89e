#pragma once

#include <atomic>
#include <cstdint>

namespace mongoro::io {

/// The process that it was made in, in the line of those that fork() made: by one load, without a
/// system call, it is known whether this is that process still. A child of vfork(), _Fork() or
/// clone(2) is not recognised. Any thread.
class process_generation {
 public:
    /// From the first one on, forks are counted.
    process_generation() noexcept;

    /// False in a child, and for ever there.
    [[nodiscard]] bool is_current() const noexcept {
        return mine_ == now_.load(std::memory_order_relaxed);
    }

 private:
    static std::atomic<std::uint32_t> now_;  // a child's is one more than its parent's

    std::uint32_t mine_;
};

}  // namespace mongoro::io
