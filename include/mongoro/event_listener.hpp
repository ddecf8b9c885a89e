#pragma once

#include <mongoro/events.hpp>

namespace mongoro {

/// Is told of the commands of a client: derive from it and override what is of interest.
///
/// Called on the thread of the client's reactor, from inside of what happens: a listener returns
/// soon, starts operations but does not wait for them, and throws nothing. One listener may serve
/// many clients; with reactors on several threads it then is called from each of them.
class command_listener {
 public:
    command_listener() = default;
    command_listener(const command_listener&) = delete;
    command_listener& operator=(const command_listener&) = delete;
    virtual ~command_listener() = default;

    virtual void on(const command_started_event& /*event*/) noexcept {}
    virtual void on(const command_succeeded_event& /*event*/) noexcept {}
    virtual void on(const command_failed_event& /*event*/) noexcept {}
};

/// Is told of the pools of a client; see `command_listener`.
class pool_listener {
 public:
    pool_listener() = default;
    pool_listener(const pool_listener&) = delete;
    pool_listener& operator=(const pool_listener&) = delete;
    virtual ~pool_listener() = default;

    virtual void on(const pool_created_event& /*event*/) noexcept {}
    virtual void on(const pool_ready_event& /*event*/) noexcept {}
    virtual void on(const pool_cleared_event& /*event*/) noexcept {}
    virtual void on(const pool_closed_event& /*event*/) noexcept {}
    virtual void on(const connection_created_event& /*event*/) noexcept {}
    virtual void on(const connection_ready_event& /*event*/) noexcept {}
    virtual void on(const connection_closed_event& /*event*/) noexcept {}
    virtual void on(const connection_check_out_started_event& /*event*/) noexcept {}
    virtual void on(const connection_check_out_failed_event& /*event*/) noexcept {}
    virtual void on(const connection_checked_out_event& /*event*/) noexcept {}
    virtual void on(const connection_checked_in_event& /*event*/) noexcept {}
};

/// Is told of the servers of a client and of what watches them; see `command_listener`.
class topology_listener {
 public:
    topology_listener() = default;
    topology_listener(const topology_listener&) = delete;
    topology_listener& operator=(const topology_listener&) = delete;
    virtual ~topology_listener() = default;

    virtual void on(const topology_opening_event& /*event*/) noexcept {}
    virtual void on(const topology_description_changed_event& /*event*/) noexcept {}
    virtual void on(const topology_closed_event& /*event*/) noexcept {}
    virtual void on(const server_opening_event& /*event*/) noexcept {}
    virtual void on(const server_description_changed_event& /*event*/) noexcept {}
    virtual void on(const server_closed_event& /*event*/) noexcept {}
    virtual void on(const server_heartbeat_started_event& /*event*/) noexcept {}
    virtual void on(const server_heartbeat_succeeded_event& /*event*/) noexcept {}
    virtual void on(const server_heartbeat_failed_event& /*event*/) noexcept {}
};

}  // namespace mongoro
