#pragma once

#include <mongoro/bson/object_id.hpp>
#include <mongoro/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// \file
/// What a client tells its listener about its pools of connections.
///
/// Each is built only if somebody listens. An address, which is that of the pool's server
/// (`host:port`, or the path of a Unix-domain socket), is valid during the call of the listener.
/// Spec: connection-monitoring-and-pooling, "Events".
namespace mongoro {

/// A pool's settings, as far as somebody gave them or they are not the defaults.
struct pool_options {
    std::optional<std::size_t> max_pool_size;
    std::optional<std::size_t> min_pool_size;
    std::optional<std::chrono::milliseconds> max_idle_time;
    std::optional<std::size_t> max_connecting;
    std::optional<std::chrono::milliseconds> wait_queue_timeout;
};

struct pool_created_event {
    std::string_view address;
    pool_options options;
};

/// Connections may be opened and checked out from now on.
struct pool_ready_event {
    std::string_view address;
};

/// All connections of the pool so far are of no use any more.
struct pool_cleared_event {
    std::string_view address;
    /// Behind a load balancer: only those to this service.
    std::optional<bson::object_id> service_id;
    /// Those in use are closed too, and whoever waits for a reply on them gets an error.
    bool interrupt_in_use_connections = false;
};

struct pool_closed_event {
    std::string_view address;
};

/// A connection has its number; it is not open yet.
struct connection_created_event {
    std::string_view address;
    std::int64_t connection_id = 0;  ///< from 1 in each pool
};

/// A connection is open and logged in.
struct connection_ready_event {
    std::string_view address;
    std::int64_t connection_id = 0;
    std::chrono::nanoseconds duration{};  ///< since it was created
};

enum class connection_closed_reason : std::uint8_t { stale, idle, error, pool_closed };
/// The specification's word: `poolClosed`.
[[nodiscard]] std::string_view to_string(connection_closed_reason reason) noexcept;

struct connection_closed_event {
    std::string_view address;
    std::int64_t connection_id = 0;
    connection_closed_reason reason = connection_closed_reason::error;
    mongoro::error failure{};  ///< of reason `error`, if it is known
};

struct connection_check_out_started_event {
    std::string_view address;
};

enum class check_out_failed_reason : std::uint8_t { pool_closed, timeout, connection_error };
/// The specification's word: `connectionError`.
[[nodiscard]] std::string_view to_string(check_out_failed_reason reason) noexcept;

struct connection_check_out_failed_event {
    std::string_view address;
    check_out_failed_reason reason = check_out_failed_reason::connection_error;
    std::chrono::nanoseconds duration{};  ///< since the check-out started
    mongoro::error failure{};
};

struct connection_checked_out_event {
    std::string_view address;
    std::int64_t connection_id = 0;
    std::chrono::nanoseconds duration{};  ///< since the check-out started
};

struct connection_checked_in_event {
    std::string_view address;
    std::int64_t connection_id = 0;
};

}  // namespace mongoro
