#pragma once

#include "auth/wipe.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <string>

namespace mongoro::io {
class reactor_core;
}

namespace mongoro::cloud {

/// The token that a file holds, without the blanks and line ends around it.
///
/// Errors: `authentication_failed` naming the path: it cannot be read, is empty, or has more than
/// 1 MiB; `deadline_exceeded` and `operation_cancelled` of the awaiting task. See `io::file` for
/// epoll.
[[nodiscard]] task<result<auth::secret>> read_token_file(io::reactor_core& core, std::string path);

}  // namespace mongoro::cloud
