#pragma once

#include <mongoro/events/pool.hpp>

#include <chrono>
#include <cstddef>

namespace mongoro::pool {

/// What bounds a pool. Spec: connection-monitoring-and-pooling, "Connection Pool Options".
struct pool_settings {
    std::size_t max_size = 100;      ///< connections at once, those being opened too; 0: no limit
    std::size_t min_size = 0;        ///< opened in the background
    std::size_t max_connecting = 2;  ///< opened at once; 0: the default
    std::chrono::milliseconds max_idle_time{0};       ///< 0: no limit
    std::chrono::milliseconds wait_queue_timeout{0};  ///< 0: only the caller's deadline
    /// Between two looks at what is idle for too long and what is missing of `min_size`. Negative:
    /// there are none, for tests.
    std::chrono::milliseconds maintenance_interval{1'000};
    bool load_balanced = false;  ///< generations are of services, and it is never paused
    pool_options given{};        ///< what the user said, which is told of also if it is the default
};

}  // namespace mongoro::pool
