#pragma once

#include <mongoro/deadline.hpp>
#include <mongoro/detail/branch.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <utility>

namespace mongoro {

/// Awaits `work` under `until`, or under the awaiting task's own deadline if that is earlier. Every
/// wait of it that is still under way then fails with `errc::deadline_exceeded`; code that does not
/// wait is not interrupted.
template <detail::awaitable_like A>
[[nodiscard]] task<detail::await_value_t<A>> with_deadline(A work, deadline until) {
    detail::task_context mine = co_await detail::this_context{};
    mine.until = deadline::earlier_of(mine.until, until);
    co_await detail::use_context{&mine};
    co_return co_await std::move(work);
}

/// The same, `span` from the moment of the call.
template <detail::awaitable_like A, typename Rep, typename Period>
[[nodiscard]] task<detail::await_value_t<A>> with_deadline(
    A work, std::chrono::duration<Rep, Period> span) {
    return with_deadline(std::move(work), deadline::after(span));
}

}  // namespace mongoro
