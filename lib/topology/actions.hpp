#pragma once

#include <mongoro/bson/object_id.hpp>
#include <mongoro/error.hpp>
#include <mongoro/events.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What the topology asks of the shell around it. A list of them is done in its order and without
/// suspending between them: so a pool is cleared together with the change that made it stale.
namespace mongoro::topology {

/// Heartbeats are not in here: a monitor publishes its own.
using event =
    std::variant<topology_opening_event, topology_description_changed_event, topology_closed_event,
                 server_opening_event, server_description_changed_event, server_closed_event>;
struct publish {
    topology::event event;
};

/// Make the server's pool, paused, and start its monitor unless it has none.
struct open_server {
    std::string address;
    bool monitored = true;  ///< a load balancer is not
};

/// Stop the monitor, close the pool. What still comes from the server is ignored.
struct close_server {
    std::string address;
};

struct ready_pool {
    std::string address;
};

/// A new generation; in-use connections are closed when they come back, or now.
struct clear_pool {
    std::string address;
    error why;
    /// Of a load balancer: only the connections to this service.
    std::optional<bson::object_id> service_id{};
    bool interrupt_in_use = false;
};

/// Have the monitor check its server: when `minHeartbeatFrequencyMS` has passed since the last
/// check, or at once. Not if a check is under way.
struct request_check {
    enum class when : std::uint8_t { after_pause, at_once };
    std::string address;
    when time = when::after_pause;
};

/// Close the monitor's connection, with whatever check is under way on it; then wait as usual.
struct cancel_check {
    std::string address;
};

/// Let all who wait for a server look at the new description.
struct wake_selections {};

/// The deployment is no sharded cluster: its SRV record is not asked any more.
struct stop_srv_polling {};

/// For the log.
struct warn {
    std::string text;
};

using action = std::variant<publish, open_server, close_server, ready_pool, clear_pool,
                            request_check, cancel_check, wake_selections, stop_srv_polling, warn>;
using actions = std::vector<action>;

}  // namespace mongoro::topology
