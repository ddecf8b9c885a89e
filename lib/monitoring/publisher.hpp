#pragma once

#include "monitoring/command_monitor.hpp"
#include "monitoring/log_listeners.hpp"
#include "monitoring/logger.hpp"
#include "monitoring/selection_log.hpp"
#include "monitoring/tee.hpp"

#include <mongoro/event_listener.hpp>

#include <memory>
#include <optional>

namespace mongoro::monitoring {

/// Whom a client's user wants to be told; null for nobody.
struct listeners {
    std::shared_ptr<command_listener> command{};
    std::shared_ptr<pool_listener> pool{};
    std::shared_ptr<topology_listener> topology{};
};

/// Everything that one client tells, and whom: its user's listeners, and its log.
///
/// Who would publish asks once and keeps the pointer, which never changes: where it is null no
/// event is built. It outlives all that publishes. On the reactor's thread.
class publisher {
 public:
    publisher(listeners users, logger log);
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;

    /// Null if nobody is told of commands.
    [[nodiscard]] command_monitor* commands() noexcept { return commands_ ? &*commands_ : nullptr; }
    /// Null if nobody is told of pools.
    [[nodiscard]] pool_listener* pool() const noexcept { return pool_; }
    /// Null if nobody is told of the topology.
    [[nodiscard]] topology_listener* topology() const noexcept { return topology_; }
    /// Null if no selection is logged.
    [[nodiscard]] const selection_log* selections() const noexcept {
        return log_.enabled(log_component::server_selection, log_level::info) ? &selection_log_
                                                                              : nullptr;
    }
    [[nodiscard]] const logger& log() const noexcept { return log_; }
    /// Whether a listener of the user's, or the log's callback, is being called.
    [[nodiscard]] bool calls_user() const noexcept { return calls_ != 0 || log_.calls_user(); }

 private:
    logger log_;
    listeners users_;
    pool_log pool_log_{log_};
    topology_log topology_log_{log_};
    selection_log selection_log_{log_};
    std::optional<command_monitor> commands_;
    int calls_ = 0;
    std::optional<command_tee> command_tee_;
    std::optional<pool_tee> pool_tee_;
    std::optional<topology_tee> topology_tee_;
    pool_listener* pool_ = nullptr;
    topology_listener* topology_ = nullptr;
};

}  // namespace mongoro::monitoring
