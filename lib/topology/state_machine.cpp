#include "topology/state_machine.hpp"

#include "error/retry_tables.hpp"
#include "topology/transition.hpp"

#include <algorithm>
#include <utility>

namespace mongoro::topology {

namespace {

error refused(const char* why) {
    return {errc::invalid_argument, why};
}

/// A description shared by all who have the one that the topology had or has.
server_description_ptr shared(const topology_description& in, std::string_view address) {
    for (const auto& s : in.servers) {
        if (s->address == address) {
            return s;
        }
    }
    return nullptr;
}

bool is_timeout(const error& e) noexcept {
    if (e == errc::proxy_failed && e.cause() != nullptr) {
        return *e.cause() == errc::connect_timed_out;  // the proxy's, or of the server behind it
    }
    return e == errc::connect_timed_out || e == errc::socket_timed_out ||
           e == errc::deadline_exceeded;
}

/// What ended the opening of a connection from this side: nothing of it is the server's doing.
bool is_ours(const error& e) noexcept {
    return e == errc::operation_cancelled || e == errc::client_closed ||
           e == errc::reactor_stopped || e == errc::wait_queue_timeout || e == errc::pool_cleared;
}

topology_type first_type(const settings& s) noexcept {
    if (s.load_balanced) {
        return topology_type::load_balanced;
    }
    if (s.direct_connection) {
        return topology_type::single;
    }
    return s.set_name.empty() ? topology_type::unknown : topology_type::replica_set_no_primary;
}

}  // namespace

result<void> settings::check() const {
    if (direct_connection && seeds.size() > 1) {
        return refused("directConnection is for one host");
    }
    if (load_balanced && seeds.size() > 1) {
        return refused("loadBalanced is for one host");
    }
    if (load_balanced && direct_connection) {
        return refused("loadBalanced and directConnection exclude each other");
    }
    if (load_balanced && !set_name.empty()) {
        return refused("loadBalanced and replicaSet exclude each other");
    }
    if (load_balanced && srv_max_hosts != 0) {
        return refused("loadBalanced and srvMaxHosts exclude each other");
    }
    return {};
}

state_machine::state_machine(settings from)
    : settings_(std::move(from)),
      description_(std::make_shared<const topology_description>()),
      polls_srv_(settings_.srv && first_type(settings_) == topology_type::unknown) {
    // How many they are decides what a standalone among them is: each counts once.
    std::vector<std::string> seeds;
    for (const auto& given : settings_.seeds) {
        auto seed = normal_address(given);
        if (std::find(seeds.begin(), seeds.end(), seed) == seeds.end()) {
            seeds.push_back(std::move(seed));
        }
    }
    settings_.seeds = std::move(seeds);
}

template <typename Event, typename... Members>
void state_machine::publish_event(actions& out, Members&&... members) const {
    if (settings_.publish_events) {
        out.push_back(publish{Event{std::forward<Members>(members)...}});
    }
}

actions state_machine::open() {
    actions out;
    is_open_ = true;
    publish_event<topology_opening_event>(out, settings_.id);
    auto first = std::make_shared<topology_description>();
    first->type = first_type(settings_);
    first->set_name = settings_.set_name;
    for (const auto& seed : settings_.seeds) {
        first->servers.push_back(std::make_shared<const server_description>(unknown_server(seed)));
    }
    const auto none = std::exchange(description_, first);
    publish_event<topology_description_changed_event>(out, settings_.id, none, description_);
    for (const auto& s : description_->servers) {
        open_one(out, s->address);
    }
    if (description_->servers.empty()) {
        out.push_back(warn{"the client has no host to begin with"});
    }
    if (settings_.load_balanced && !description_->servers.empty()) {
        auto t = *description_;
        auto balancer = unknown_server(t.servers.front()->address);
        balancer.type = server_type::load_balancer;
        t.servers.front() = std::make_shared<const server_description>(std::move(balancer));
        const auto incoming = t.servers.front();
        replace(out, std::move(t), incoming);
        out.push_back(ready_pool{incoming->address});
        out.push_back(wake_selections{});
    }
    if (settings_.srv && !polls_srv_) {
        out.push_back(stop_srv_polling{});
    }
    return out;
}

actions state_machine::close() {
    actions out;
    if (!std::exchange(is_open_, false)) {
        return out;
    }
    const auto last = std::exchange(description_, std::make_shared<const topology_description>());
    for (const auto& s : last->servers) {
        out.push_back(close_server{s->address});
        publish_event<server_closed_event>(out, settings_.id, s->address);
    }
    publish_event<topology_description_changed_event>(out, settings_.id, last, description_);
    publish_event<topology_closed_event>(out, settings_.id);
    out.push_back(wake_selections{});
    return out;
}

actions state_machine::hello(std::string_view address, const wire::hello_reply& reply,
                             std::optional<round_trip> rtt, time_point now) {
    const auto* const current = description_->find(address);
    if (current == nullptr || description_->type == topology_type::load_balanced) {
        return {};
    }
    auto incoming = described(
        address, reply,
        rtt.value_or(round_trip{current->round_trip_time, current->min_round_trip_time}), now);
    if (compare(incoming.topology_version, current->topology_version) == freshness::older) {
        return {wake_selections{}};  // whose request of a check this was the end of
    }
    actions out;
    const auto before = description_;  // `address` may be of it
    replace_server(out, std::move(incoming));
    const auto* const found = description_->find(address);
    if (found != nullptr &&
        (is_data_bearing(found->type) ||
         (description_->type == topology_type::single && found->type != server_type::unknown))) {
        out.push_back(ready_pool{found->address});
    }
    out.push_back(wake_selections{});
    return out;
}

actions state_machine::check_failed(std::string_view address, const error& why, time_point now) {
    const auto current = shared(*description_, address);
    if (current == nullptr || description_->type == topology_type::load_balanced) {
        return {};
    }
    actions out;
    replace_server(out, unknown_server(address, why, now));
    out.push_back(clear_pool{current->address, why, std::nullopt, is_timeout(why)});
    if ((detail::is_network_error(why) || is_timeout(why)) &&
        current->type != server_type::unknown) {
        out.push_back(request_check{current->address, request_check::when::at_once});
    }
    out.push_back(wake_selections{});
    return out;
}

actions state_machine::application_failed(const application_error& failed, time_point now) {
    const auto current = shared(*description_, failed.address);
    if (current == nullptr || failed.generation < failed.pool_generation) {
        return {};
    }
    const bool balanced = description_->type == topology_type::load_balanced;
    if (balanced && !failed.service_id) {
        return {};  // not known to which of the services behind it the connection was to go
    }
    const auto reply = bson::document_view::from_bytes(failed.error.raw_reply());
    const auto version = reply ? topology_version_of(*reply) : std::nullopt;
    if (compare(version, current->topology_version) != freshness::newer) {
        return {};  // the description has been made from what the server said after this
    }
    actions out;
    const auto clear = [&] {
        out.push_back(clear_pool{current->address, failed.error, failed.service_id});
    };
    if (const auto state = detail::state_change_of(failed.error)) {
        mark_unknown(out, failed, now);
        if (state.shutting_down) {
            clear();
        }
        if (!balanced) {
            out.push_back(request_check{current->address});
        }
    } else if (failed.handshake_complete
                   ? detail::is_network_error(failed.error) && !is_timeout(failed.error)
                   : !is_ours(failed.error)) {
        if (failed.error.has_label(detail::label::system_overloaded_error)) {
            return {};
        }
        mark_unknown(out, failed, now);
        clear();
        if (!balanced) {
            out.push_back(cancel_check{current->address});
        }
    }
    if (!balanced && !out.empty()) {
        out.push_back(wake_selections{});
    }
    return out;
}

actions state_machine::srv_hosts(std::span<const std::string> hosts) {
    actions out;
    if (is_open_ && polls_srv_ && !hosts.empty()) {
        replace(out, with_srv_hosts(*description_, hosts, settings_.srv_max_hosts), nullptr);
        out.push_back(wake_selections{});
    }
    return out;
}

void state_machine::open_one(actions& out, const std::string& address) const {
    publish_event<server_opening_event>(out, settings_.id, address);
    out.push_back(open_server{address, !settings_.load_balanced});
}

void state_machine::mark_unknown(actions& out, const application_error& failed, time_point now) {
    if (description_->type == topology_type::load_balanced) {
        return;
    }
    auto unknown = unknown_server(failed.address, failed.error, now);
    const auto reply = bson::document_view::from_bytes(failed.error.raw_reply());
    unknown.topology_version = reply ? topology_version_of(*reply) : std::nullopt;
    replace_server(out, std::move(unknown));
}

void state_machine::replace_server(actions& out, server_description incoming) {
    const auto described = std::make_shared<const server_description>(std::move(incoming));
    replace(out, with_server(*description_, described, settings_.seeds.size()), described);
}

/// Takes the new description over, and says what became of the servers in between. `incoming` is
/// what was just heard of one server, which may be no part of the new description.
void state_machine::replace(actions& out, topology_description next,
                            const server_description_ptr& incoming) {
    const auto before =
        std::exchange(description_, std::make_shared<const topology_description>(std::move(next)));
    const auto& after = *description_;

    if (incoming != nullptr) {
        const auto is = shared(after, incoming->address);
        publish_change(out, shared(*before, incoming->address), is != nullptr ? is : incoming);
    }
    for (const auto& was : before->servers) {
        if (const auto is = shared(after, was->address)) {
            if (incoming == nullptr || is->address != incoming->address) {
                publish_change(out, was, is);
            }
        } else {
            out.push_back(close_server{was->address});
            publish_event<server_closed_event>(out, settings_.id, was->address);
        }
    }
    for (const auto& is : after.servers) {
        if (before->find(is->address) == nullptr) {
            open_one(out, is->address);
        }
    }
    if (!(*before == after)) {
        publish_event<topology_description_changed_event>(out, settings_.id, before, description_);
    }
    // One that was primary until another one said that it is.
    for (const auto& was : before->servers) {
        const auto* const is = after.find(was->address);
        if (was->type == server_type::rs_primary && is != nullptr &&
            is->error == errc::stale_primary &&
            (incoming == nullptr || is->address != incoming->address)) {
            out.push_back(request_check{is->address});
        }
    }
    if (after.servers.empty() && !before->servers.empty()) {
        out.push_back(warn{"the last server of the topology was removed: " +
                           before->servers.front()->address});
    }
    if (polls_srv_ && after.type != topology_type::unknown &&
        after.type != topology_type::sharded) {
        polls_srv_ = false;
        out.push_back(stop_srv_polling{});
    }
}

void state_machine::publish_change(actions& out, const server_description_ptr& before,
                                   const server_description_ptr& after) const {
    if (settings_.publish_events && !(*before == *after)) {
        publish_event<server_description_changed_event>(out, settings_.id, after->address, before,
                                                        after);
    }
}

}  // namespace mongoro::topology
