#pragma once

#include <atomic>
#include <memory>

namespace mongoro::io {

/// An address that no other living thread has: cheaper to compare than std::thread::id.
[[nodiscard]] inline const void* this_thread_id() noexcept {
    static thread_local char mark;
    return &mark;
}

/// Becomes true when this thread ends; may be looked at from any other one, and longer.
[[nodiscard]] inline std::shared_ptr<const std::atomic<bool>> this_thread_ended() {
    struct flag {
        std::shared_ptr<std::atomic<bool>> ended = std::make_shared<std::atomic<bool>>(false);
        flag() = default;
        flag(const flag&) = delete;
        flag& operator=(const flag&) = delete;
        ~flag() { ended->store(true, std::memory_order_release); }
    };
    static thread_local flag mine;
    return mine.ended;
}

}  // namespace mongoro::io
