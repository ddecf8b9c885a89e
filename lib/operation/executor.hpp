#pragma once

#include "deployment/deployment.hpp"
#include "wire/command.hpp"

#include <mongoro/bson/value.hpp>
#include <mongoro/detail/reply.hpp>
#include <mongoro/received_document.hpp>
#include <mongoro/result.hpp>
#include <mongoro/results.hpp>
#include <mongoro/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace mongoro::operation {

/// What the replies of a write add up to.
struct write_reply {
    std::int64_t n = 0;
    std::int64_t modified = 0;
    std::optional<bson::value> upserted_id;
    bool acknowledged = true;
};

/// A deployment with whatever owns it: an operation under way keeps its client alive.
using deployment_ptr = std::shared_ptr<deployment::deployment>;

/// Where all commands of a cursor go: to the server that has it and, behind a load balancer, on the
/// connection that leads to that server. Set by the first command. The deployment must outlive it.
struct cursor_pin {
    std::uint64_t server = 0;  ///< its id; 0: none yet
    deployment::server_use use;
    deployment::server_rest rest;  ///< between two commands
    pool::lease connection;
    bool sent = false;  ///< the last try of the last command had a connection, and time enough

    /// The cursor is at its end: the connection goes back.
    void release() noexcept {
        connection.reset();
        rest.reset();
        use.reset();
    }
};

/// Runs a command: selection, check-out, send, receive, and the server's error if the reply is one.
///
/// What the error says of the server is passed on to the deployment. A command that the server was
/// too busy for is tried again, after a pause (client-backpressure); nothing else is retried.
[[nodiscard]] task<result<detail::reply>> execute(deployment_ptr d, detail::command_handle c,
                                                  cursor_pin* pin = nullptr);

/// The same for the client's own commands, which go on while it closes. `d` must outlive the task.
[[nodiscard]] task<result<detail::reply>> run(deployment::deployment& d, detail::command_handle c,
                                              cursor_pin* pin = nullptr);

/// As `execute`, for a find of one document, and for what finds and changes one: a coroutine less
/// than with one around it.
[[nodiscard]] task<result<std::optional<received_document>>> execute_find_one(
    deployment_ptr d, detail::command_handle c);
[[nodiscard]] task<result<std::optional<received_document>>> execute_find_and_modify(
    deployment_ptr d, detail::command_handle c);

/// Runs a write, in as many messages as the server's limits ask for.
///
/// Documents over the server's limit are refused before anything is sent. Its errors hold
/// everything that the server said of all batches, and what was applied.
[[nodiscard]] task<result<write_reply>> execute_write(deployment_ptr d, detail::command_handle c);

/// The same for an insert of one document: a coroutine less than with one around `execute_write`.
[[nodiscard]] task<result<insert_one_result>> execute_insert_one(deployment_ptr d,
                                                                 detail::command_handle c);

}  // namespace mongoro::operation
