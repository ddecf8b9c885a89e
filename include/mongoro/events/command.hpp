#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/object_id.hpp>
#include <mongoro/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// \file
/// What a client tells its listener about the commands that it runs.
///
/// Each is built only if somebody listens. What an event refers to (names, documents) is valid
/// during the call of the listener. Commands and replies that can hold secrets are shown as empty
/// documents, and so are the commands and replies of a hello that logs in.
/// Spec: command-logging-and-monitoring, "Events API".
namespace mongoro {

/// What all events of one command have in common.
struct command_event {
    std::string_view command_name;
    std::string_view database_name;
    /// Of the message; every command has another one, also every try of a retried operation.
    std::int64_t request_id = 0;
    /// The same for all commands of one operation of the user's.
    std::int64_t operation_id = 0;
    /// `host:port`, or the path of a Unix-domain socket.
    std::string_view address;
    /// The driver's number of the connection, from 1 in each pool.
    std::int64_t driver_connection_id = 0;
    /// The server's number of it, where the server has said it.
    std::optional<std::int64_t> server_connection_id;
    /// Behind a load balancer: which service the connection goes to.
    std::optional<bson::object_id> service_id;
};

/// A command is about to be sent. One of the two events below follows in every case.
struct command_started_event : command_event {
    /// All of it, with the documents of its sequences in their place.
    bson::document_view command;
};

/// The server answered `ok: 1`; write errors in the reply count as success here. A command that
/// asks for no answer has succeeded when it was sent, with the reply `{ok: 1}`.
struct command_succeeded_event : command_event {
    /// From before sending to after having read the reply.
    std::chrono::nanoseconds duration{};
    bson::document_view reply;
};

/// The server answered `ok: 0`, or no answer came.
struct command_failed_event : command_event {
    std::chrono::nanoseconds duration{};
    mongoro::error failure;
};

}  // namespace mongoro
