#pragma once

#include <mongoro/event_listener.hpp>

namespace mongoro::monitoring {

/// Passes the events of a client's pools on to two listeners, which must outlive it.
class pool_tee final : public pool_listener {
 public:
    pool_tee(pool_listener& first, pool_listener& second) noexcept
        : first_(first), second_(second) {}

    void on(const pool_created_event& event) noexcept override { both(event); }
    void on(const pool_ready_event& event) noexcept override { both(event); }
    void on(const pool_cleared_event& event) noexcept override { both(event); }
    void on(const pool_closed_event& event) noexcept override { both(event); }
    void on(const connection_created_event& event) noexcept override { both(event); }
    void on(const connection_ready_event& event) noexcept override { both(event); }
    void on(const connection_closed_event& event) noexcept override { both(event); }
    void on(const connection_check_out_started_event& event) noexcept override { both(event); }
    void on(const connection_check_out_failed_event& event) noexcept override { both(event); }
    void on(const connection_checked_out_event& event) noexcept override { both(event); }
    void on(const connection_checked_in_event& event) noexcept override { both(event); }

 private:
    template <typename Event>
    void both(const Event& event) noexcept {
        first_.on(event);
        second_.on(event);
    }

    pool_listener& first_;
    pool_listener& second_;
};

/// The same for its topology.
class topology_tee final : public topology_listener {
 public:
    topology_tee(topology_listener& first, topology_listener& second) noexcept
        : first_(first), second_(second) {}

    void on(const topology_opening_event& event) noexcept override { both(event); }
    void on(const topology_description_changed_event& event) noexcept override { both(event); }
    void on(const topology_closed_event& event) noexcept override { both(event); }
    void on(const server_opening_event& event) noexcept override { both(event); }
    void on(const server_description_changed_event& event) noexcept override { both(event); }
    void on(const server_closed_event& event) noexcept override { both(event); }
    void on(const server_heartbeat_started_event& event) noexcept override { both(event); }
    void on(const server_heartbeat_succeeded_event& event) noexcept override { both(event); }
    void on(const server_heartbeat_failed_event& event) noexcept override { both(event); }

 private:
    template <typename Event>
    void both(const Event& event) noexcept {
        first_.on(event);
        second_.on(event);
    }

    topology_listener& first_;
    topology_listener& second_;
};

}  // namespace mongoro::monitoring
