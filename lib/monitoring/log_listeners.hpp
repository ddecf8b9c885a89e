#pragma once

#include "monitoring/logger.hpp"

#include <mongoro/event_listener.hpp>

namespace mongoro::monitoring {

/// Writes the log messages of connection-monitoring-and-pooling, "Connection Pool Logging".
class pool_log final : public pool_listener {
 public:
    /// `log` must outlive it.
    explicit pool_log(const logger& log) noexcept : log_(log) {}

    void on(const pool_created_event& event) noexcept override;
    void on(const pool_ready_event& event) noexcept override;
    void on(const pool_cleared_event& event) noexcept override;
    void on(const pool_closed_event& event) noexcept override;
    void on(const connection_created_event& event) noexcept override;
    void on(const connection_ready_event& event) noexcept override;
    void on(const connection_closed_event& event) noexcept override;
    void on(const connection_check_out_started_event& event) noexcept override;
    void on(const connection_check_out_failed_event& event) noexcept override;
    void on(const connection_checked_out_event& event) noexcept override;
    void on(const connection_checked_in_event& event) noexcept override;

 private:
    const logger& log_;
};

/// Writes the log messages of server-discovery-and-monitoring-logging-and-monitoring. The events of
/// heartbeats do not say of which topology they are: it is that of the opening event before them.
class topology_log final : public topology_listener {
 public:
    /// `log` must outlive it.
    explicit topology_log(const logger& log) noexcept : log_(log) {}

    void on(const topology_opening_event& event) noexcept override;
    void on(const topology_description_changed_event& event) noexcept override;
    void on(const topology_closed_event& event) noexcept override;
    void on(const server_opening_event& event) noexcept override;
    void on(const server_closed_event& event) noexcept override;
    void on(const server_heartbeat_started_event& event) noexcept override;
    void on(const server_heartbeat_succeeded_event& event) noexcept override;
    void on(const server_heartbeat_failed_event& event) noexcept override;
    using topology_listener::on;  // a server's new description is in the topology's

 private:
    template <typename Event>
    void describe_heartbeat(log_entry& entry, const Event& event) const;

    const logger& log_;
    bson::object_id topology_id_;
};

}  // namespace mongoro::monitoring
