#pragma once

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

namespace mongoro::io {

class reactor_core;

/// Waits until a foreign descriptor is ready: `mask` has the bits of poll(2), `POLLIN` and so on.
/// Gives the bits that are set, `POLLERR` and `POLLHUP` among them. Once; nothing is read or
/// written.
///
/// The descriptor must stay open until then; of several waiters for one each is told. Must be
/// awaited by a task of `core`. Errors: `network_error` with the system's error as its cause,
/// `deadline_exceeded`, `operation_cancelled`; after any of these the descriptor is no longer
/// watched.
[[nodiscard]] task<result<unsigned>> poll(reactor_core& core, int fd, unsigned mask);

}  // namespace mongoro::io
