#include "monitoring/publisher.hpp"

#include <utility>

namespace mongoro::monitoring {

namespace {

/// The user's listener, the log, both, or nobody.
template <typename Listener, typename Tee>
Listener* join(Listener* user, Listener& log, bool logs, std::optional<Tee>& tee) {
    if (!logs) {
        return user;
    }
    return user == nullptr ? &log : &tee.emplace(*user, log);
}

}  // namespace

publisher::publisher(listeners users, logger log) : log_(std::move(log)), users_(std::move(users)) {
    const auto logs = [this](log_component component) {
        return log_.enabled(component, log_level::debug);
    };
    if (users_.command || logs(log_component::command)) {
        commands_.emplace(users_.command.get(), log_);
    }
    pool_ = join<pool_listener>(users_.pool.get(), pool_log_, logs(log_component::connection),
                                pool_tee_);
    topology_ = join<topology_listener>(users_.topology.get(), topology_log_,
                                        logs(log_component::topology), topology_tee_);
}

}  // namespace mongoro::monitoring
