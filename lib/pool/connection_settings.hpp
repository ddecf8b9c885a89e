#pragma once

#include <mongoro/uri.hpp>

#include <chrono>
#include <string>

namespace mongoro::monitoring {
class command_monitor;
}

namespace mongoro::pool {

/// Everything that a new connection needs to know.
struct connection_settings {
    host_address host;
    std::chrono::milliseconds connect_timeout{10'000};  ///< 0: none
    std::chrono::milliseconds drain_timeout{3'000};
    std::string app_name;
    bool validate_replies = false;
    bool checksums = false;
    /// Who is told of operations' commands, null for nobody. It outlives the pool.
    monitoring::command_monitor* commands = nullptr;
};

}  // namespace mongoro::pool
