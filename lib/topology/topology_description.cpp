#include <mongoro/topology_description.hpp>

#include "topology/server_selection.hpp"

#include <algorithm>
#include <tuple>

namespace mongoro {

std::string_view to_string(topology_type type) noexcept {
    switch (type) {
        case topology_type::unknown:
            break;
        case topology_type::single:
            return "Single";
        case topology_type::replica_set_no_primary:
            return "ReplicaSetNoPrimary";
        case topology_type::replica_set_with_primary:
            return "ReplicaSetWithPrimary";
        case topology_type::sharded:
            return "Sharded";
        case topology_type::load_balanced:
            return "LoadBalanced";
    }
    return "Unknown";
}

const server_description* topology_description::find(std::string_view address) const noexcept {
    const auto found =
        std::find_if(servers.begin(), servers.end(),
                     [address](const server_description_ptr& s) { return s->address == address; });
    return found == servers.end() ? nullptr : found->get();
}

const server_description* topology_description::primary() const noexcept {
    const auto found = std::find_if(
        servers.begin(), servers.end(),
        [](const server_description_ptr& s) { return s->type == server_type::rs_primary; });
    return found == servers.end() ? nullptr : found->get();
}

bool topology_description::has_readable_server(const read_preference& preference) const {
    topology::server_list found;
    topology::selection_criteria criteria;
    criteria.operation = topology::operation_kind::read;
    criteria.preference = preference;
    return topology::find_suitable(*this, criteria, found) && !found.empty();
}

bool topology_description::has_writable_server() const {
    topology::server_list found;
    topology::selection_criteria criteria;
    criteria.operation = topology::operation_kind::write;
    return topology::find_suitable(*this, criteria, found) && !found.empty();
}

std::string topology_description::to_string() const {
    std::string text(mongoro::to_string(type));
    if (!set_name.empty()) {
        text += ' ' + set_name;
    }
    if (servers.empty()) {
        text += " without servers";
        return last_removed.empty() ? text : text + " (removed: " + last_removed + ')';
    }
    const char* before = ": ";
    for (const auto& s : servers) {
        text += before + s->to_string();
        before = "; ";
    }
    return text;
}

bool operator==(const topology_description& a, const topology_description& b) {
    const auto compared = [](const topology_description& t) {
        return std::tie(t.type, t.set_name, t.max_set_version, t.max_election_id,
                        t.logical_session_timeout_minutes, t.compatibility_error);
    };
    return &a == &b || (compared(a) == compared(b) && a.servers.size() == b.servers.size() &&
                        std::all_of(a.servers.begin(), a.servers.end(), [&b](const auto& s) {
                            const auto* const other = b.find(s->address);
                            return other != nullptr && *s == *other;
                        }));
}

}  // namespace mongoro
