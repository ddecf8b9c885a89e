#pragma once

#include <mongoro/bson/object_id.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace mongoro::wire {
struct hello_reply;
}

namespace mongoro::pool {

/// What a connection is kept for while it is checked out. Behind a load balancer a cursor and a
/// transaction keep theirs from command to command. Spec: load-balancers, "Connection Tracking".
enum class pinned_for : std::uint8_t { operation, cursor, transaction };

/// What a pool, and who uses the connection, know of one connection. A plain value.
struct connection_record {
    using clock = std::chrono::steady_clock;

    std::int64_t id = 0;           ///< its number in its pool, from 1
    std::uint64_t generation = 0;  ///< of the pool, or of the service behind a load balancer
    std::size_t place = 0;         ///< in the pool's list
    clock::time_point created{};
    clock::time_point idle_since{};  ///< kept only if idleness has a limit
    pinned_for pin = pinned_for::operation;
    bool given_back = false;      ///< checked in, but for the reply that is still under way
    bool interrupted = false;     ///< the pool was cleared so that its operation is to end
    bool hello_complete = false;  ///< what fails later is no failure of the network alone
    bool of_service = false;      ///< counted to its service, whose generation it has
    std::optional<bson::object_id> service_id{};
    std::optional<std::int64_t> server_connection_id{};

    /// What the answer to the connection's hello says of it.
    void learn(const wire::hello_reply& hello);
};

}  // namespace mongoro::pool
