#pragma once

#include "pool/connection.hpp"

#include <mongoro/task.hpp>

namespace mongoro::pool {

/// Waits until the reply that is under way on the connection and that nobody waits for any more has
/// been read, or given up: it is idle afterwards, or closed. At once if there is none.
///
/// The caller has checked it out, and is the only one that waits. Errors: those of the awaiting
/// task's deadline and stop; the connection drains on then.
[[nodiscard]] task<error> wait_drained(connection& c);

}  // namespace mongoro::pool
