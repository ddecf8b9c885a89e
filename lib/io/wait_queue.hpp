#pragma once

#include "io/interrupt.hpp"
#include "io/reactor_core.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace mongoro::io {

/// Coroutines that wait in line. One that is released resumes from the reactor's loop, in its turn.
/// They keep `run()` running, but for background work.
class wait_queue {
 public:
    class waiter;

    explicit wait_queue(reactor_core& core) noexcept : core_(core), alive_(core.alive()) {}
    wait_queue(const wait_queue&) = delete;
    wait_queue& operator=(const wait_queue&) = delete;

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Null if nobody waits.
    [[nodiscard]] waiter* first() const noexcept { return first_; }
    /// The one that has so many before it; null if there is none. A step for each.
    [[nodiscard]] waiter* at(std::size_t place) const noexcept;
    /// Lets the first one go, with something for it. Precondition: not empty.
    void release_first(void* granted) noexcept;
    /// Lets the first one go with an error. Precondition: not empty.
    void fail_first(error why) noexcept;

 private:
    friend class waiter;
    void push(waiter& w) noexcept;
    waiter& pop() noexcept;
    void remove(waiter& w) noexcept;

    reactor_core& core_;
    std::shared_ptr<const bool> alive_;  // once the reactor is gone nobody resumes any more
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
    std::size_t size_ = 0;
};

/// `co_await waiter(queue)` gives no error when it was released; `granted()` is what it was
/// released with.
class [[nodiscard]] wait_queue::waiter : detail::ready_node {
 public:
    explicit waiter(wait_queue& queue) noexcept : queue_(queue) {
        run = [](detail::ready_node& self) noexcept {
            auto& w = static_cast<waiter&>(self);
            w.state_ = state::over;
            w.handle_.resume();
        };
    }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    /// A waiter that is destroyed in line leaves it. One that was released and not resumed yet
    /// keeps what it was granted: see `granted()`.
    ~waiter() {
        if (state_ == state::waiting || state_ == state::scheduled) [[unlikely]] {
            leave();
        }
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) {
        return begin(h, *detail::context_of(h.promise()), deadline::never());
    }
    [[nodiscard]] error await_resume() noexcept { return std::move(error_); }

    [[nodiscard]] void* granted() const noexcept { return granted_; }
    /// Released, whether resumed or not.
    [[nodiscard]] bool released() const noexcept { return released_; }
    /// The awaiting task's deadline or stop ended the wait, or had passed before it.
    [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }
    /// In the line.
    [[nodiscard]] bool waiting() const noexcept { return state_ == state::waiting; }
    /// Takes it out of the line and of the reactor's list.
    void leave() noexcept;

 protected:
    /// Waits until `until` at most. False: it ended at once. Throws `bad_alloc`, and does not wait
    /// then.
    bool begin(std::coroutine_handle<> h, const detail::task_context& context, deadline until);
    /// Called once it is released and out of the line, while there is a reactor. True: the
    /// coroutine is not to resume for it, and the waiter may be gone.
    using release_hook = bool (*)(waiter& released) noexcept;
    void set_release_hook(release_hook hook) noexcept { on_release_ = hook; }
    /// What the coroutine, or the hook, will use beside its frame: fetched ahead of its turn.
    void set_near(const std::array<const void*, 3>& near) noexcept { near_ = near; }
    [[nodiscard]] std::coroutine_handle<> handle() const noexcept { return handle_; }
    /// As though `h` had waited, and been released with this now.
    void resume_with(std::coroutine_handle<> h, void* granted) noexcept;
    /// Instead of a wait.
    void grant(void* granted) noexcept {
        granted_ = granted;
        released_ = true;
    }
    void refuse(error why) noexcept { error_ = std::move(why); }

 private:
    friend class wait_queue;
    enum class state : std::uint8_t { fresh, waiting, scheduled, over };
    struct watcher : completion {
        waiter* owner = nullptr;
    };
    void fetch_frame() const noexcept;
    void fetch_near() const noexcept;
    void schedule() noexcept;

    wait_queue& queue_;
    waiter* before_ = nullptr;
    waiter* behind_ = nullptr;
    state state_ = state::fresh;
    bool released_ = false;
    bool interrupted_ = false;
    bool keeps_running_ = true;
    void* granted_ = nullptr;
    release_hook on_release_ = nullptr;
    std::coroutine_handle<> handle_;
    std::array<const void*, 3> near_{};
    error error_;
    watcher watcher_;
    lazy_interrupt interrupt_;
};

}  // namespace mongoro::io
