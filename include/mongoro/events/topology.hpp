#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/object_id.hpp>
#include <mongoro/error.hpp>
#include <mongoro/server_description.hpp>
#include <mongoro/topology_description.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// \file
/// What a client tells its listeners about server discovery and monitoring.
///
/// They come one at a time and in the order in which the client learned of things. Each is built
/// only if somebody listens. Descriptions are shared and never change: keep them as long as you
/// like. Nobody hears of the end of a client that is destroyed after its reactor.
/// Spec: server-discovery-and-monitoring-logging-and-monitoring, "Events API".
namespace mongoro {

/// A client begins to watch its deployment. The first event of all.
struct topology_opening_event {
    /// The same in all events of one client, and in those of no other one.
    bson::object_id topology_id;
};

/// What is known of the deployment changed; that one server's description alone did counts.
struct topology_description_changed_event {
    bson::object_id topology_id;
    /// Of type unknown and without servers in the first such event; never null.
    topology_description_ptr previous_description;
    topology_description_ptr new_description;
};

/// A client that watched its deployment was closed, or destroyed. The last event of all.
struct topology_closed_event {
    bson::object_id topology_id;
};

/// A server became part of the topology; it is not connected to yet.
struct server_opening_event {
    bson::object_id topology_id;
    std::string address;
};

/// What is known of a server changed, other than its round trip time.
struct server_description_changed_event {
    bson::object_id topology_id;
    std::string address;
    server_description_ptr previous_description;
    server_description_ptr new_description;
};

/// A server is no part of the topology any more; its monitor stops and its pool closes.
struct server_closed_event {
    bson::object_id topology_id;
    std::string address;
};

/// A monitor is about to send its hello, to wait for the next one that the server sends by itself,
/// or to open its connection. One of the two events below follows, but in a child process.
struct server_heartbeat_started_event {
    std::string address;
    /// The driver's number of the monitor's connection, also of one that is yet to be opened.
    std::optional<std::int64_t> driver_connection_id;
    /// The server's number of it, where the server has said it.
    std::optional<std::int64_t> server_connection_id;
    /// Whether the server answers only when something changes, or after `heartbeatFrequencyMS`.
    bool awaited = false;
};

/// A monitor has its answer.
struct server_heartbeat_succeeded_event {
    std::string address;
    std::optional<std::int64_t> driver_connection_id;
    std::optional<std::int64_t> server_connection_id;
    bool awaited = false;
    /// From sending to having read the reply; no round trip time if `awaited`.
    std::chrono::nanoseconds duration{};
    /// The server's reply. Valid during the call of the listener.
    bson::document_view reply;
};

/// A monitor's hello failed: the network, or an `ok: 0`.
struct server_heartbeat_failed_event {
    std::string address;
    std::optional<std::int64_t> driver_connection_id;
    std::optional<std::int64_t> server_connection_id;
    bool awaited = false;
    std::chrono::nanoseconds duration{};
    mongoro::error failure;
};

}  // namespace mongoro
