#pragma once

#include <mongoro/deadline.hpp>

#include <chrono>

namespace mongoro::detail {

/// What a `timeoutMS` makes of an operation. Spec: client-side-operations-timeout.
struct time_limit {
    /// For all of it, from when it is awaited on; 0: none, and the options that a `timeoutMS`
    /// replaces count for nothing all the same.
    std::chrono::milliseconds timeout{};
    /// The end of it where it began earlier, as that of a cursor; else never.
    deadline until{};
    /// The most that is sent as `maxTimeMS`, which is what is left at the sending; 0: it is not
    /// sent.
    std::chrono::milliseconds longest = std::chrono::milliseconds::max();
    /// It begins anew with each call of the cursor.
    bool each_call = false;

    /// Its time runs from now on.
    void begin() noexcept {
        until = timeout.count() <= 0 ? deadline::never() : deadline::after(timeout);
    }
};

}  // namespace mongoro::detail
