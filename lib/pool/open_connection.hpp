#pragma once

#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"
#include "pool/handshake.hpp"
#include "wire/hello.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <memory>

namespace mongoro::pool {

/// What a server said to the first hello of a connection.
struct first_hello {
    wire::hello_reply reply;
    std::chrono::nanoseconds round_trip{};  ///< with the login, where there is one
};

/// Opens a connection: resolve, connect, TLS if it is asked for, hello, login. Within
/// `connect_timeout` and the caller's deadline, and each command of the login within
/// `handshake_timeout`, or the hello and each of them within `socket_timeout`. The hello is a part
/// of connecting, as the specification's own tests have it (csot/command-execution.json: one of 100
/// ms, with a `timeoutMS` of 90).
///
/// Writes the server's answer to `said`, unless that is null. `watch`, if it is not null, has the
/// record that the connection begins with, and hears of the hello, also if the rest fails. Both
/// outlive the task.
///
/// Errors name the host: those of `dial`, which says itself what took longer than
/// `connect_timeout`; `connect_timed_out` if it was TLS, the hello or the login;
/// `socket_timed_out`, `tls_failed`, `handshake_failed`, `incompatible_server`, and those of the
/// wire.
[[nodiscard]] task<result<std::unique_ptr<connection>>> open_connection(
    io::reactor_core& core, connection_settings settings, first_hello* said = nullptr,
    opening_watch* watch = nullptr);

}  // namespace mongoro::pool
