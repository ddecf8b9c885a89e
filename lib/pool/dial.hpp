#pragma once

#include "io/connect.hpp"
#include "pool/connection_settings.hpp"

#include <mongoro/deadline.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

namespace mongoro::pool {

/// Opens the socket of a connection: finds the addresses of its host and connects to whichever
/// answers first (`io::connect_first`); or, with a proxy, does that with the proxy's host and has
/// it connect to the connection's, which it resolves itself. A Unix-domain socket needs no proxy.
///
/// Errors: `name_resolution_failed`, `connect_failed`; `proxy_failed` for everything that goes
/// wrong on the way through a proxy; `connect_timed_out` when `until` passed; `deadline_exceeded`
/// and `operation_cancelled` of the awaiting task. `settings` outlives the task.
[[nodiscard]] task<result<io::stream_ptr>> dial(io::reactor_core& core,
                                                const connection_settings& settings,
                                                deadline until);

}  // namespace mongoro::pool
