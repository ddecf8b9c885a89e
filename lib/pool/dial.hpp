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
/// `until` is what `settings.connect_timeout` comes to, and the step that it ends says so itself,
/// since only one that waits for the server may mean that the server has too much to do.
///
/// Errors: `name_resolution_failed`, also when no name server answered by `until`;
/// `connect_failed`; `connect_timed_out` when the host did not answer by `until`; `proxy_failed`
/// for everything that goes wrong on the way through a proxy, and what took too long, with the
/// cause; `deadline_exceeded` and `operation_cancelled` of the awaiting task. `settings` outlives
/// the task.
[[nodiscard]] task<result<io::stream_ptr>> dial(io::reactor_core& core,
                                                const connection_settings& settings,
                                                deadline until);

}  // namespace mongoro::pool
