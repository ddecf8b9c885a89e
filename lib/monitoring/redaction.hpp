#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/error.hpp>

#include <string_view>

/// What must not be seen of commands that log in.
/// Spec: command-logging-and-monitoring, "Security".
namespace mongoro::monitoring {

/// Whether a command, whose name is its first key in whatever case, or its reply, can hold a
/// secret: those of authentication and of users, and a hello with `speculativeAuthenticate`.
[[nodiscard]] bool is_sensitive(std::string_view name, bson::document_view command) noexcept;

/// What may be shown of the error of such a command: the driver's own part, and of the server's the
/// code, the code's name and the labels. Of its causes as well.
[[nodiscard]] error redacted(const error& e);

}  // namespace mongoro::monitoring
