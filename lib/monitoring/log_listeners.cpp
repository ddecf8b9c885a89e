#include "monitoring/log_listeners.hpp"

#include "monitoring/redaction.hpp"

namespace mongoro::monitoring {

namespace {

/// All messages of pools and topologies have the same level.
template <typename Fill>
void write_debug(const logger& log, log_component component, std::string_view message,
                 Fill&& fill) noexcept {
    write_entry(log, component, log_level::debug, message, std::forward<Fill>(fill));
}

template <typename Fill>
void write_pool(const logger& log, std::string_view message, std::string_view address,
                Fill&& fill) noexcept {
    write_debug(log, log_component::connection, message, [&](log_entry& entry) {
        entry.with_address(address);
        fill(entry);
    });
}

void write_pool(const logger& log, std::string_view message, std::string_view address) noexcept {
    write_pool(log, message, address, [](log_entry&) {});
}

/// Why a connection did not open. What a server says to a login, or to the hello that one may have
/// come with, can repeat what it was sent: of that the log has as much as of a command that fails
/// to log in. The operation's error has all of it.
void add_failure(log_entry& entry, const error& failure) {
    if (failure == errc::authentication_failed || failure == errc::handshake_failed) {
        entry.with_error("error", redacted(failure));
    } else {
        entry.with_error("error", failure);
    }
}

template <typename Number>
std::optional<std::int64_t> number(const std::optional<Number>& value) noexcept {
    return value ? std::optional<std::int64_t>(static_cast<std::int64_t>(*value)) : std::nullopt;
}
std::optional<std::int64_t> number(const std::optional<std::chrono::milliseconds>& value) noexcept {
    return value ? std::optional<std::int64_t>(value->count()) : std::nullopt;
}

std::string_view sentence(connection_closed_reason reason) noexcept {
    switch (reason) {
        case connection_closed_reason::stale:
            return "Connection became stale because the pool was cleared";
        case connection_closed_reason::idle:
            return "Connection has been available but unused for longer than the configured max "
                   "idle time";
        case connection_closed_reason::error:
            break;
        case connection_closed_reason::pool_closed:
            return "Connection pool was closed";
    }
    return "An error occurred while using the connection";
}

std::string_view sentence(check_out_failed_reason reason) noexcept {
    switch (reason) {
        case check_out_failed_reason::pool_closed:
            return "Connection pool was closed";
        case check_out_failed_reason::timeout:
            return "Wait queue timeout elapsed without a connection becoming available";
        case check_out_failed_reason::connection_error:
            break;
    }
    return "An error occurred while trying to establish a new connection";
}

}  // namespace

void pool_log::on(const pool_created_event& event) noexcept {
    write_pool(log_, "Connection pool created", event.address, [&](log_entry& entry) {
        const auto& options = event.options;
        entry.with_known("maxIdleTimeMS", number(options.max_idle_time))
            .with_known("minPoolSize", number(options.min_pool_size))
            .with_known("maxPoolSize", number(options.max_pool_size))
            .with_known("maxConnecting", number(options.max_connecting))
            .with_known("waitQueueTimeoutMS", number(options.wait_queue_timeout));
    });
}

void pool_log::on(const pool_ready_event& event) noexcept {
    write_pool(log_, "Connection pool ready", event.address);
}

void pool_log::on(const pool_cleared_event& event) noexcept {
    write_pool(log_, "Connection pool cleared", event.address, [&](log_entry& entry) {
        if (event.service_id) {
            entry.with_id("serviceId", *event.service_id);
        }
    });
}

void pool_log::on(const pool_closed_event& event) noexcept {
    write_pool(log_, "Connection pool closed", event.address);
}

void pool_log::on(const connection_created_event& event) noexcept {
    write_pool(log_, "Connection created", event.address,
               [&](log_entry& entry) { entry.with("driverConnectionId", event.connection_id); });
}

void pool_log::on(const connection_ready_event& event) noexcept {
    write_pool(log_, "Connection ready", event.address, [&](log_entry& entry) {
        entry.with("driverConnectionId", event.connection_id).with_duration(event.duration);
    });
}

void pool_log::on(const connection_closed_event& event) noexcept {
    write_pool(log_, "Connection closed", event.address, [&](log_entry& entry) {
        entry.with("driverConnectionId", event.connection_id)
            .with_text("reason", sentence(event.reason));
        if (event.reason == connection_closed_reason::error && event.failure) {
            add_failure(entry, event.failure);
        }
    });
}

void pool_log::on(const connection_check_out_started_event& event) noexcept {
    write_pool(log_, "Connection checkout started", event.address);
}

void pool_log::on(const connection_check_out_failed_event& event) noexcept {
    write_pool(log_, "Connection checkout failed", event.address, [&](log_entry& entry) {
        entry.with_text("reason", sentence(event.reason)).with_duration(event.duration);
        if (event.reason == check_out_failed_reason::connection_error && event.failure) {
            add_failure(entry, event.failure);
        }
    });
}

void pool_log::on(const connection_checked_out_event& event) noexcept {
    write_pool(log_, "Connection checked out", event.address, [&](log_entry& entry) {
        entry.with("driverConnectionId", event.connection_id).with_duration(event.duration);
    });
}

void pool_log::on(const connection_checked_in_event& event) noexcept {
    write_pool(log_, "Connection checked in", event.address,
               [&](log_entry& entry) { entry.with("driverConnectionId", event.connection_id); });
}

void topology_log::on(const topology_opening_event& event) noexcept {
    topology_id_ = event.topology_id;
    write_debug(log_, log_component::topology, "Starting topology monitoring",
                [&](log_entry& entry) { entry.with_id("topologyId", event.topology_id); });
}

void topology_log::on(const topology_closed_event& event) noexcept {
    write_debug(log_, log_component::topology, "Stopped topology monitoring",
                [&](log_entry& entry) { entry.with_id("topologyId", event.topology_id); });
}

void topology_log::on(const topology_description_changed_event& event) noexcept {
    write_debug(log_, log_component::topology, "Topology description changed",
                [&](log_entry& entry) {
                    entry.with_id("topologyId", event.topology_id)
                        .with_text("previousDescription", event.previous_description->to_string())
                        .with_text("newDescription", event.new_description->to_string());
                });
}

void topology_log::on(const server_opening_event& event) noexcept {
    write_debug(log_, log_component::topology, "Starting server monitoring", [&](log_entry& entry) {
        entry.with_id("topologyId", event.topology_id).with_address(event.address);
    });
}

void topology_log::on(const server_closed_event& event) noexcept {
    write_debug(log_, log_component::topology, "Stopped server monitoring", [&](log_entry& entry) {
        entry.with_id("topologyId", event.topology_id).with_address(event.address);
    });
}

template <typename Event>
void topology_log::describe_heartbeat(log_entry& entry, const Event& event) const {
    entry.with_id("topologyId", topology_id_)
        .with_address(event.address)
        .with_known("driverConnectionId", event.driver_connection_id)
        .with_known("serverConnectionId", event.server_connection_id)
        .with("awaited", event.awaited);
}

void topology_log::on(const server_heartbeat_started_event& event) noexcept {
    write_debug(log_, log_component::topology, "Server heartbeat started",
                [&](log_entry& entry) { describe_heartbeat(entry, event); });
}

void topology_log::on(const server_heartbeat_succeeded_event& event) noexcept {
    write_debug(log_, log_component::topology, "Server heartbeat succeeded", [&](log_entry& entry) {
        describe_heartbeat(entry, event);
        entry.with_duration(event.duration).with_document("reply", event.reply);
    });
}

void topology_log::on(const server_heartbeat_failed_event& event) noexcept {
    write_debug(log_, log_component::topology, "Server heartbeat failed", [&](log_entry& entry) {
        describe_heartbeat(entry, event);
        entry.with_duration(event.duration).with_error("failure", event.failure);
    });
}

}  // namespace mongoro::monitoring
