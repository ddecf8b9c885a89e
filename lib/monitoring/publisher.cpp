#include "monitoring/publisher.hpp"

#include <utility>

namespace mongoro::monitoring {

namespace {

/// The user's listener, the log, both, or nobody.
template <typename Listener, typename Tee>
Listener* join(Listener* user, Listener* log, std::optional<Tee>& tee, int& depth) {
    return user == nullptr ? log : &tee.emplace(*user, log, depth);
}

}  // namespace

publisher::publisher(listeners users, logger log) : log_(std::move(log)), users_(std::move(users)) {
    const auto logs = [this](log_component component) {
        return log_.enabled(component, log_level::debug);
    };
    if (users_.command || logs(log_component::command)) {
        // It writes to the log itself.
        commands_.emplace(
            join<command_listener>(users_.command.get(), nullptr, command_tee_, calls_), log_);
    }
    pool_ = join<pool_listener>(users_.pool.get(),
                                logs(log_component::connection) ? &pool_log_ : nullptr, pool_tee_,
                                calls_);
    topology_ = join<topology_listener>(users_.topology.get(),
                                        logs(log_component::topology) ? &topology_log_ : nullptr,
                                        topology_tee_, calls_);
}

}  // namespace mongoro::monitoring
