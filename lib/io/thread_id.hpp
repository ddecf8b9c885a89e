#pragma once

namespace mongoro::io {

/// An address that no other living thread has: cheaper to compare than std::thread::id.
[[nodiscard]] inline const void* this_thread_id() noexcept {
    static thread_local char mark;
    return &mark;
}

}  // namespace mongoro::io
