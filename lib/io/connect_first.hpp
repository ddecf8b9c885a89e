#pragma once

#include "io/connect.hpp"

#include <mongoro/deadline.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <span>
#include <vector>

namespace mongoro::io {

class reactor_core;

/// The same addresses with their families by turns, beginning with the first one's: RFC 8305,
/// section 4, with a First Address Family Count of 1. The order within a family stays.
[[nodiscard]] std::vector<address> by_turns(std::span<const address> addresses);

/// Connects to whichever of a host's addresses answers first: RFC 8305, "Happy Eyeballs".
///
/// They are tried in the order of `by_turns`; the next one is tried when one has failed, or when
/// none has answered for `stagger`. The first connection is the result; the other attempts are
/// cancelled and their sockets closed. For one address it is `connect`, and costs no more. Must be
/// awaited by a task of `core`.
///
/// Errors: that of `connect` for a single address. When all fail, one of the last failure's code
/// that names every address, with the last failure as its cause, the last that is not local
/// (`is_local_failure`) if there is one; `deadline_exceeded` and `operation_cancelled` of the
/// awaiting task; `invalid_argument` without an address.
[[nodiscard]] task<result<stream_ptr>> connect_first(
    reactor_core& core, std::vector<address> addresses, deadline until = deadline::never(),
    std::chrono::milliseconds stagger = std::chrono::milliseconds(250));

}  // namespace mongoro::io
