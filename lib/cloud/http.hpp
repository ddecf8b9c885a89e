#pragma once

#include "cloud/byte_channel.hpp"
#include "cloud/http_message.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>
#include <mongoro/uri.hpp>

#include <functional>
#include <memory>

namespace mongoro::cloud {

/// Opens a channel to a service. The origin outlives the task.
using http_connector =
    std::function<task<result<std::unique_ptr<byte_channel>>>(const http_origin&)>;

/// Opens a socket, as `pool::dial` does. The host outlives the task.
using dial_function = std::function<task<result<io::stream_ptr>>(const host_address&)>;

/// A connector over sockets that `dial` opens; https is verified with the system's authorities.
[[nodiscard]] http_connector connector(io::reactor_core& core, dial_function dial);

/// Sends one request over a connection of its own and gives the whole response, whatever its
/// status. Under the awaiting task's deadline and stop.
///
/// Errors: those of the connector and the channel; `invalid_argument` for a request that cannot be
/// written; `malformed_reply`, `message_too_large` and `connection_closed` for a response that
/// cannot be read. The arguments outlive the task.
[[nodiscard]] task<result<http_response>> http_exchange(const http_connector& connect,
                                                        const http_origin& to,
                                                        const http_request& request);

/// `http_exchange`, whose response must be 200.
///
/// Any other status is `authentication_failed`, which names the service and the status and has the
/// start of the body as its `server_message()`; what went wrong below is its cause.
/// `deadline_exceeded` and `operation_cancelled` of the awaiting task stay what they are.
[[nodiscard]] task<result<http_response>> ask_service(const http_connector& connect,
                                                      const http_origin& to,
                                                      const http_request& request);

}  // namespace mongoro::cloud
