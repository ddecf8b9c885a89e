#pragma once

#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"
#include "wire/hello.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

namespace mongoro::pool {

/// The first commands of a connection: hello, which learns the server's limits and sets them.
///
/// Gives the server's answer. Errors: `handshake_failed`, `incompatible_server`, those of the wire.
/// `c` and `settings` outlive the task.
[[nodiscard]] task<result<wire::hello_reply>> handshake(connection& c,
                                                        const connection_settings& settings);

}  // namespace mongoro::pool
