#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace mongoro::io {

using thread_id = std::uint64_t;
/// No thread's.
inline constexpr thread_id no_thread = ~thread_id{0};

namespace impl {
inline thread_id& id_of_this_thread() noexcept {
    static thread_local thread_id id = 0;
    return id;
}
}  // namespace impl

/// What `name_this_thread()` gave this thread; 0 before that. As cheap as an address of the
/// thread's own to compare, which the next thread may get as well.
[[nodiscard]] inline thread_id this_thread_id() noexcept {
    return impl::id_of_this_thread();
}

/// A number that no other thread of this process has, had or will have.
[[nodiscard]] inline thread_id name_this_thread() noexcept {
    static std::atomic<thread_id> last{0};
    thread_id& id = impl::id_of_this_thread();
    if (id == 0) {
        id = last.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    return id;
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
