#pragma once

#include "io/backend.hpp"

namespace mongoro::io {

/// What a reactor has in a child process: nothing is started, nothing ends, nobody is woken.
///
/// The ring's queues and the epoll set are the parent's still: an entry that is written, a
/// completion that is taken, a descriptor that is taken out of the set would be the parent's loss.
[[nodiscard]] backend& forked_backend() noexcept;

}  // namespace mongoro::io
