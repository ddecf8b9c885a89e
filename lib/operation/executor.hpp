#pragma once

#include "pool/connection_pool.hpp"
#include "wire/command.hpp"

#include <mongoro/bson/value.hpp>
#include <mongoro/detail/reply.hpp>
#include <mongoro/result.hpp>
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

/// A pool with whatever owns it: an operation under way keeps its client alive.
using pool_ptr = std::shared_ptr<pool::connection_pool>;

/// Runs a command: check-out, send, receive, and the server's error if the reply is one.
///
/// A network error clears the pool, as the other connections are likely to be broken too. Nothing
/// is retried.
[[nodiscard]] task<result<detail::reply>> execute(pool_ptr pool, detail::command_handle c);

/// The same for the client's own commands, which go on while it closes. `pool` must outlive the
/// task.
[[nodiscard]] task<result<detail::reply>> run(pool::connection_pool& pool,
                                              detail::command_handle c);

/// What an error on a connection means for its pool. A network error clears it, as the other
/// connections are likely to be broken too; who waits for one fails with `pool_cleared`.
void note_error(pool::connection_pool& pool, const pool::connection& c, const error& e) noexcept;

/// Whether an error says that the connection, and so perhaps the server, is gone.
[[nodiscard]] bool is_network_error(const error& e) noexcept;

/// Runs a write, in as many messages as the server's limits ask for, on one connection.
///
/// Documents over the server's limit are refused before anything is sent. Its errors hold
/// everything that the server said of all batches, and what was applied.
[[nodiscard]] task<result<write_reply>> execute_write(pool_ptr pool, detail::command_handle c);

}  // namespace mongoro::operation
