#pragma once

#include <mongoro/detail/branch.hpp>
#include <mongoro/reactor.hpp>

#include <type_traits>
#include <utility>

namespace mongoro {

namespace detail {
/// Runs the reactor until `b` has ended.
void drive(reactor_core& core, branch& b);
}  // namespace detail

/// Runs `r` on this thread until `operation` has ended; gives its value, or throws what it threw.
///
/// Everything else of the reactor runs meanwhile. It throws `mongoro::exception`:
/// `errc::inside_reactor` from inside of the reactor that it would have to drive,
/// `errc::wrong_thread` on a thread other than the reactor's, `errc::reactor_stopped` when `stop()`
/// came first, `errc::used_after_fork` in a child process. Then, and when an exception of a posted
/// function or of a callback leaves it as it would leave `run()`, the operation is destroyed where
/// it is: that cancels what it waits for, and its coroutines do not go on. An operation of another
/// thread's reactor is stopped, and waited for, first.
template <detail::awaitable_like A>
detail::await_value_t<A> sync_wait(reactor& r, A operation) {
    using value = detail::await_value_t<A>;
    detail::outcome<value> to;
    {
        detail::branch b = detail::branch_of(std::move(operation), &to);
        detail::drive(r.core(), b);
    }
    if constexpr (std::is_void_v<value>) {
        static_cast<void>(to.take());
    } else {
        return to.take();
    }
}

}  // namespace mongoro
