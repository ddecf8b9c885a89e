#pragma once

#include "deployment/monitor.hpp"
#include "monitoring/command_monitor.hpp"
#include "monitoring/selection_log.hpp"
#include "pool/connection_pool.hpp"
#include "topology/server_selection.hpp"
#include "topology/state_machine.hpp"

#include <mongoro/event_listener.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace mongoro::deployment {

/// Everything that a client's deployment begins with.
struct settings {
    topology::settings topology;
    /// Of the connections for operations; the host is each server's own.
    pool::connection_settings connection;
    bool login_is_given = false;  ///< by the program: DNS has no say in its source
    pool::pool_settings pool;
    monitor_settings monitoring;
    std::chrono::milliseconds server_selection_timeout{30'000};
    std::chrono::milliseconds local_threshold = topology::default_local_threshold;
    bool retry_reads = true;
    bool retry_writes = true;
    std::uint32_t max_adaptive_retries = 2;
    bool overload_retargeting = false;
    monitoring::command_monitor* commands = nullptr;        ///< null: nobody is told
    const monitoring::selection_log* selections = nullptr;  ///< the same
    topology_listener* listener = nullptr;                  ///< null: no event is built
    mongoro::pool_listener* pool_listener = nullptr;        ///< the same
    /// Told of what is odd and no error; empty: nobody is.
    std::function<void(const std::string&)> warn;
};

}  // namespace mongoro::deployment
