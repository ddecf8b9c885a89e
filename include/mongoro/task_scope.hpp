#pragma once

#include <mongoro/detail/scope.hpp>
#include <mongoro/reactor.hpp>

#include <cstddef>
#include <utility>

namespace mongoro {

/// Owns coroutines that run side by side, and joins them.
///
/// A child starts at once, up to its first wait, when `spawn` is called from inside of the reactor;
/// else when the reactor next runs. It inherits the scope's reactor and stop token, and no
/// deadline. The first child that fails stops the others; `join()` throws what it threw.
///
/// `co_await scope.join()` before the end of the scope. A scope that is destroyed with children
/// destroys them where they wait: that cancels what they wait for, and they do not go on. Never
/// from inside of a child.
///
/// On the reactor's thread, but for `cancel()`; before the reactor first runs, on the thread that
/// made it.
class task_scope {
 public:
    explicit task_scope(reactor& r) : scope_(r.core(), detail::scope::on_failure::cancel_others) {}

    /// Runs `work`, a task or an operation, whose value is dropped. Throws `std::bad_alloc`.
    template <detail::awaitable_like A>
    void spawn(A work) {
        scope_.spawn(std::move(work));
    }

    /// Requests the stop of all children; `join()` still waits for them. From any thread.
    void cancel() noexcept { scope_.cancel(); }

    /// How many have not ended.
    [[nodiscard]] std::size_t size() const noexcept { return scope_.size(); }

    /// Waits until every child has ended; then throws the first failure, if there was one. When the
    /// awaiting task is stopped, or its deadline passes, the children are stopped, waited for all
    /// the same, and `errc::operation_cancelled` or `errc::deadline_exceeded` is thrown unless a
    /// child threw. One waiter at a time. After it the scope can be used again, unless it was
    /// cancelled, which the failure of a child does, too.
    [[nodiscard]] task<void> join() { return scope_.join(); }

 private:
    detail::scope scope_;
};

}  // namespace mongoro
