#pragma once

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <optional>
#include <string>
#include <utility>

namespace mongoro::cloud {

/// `authentication_failed`, with what went wrong as its cause: a network error of a service must
/// not look like one of the server's. What ends the awaiting task itself stays what it is; where
/// its deadline is sooner than `wanted_by`, which is that of who wants the login, only what ends
/// that one.
[[nodiscard]] inline error login_failure(std::string what, const error& cause,
                                         const detail::task_context& context,
                                         std::optional<deadline> wanted_by = std::nullopt) {
    const bool ended = cause == errc::operation_cancelled || cause == errc::deadline_exceeded;
    if (ended && (context.stop.stop_requested() || wanted_by.value_or(context.until).expired())) {
        return cause;
    }
    return {errc::authentication_failed, std::move(what), cause};
}

}  // namespace mongoro::cloud
