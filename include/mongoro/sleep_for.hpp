#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/deadline.hpp>

#include <chrono>

namespace mongoro {

class reactor;

namespace detail {
[[nodiscard]] awaitable<void> sleep_until_on(reactor_core* core, deadline::clock::time_point when);
}

/// Waits until `when`; at once, but not before the next turn, if that is past.
///
/// Awaited by a task of a reactor, it resumes there. Errors: `errc::operation_cancelled` when the
/// task's stop is requested, `errc::deadline_exceeded` when its deadline passes first;
/// `errc::invalid_argument` from a coroutine that has no reactor: give one.
[[nodiscard]] inline awaitable<void> sleep_until(deadline::clock::time_point when) {
    return detail::sleep_until_on(nullptr, when);
}

/// Waits for `span`, from the moment of this call, not of the `co_await`; see `sleep_until`. Zero
/// and less: until the next turn. A span too long for the clock: until the task's stop or deadline.
template <typename Rep, typename Period>
[[nodiscard]] awaitable<void> sleep_for(std::chrono::duration<Rep, Period> span) {
    return detail::sleep_until_on(nullptr, deadline::after(span).when());
}

/// The same for a coroutine of any kind, on any thread: it resumes on `r`'s thread, or, a task of
/// another reactor, on its own.
[[nodiscard]] awaitable<void> sleep_until(reactor& r, deadline::clock::time_point when);

template <typename Rep, typename Period>
[[nodiscard]] awaitable<void> sleep_for(reactor& r, std::chrono::duration<Rep, Period> span) {
    return sleep_until(r, deadline::after(span).when());
}

}  // namespace mongoro
