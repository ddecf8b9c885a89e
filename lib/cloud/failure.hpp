#pragma once

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <string>
#include <utility>

namespace mongoro::cloud {

/// `authentication_failed`, with what went wrong as its cause: a network error of a service must
/// not look like one of the server's. What ends the awaiting task itself stays what it is.
[[nodiscard]] inline error login_failure(std::string what, const error& cause,
                                         const detail::task_context* context) {
    const bool ended = cause == errc::operation_cancelled || cause == errc::deadline_exceeded;
    if (ended && context != nullptr && context->interrupted()) {
        return cause;
    }
    return {errc::authentication_failed, std::move(what), cause};
}

}  // namespace mongoro::cloud
