#include "topology/transition.hpp"

#include "error/shown_text.hpp"
#include "topology/server_description.hpp"
#include "wire/hello.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace mongoro::topology {

namespace {

constexpr std::int32_t wire_version_6_0 = 17;

// Members may name others without end, each hello new ones, until there is a primary to say which
// they are. A set has 50.
constexpr std::size_t most_servers = 1'000;

bool lists(const std::vector<std::string>& sorted, std::string_view address) {
    return std::binary_search(sorted.begin(), sorted.end(), address);
}

bool is_member(const server_description& of, std::string_view address) {
    return lists(of.hosts, address) || lists(of.passives, address) || lists(of.arbiters, address);
}

std::string tuple_text(const std::optional<bson::object_id>& election,
                       const std::optional<std::int64_t>& set_version) {
    std::string text(1, '(');
    text += election ? election->to_string() : "none";
    text += ", ";
    text += set_version ? std::to_string(*set_version) : "none";
    text += ')';
    return text;
}

/// The subroutines of the specification, by its names, on a topology that already holds the new
/// description of the server.
class transition {
 public:
    transition(topology_description& t, server_description_ptr incoming, std::size_t seeds)
        : t_(t), incoming_(std::move(incoming)), server_(*incoming_), seeds_(seeds) {}

    void run() {
        switch (t_.type) {
            case topology_type::single:
                verify_set_name();
                break;
            case topology_type::load_balanced:
                break;
            case topology_type::unknown:
                from_unknown();
                break;
            case topology_type::sharded:
                if (server_.type != server_type::unknown && server_.type != server_type::mongos) {
                    remove("is no mongos");
                }
                break;
            case topology_type::replica_set_no_primary:
            case topology_type::replica_set_with_primary:
                in_replica_set();
                break;
        }
    }

 private:
    void verify_set_name() {
        if (t_.set_name.empty() || server_.type == server_type::unknown ||
            server_.set_name == t_.set_name) {
            return;
        }
        replace_by_unknown(
            server_, {errc::wrong_replica_set, "the client asks for replica set " + t_.set_name +
                                                   ", the server is of " + its_set()});
    }

    std::string its_set() const {
        return server_.set_name.empty() ? "no replica set"
                                        : "replica set " + detail::shown_text(server_.set_name);
    }

    void from_unknown() {
        switch (server_.type) {
            case server_type::standalone:
                update_unknown_with_standalone();
                break;
            case server_type::mongos:
                t_.type = topology_type::sharded;
                break;
            case server_type::rs_primary:
                t_.type = topology_type::replica_set_with_primary;
                update_rs_from_primary();
                break;
            case server_type::rs_secondary:
            case server_type::rs_arbiter:
            case server_type::rs_other:
                t_.type = topology_type::replica_set_no_primary;
                update_rs_without_primary();
                break;
            case server_type::unknown:
            case server_type::rs_ghost:
            case server_type::load_balancer:
                break;
        }
    }

    void in_replica_set() {
        switch (server_.type) {
            case server_type::unknown:
            case server_type::rs_ghost:
                check_if_has_primary();
                break;
            case server_type::rs_primary:
                update_rs_from_primary();
                break;
            case server_type::rs_secondary:
            case server_type::rs_arbiter:
            case server_type::rs_other:
                if (t_.type == topology_type::replica_set_with_primary) {
                    update_rs_with_primary_from_member();
                } else {
                    update_rs_without_primary();
                }
                break;
            case server_type::standalone:
            case server_type::mongos:
            case server_type::load_balancer:
                remove("is of no replica set");
                check_if_has_primary();
                break;
        }
    }

    void update_unknown_with_standalone() {
        // An SRV record may have named others since: of type single there is one server.
        if (seeds_ == 1 && t_.servers.size() == 1) {
            t_.type = topology_type::single;
        } else {
            remove("is a standalone server, and not the only one");
        }
    }

    void update_rs_without_primary() {
        if (!agrees_on_set_name()) {
            remove("is of " + its_set());
            return;
        }
        add_members();
        if (has_another_name()) {
            remove("goes by another name in its replica set");
        }
    }

    void update_rs_with_primary_from_member() {
        if (!agrees_on_set_name()) {
            remove("is of " + its_set());
        } else if (has_another_name()) {
            remove("goes by another name in its replica set");
        }
        // It may have been the primary itself.
        check_if_has_primary();
    }

    void update_rs_from_primary() {
        if (!agrees_on_set_name()) {
            remove("is of " + its_set());
            check_if_has_primary();
            return;
        }
        if (!(server_.max_wire_version >= wire_version_6_0 ? is_newest_primary()
                                                           : is_newest_primary_before_6_0())) {
            replace_by_unknown(server_,
                               {errc::stale_primary,
                                "primary marked stale due to electionId/setVersion mismatch, " +
                                    tuple_text(server_.election_id, server_.set_version) +
                                    " is stale compared to " +
                                    tuple_text(t_.max_election_id, t_.max_set_version)});
            check_if_has_primary();
            return;
        }
        for (const auto& other : std::vector(t_.servers)) {
            if (other->address != server_.address && other->type == server_type::rs_primary) {
                replace_by_unknown(*other,
                                   {errc::stale_primary,
                                    "primary marked stale due to discovery of newer primary"});
            }
        }
        // Before the new ones are added: those that are none must not take their room.
        std::erase_if(t_.servers, [this](const server_description_ptr& s) {
            return !is_member(server_, s->address);
        });
        add_members();
        check_if_has_primary();
    }

    /// The order of (electionId, setVersion), where null is less than everything.
    bool is_newest_primary() {
        if (std::tie(server_.election_id, server_.set_version) <
            std::tie(t_.max_election_id, t_.max_set_version)) {
            return false;
        }
        t_.max_election_id = server_.election_id;
        t_.max_set_version = server_.set_version;
        return true;
    }

    /// setVersion came first, and neither counted without the other.
    bool is_newest_primary_before_6_0() {
        if (server_.set_version && server_.election_id) {
            if (t_.max_set_version && t_.max_election_id &&
                std::tie(t_.max_set_version, t_.max_election_id) >
                    std::tie(server_.set_version, server_.election_id)) {
                return false;
            }
            t_.max_election_id = server_.election_id;
        }
        // A missing one is less than any other here, too.
        t_.max_set_version = std::max(t_.max_set_version, server_.set_version);
        return true;
    }

    bool agrees_on_set_name() {
        if (t_.set_name.empty()) {
            t_.set_name = server_.set_name;
        }
        return t_.set_name == server_.set_name;
    }

    void check_if_has_primary() {
        t_.type = t_.primary() != nullptr ? topology_type::replica_set_with_primary
                                          : topology_type::replica_set_no_primary;
    }

    void add_members() {
        for (const auto* list : {&server_.hosts, &server_.passives, &server_.arbiters}) {
            for (const auto& address : *list) {
                if (t_.servers.size() < most_servers && t_.find(address) == nullptr) {
                    t_.servers.push_back(
                        std::make_shared<const server_description>(unknown_server(address)));
                }
            }
        }
    }

    bool has_another_name() const { return !server_.me.empty() && server_.me != server_.address; }

    /// Nobody asks it again: when no other one is left, the reason is all that there is to tell.
    void remove(const std::string& why) {
        t_.last_removed = server_.address + ' ' + why;
        std::erase_if(t_.servers, [this](const server_description_ptr& s) {
            return s->address == server_.address;
        });
    }

    void replace_by_unknown(const server_description& old, error why) {
        auto unknown = std::make_shared<const server_description>(
            unknown_server(old.address, std::move(why), old.last_update_time));
        for (auto& s : t_.servers) {
            if (s->address == unknown->address) {
                s = unknown;
            }
        }
    }

    topology_description& t_;
    server_description_ptr incoming_;  // keeps server_ alive when it is removed
    const server_description& server_;
    std::size_t seeds_;
};

}  // namespace

topology_description with_server(const topology_description& before,
                                 server_description_ptr described, std::size_t seeds) {
    topology_description t = before;
    const auto known = std::find_if(
        t.servers.begin(), t.servers.end(),
        [&](const server_description_ptr& s) { return s->address == described->address; });
    if (known == t.servers.end() || t.type == topology_type::load_balanced) {
        return t;
    }
    *known = described;
    transition(t, std::move(described), seeds).run();
    summarize(t);
    return t;
}

topology_description with_srv_hosts(const topology_description& before,
                                    std::span<const std::string> hosts, std::size_t max_hosts) {
    topology_description t = before;
    if (hosts.empty() || (t.type != topology_type::unknown && t.type != topology_type::sharded)) {
        return t;
    }
    std::vector<std::string> wanted;
    wanted.reserve(hosts.size());
    for (const auto& host : hosts) {
        wanted.push_back(normal_address(host));
    }
    std::erase_if(t.servers, [&](const server_description_ptr& s) {
        return std::find(wanted.begin(), wanted.end(), s->address) == wanted.end();
    });
    for (const auto& address : wanted) {
        if (max_hosts != 0 && t.servers.size() >= max_hosts) {
            break;
        }
        if (t.find(address) == nullptr) {
            t.servers.push_back(
                std::make_shared<const server_description>(unknown_server(address)));
        }
    }
    summarize(t);
    return t;
}

void summarize(topology_description& t) {
    t.compatibility_error.clear();
    t.logical_session_timeout_minutes.reset();
    if (t.type == topology_type::load_balanced) {
        return;  // nothing is known of what is behind it
    }
    bool first = true;
    for (const auto& s : t.servers) {
        if (is_data_bearing(s->type)) {
            // A missing one is less than any other, and makes all of it missing.
            t.logical_session_timeout_minutes = first
                                                    ? s->logical_session_timeout_minutes
                                                    : std::min(t.logical_session_timeout_minutes,
                                                               s->logical_session_timeout_minutes);
            first = false;
        }
        if (s->type != server_type::unknown && t.compatibility_error.empty()) {
            wire::server_limits limits;
            limits.min_wire_version = s->min_wire_version;
            limits.max_wire_version = s->max_wire_version;
            if (const auto checked = wire::check_wire_version(limits, s->address); !checked) {
                t.compatibility_error = checked.error().message();
            }
        }
    }
}

}  // namespace mongoro::topology
