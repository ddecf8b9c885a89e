#include "topology/server_selection.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

namespace mongoro::topology {

namespace {

using std::chrono::milliseconds;

constexpr std::int32_t wire_version_5_0 = 13;
/// More than two servers can differ by, and far below what a tick count holds: an option beyond it
/// limits nothing.
constexpr std::chrono::seconds longest_staleness{10'000'000'000'000};

/// Finds those of a replica set that a read may go to.
class replica_set_read {
 public:
    replica_set_read(const topology_description& topology, const selection_criteria& criteria)
        : topology_(topology), criteria_(criteria) {}

    /// Of `servers` only those that are suitable stay.
    void filter(server_list& servers) const {
        switch (criteria_.preference.mode) {
            case read_mode::primary:
                keep(servers, server_type::rs_primary);
                break;
            case read_mode::secondary:
                keep_eligible_secondaries(servers);
                break;
            case read_mode::primary_preferred:
                if (contains_primary(servers)) {
                    keep(servers, server_type::rs_primary);
                } else {
                    keep_eligible_secondaries(servers);
                }
                break;
            case read_mode::secondary_preferred: {
                const auto* const primary = contains_primary(servers);
                keep_eligible_secondaries(servers);
                if (servers.empty() && primary != nullptr) {
                    servers.push_back(primary);
                }
                break;
            }
            case read_mode::nearest:
                std::erase_if(servers, [](const auto* s) {
                    return s->type != server_type::rs_primary &&
                           s->type != server_type::rs_secondary;
                });
                keep_eligible(servers);
                break;
        }
    }

 private:
    static void keep(server_list& servers, server_type type) {
        std::erase_if(servers, [type](const auto* s) { return s->type != type; });
    }
    static const server_description* contains_primary(const server_list& servers) {
        const auto found = std::find_if(servers.begin(), servers.end(), [](const auto* s) {
            return s->type == server_type::rs_primary;
        });
        return found == servers.end() ? nullptr : *found;
    }

    void keep_eligible_secondaries(server_list& servers) const {
        keep(servers, server_type::rs_secondary);
        keep_eligible(servers);
    }

    void keep_eligible(server_list& servers) const {
        if (criteria_.preference.has_max_staleness()) {
            keep_fresh(servers);
        }
        keep_tagged(servers);
    }

    void keep_fresh(server_list& servers) const {
        const auto* const primary = topology_.primary();
        std::optional<bson::date> last_write;  // of the freshest secondary
        for (const auto& s : topology_.servers) {
            if (s->type == server_type::rs_secondary) {
                last_write = std::max(last_write, s->last_write_date);
            }
        }
        const milliseconds limit = std::min(*criteria_.preference.max_staleness, longest_staleness);
        std::erase_if(servers, [&](const server_description* s) {
            if (s->type != server_type::rs_secondary) {
                return false;
            }
            // Of one that does not say when it was written to nothing can be promised.
            if (!s->last_write_date || (primary != nullptr && !primary->last_write_date)) {
                return true;
            }
            return (primary != nullptr ? behind_primary(*s, *primary)
                                       : *last_write - *s->last_write_date) +
                       criteria_.heartbeat_frequency >
                   limit;
        });
    }

    static milliseconds behind_primary(const server_description& secondary,
                                       const server_description& primary) {
        // The clocks of client and primary are compared twice, so that what one is ahead of the
        // other goes away.
        const auto between_checks = std::chrono::duration_cast<milliseconds>(
            secondary.last_update_time - primary.last_update_time);
        return between_checks - (*secondary.last_write_date - *primary.last_write_date);
    }

    void keep_tagged(server_list& servers) const {
        bool any = false;
        for (const auto& set : criteria_.preference.tag_sets) {
            any = true;
            const auto tags = set.value().get_or<bson::document_view>({});
            const auto matches = [tags](const server_description* s) { return has(*s, tags); };
            if (std::any_of(servers.begin(), servers.end(), matches)) {
                std::erase_if(servers, std::not_fn(matches));
                return;
            }
        }
        if (any) {
            servers.clear();
        }
    }

    static bool has(const server_description& s, bson::document_view tags) {
        return std::all_of(tags.begin(), tags.end(), [&s](const bson::element& tag) {
            std::string_view value;
            if (tag.value().read(value) != errc{}) {
                return false;
            }
            const auto found = s.tags.find(tag.key());
            return found != s.tags.end() && found->second == value;
        });
    }

    const topology_description& topology_;
    const selection_criteria& criteria_;
};

void keep_suitable(const topology_description& topology, const selection_criteria& criteria,
                   server_list& servers) {
    const auto keep = [&servers](auto&& wanted) {
        std::erase_if(servers, [&](const auto* s) { return !wanted(s->type); });
    };
    switch (topology.type) {
        case topology_type::unknown:
            servers.clear();
            break;
        case topology_type::single:
        case topology_type::load_balanced:
            keep([](server_type type) { return type != server_type::unknown; });
            break;
        case topology_type::sharded:
            keep([](server_type type) { return type == server_type::mongos; });
            break;
        case topology_type::replica_set_no_primary:
        case topology_type::replica_set_with_primary:
            if (criteria.operation == operation_kind::write) {
                keep([](server_type type) { return type == server_type::rs_primary; });
            } else {
                replica_set_read(topology, criteria).filter(servers);
            }
            break;
    }
}

/// Sets `out` to all servers but those that are to be avoided.
void collect(const topology_description& topology, std::span<const std::string> avoided,
             server_list& out) {
    out.resize(topology.servers.size());
    std::transform(topology.servers.begin(), topology.servers.end(), out.begin(),
                   [](const auto& s) { return s.get(); });
    if (!avoided.empty()) [[unlikely]] {
        std::erase_if(out, [avoided](const server_description* s) {
            return std::find(avoided.begin(), avoided.end(), s->address) != avoided.end();
        });
    }
}

/// What the specification wants refused, whatever the servers are.
result<void> check(const topology_description& topology, const selection_criteria& criteria) {
    if (!topology.is_compatible()) {
        return error(errc::incompatible_server, topology.compatibility_error);
    }
    if (criteria.operation == operation_kind::write) {
        return {};
    }
    const auto& preference = criteria.preference;
    if (auto valid = preference.check(); !valid) {
        return valid;
    }
    if (!preference.has_max_staleness() || !topology.is_replica_set()) {
        return {};
    }
    // In seconds: in milliseconds the option may be more than there is.
    const auto least = std::chrono::ceil<std::chrono::seconds>(std::max<milliseconds>(
        smallest_max_staleness, criteria.heartbeat_frequency + idle_write_period));
    if (*preference.max_staleness < least) {
        return error(errc::invalid_argument,
                     "maxStalenessSeconds is " + std::to_string(preference.max_staleness->count()) +
                         ", the least for this client is " + std::to_string(least.count()) +
                         " (90, or heartbeatFrequencyMS and 10 s if that is more)");
    }
    return {};
}

}  // namespace

bool may_write_anywhere(const topology_description& topology) noexcept {
    return topology.type == topology_type::load_balanced ||
           std::none_of(topology.servers.begin(), topology.servers.end(), [](const auto& s) {
               return s->type != server_type::unknown && s->max_wire_version < wire_version_5_0;
           });
}

result<void> find_suitable(const topology_description& topology, const selection_criteria& criteria,
                           server_list& out) {
    if (criteria.writes && !may_write_anywhere(topology)) [[unlikely]] {
        auto as_write = criteria;
        as_write.writes = false;
        as_write.operation = operation_kind::write;
        return find_suitable(topology, as_write, out);
    }
    out.clear();
    if (auto checked = check(topology, criteria); !checked) {
        return checked;
    }
    collect(topology, criteria.deprioritized, out);
    const bool all = out.size() == topology.servers.size();
    keep_suitable(topology, criteria, out);
    if (out.empty() && !all) {
        collect(topology, {}, out);
        keep_suitable(topology, criteria, out);
    }
    return {};
}

void keep_in_window(server_list& servers, std::chrono::nanoseconds threshold) {
    // One whose round trips nobody has measured yet says nothing of the others, and may stay.
    auto shortest = std::chrono::nanoseconds::max();
    for (const auto* s : servers) {
        shortest = std::min(shortest, s->round_trip_time.value_or(shortest));
    }
    // Not shortest + threshold, which can be more than there is.
    std::erase_if(servers, [&](const auto* s) {
        return s->round_trip_time && *s->round_trip_time - shortest > threshold;
    });
}

error selection_timeout(const topology_description& topology, const selection_criteria& criteria,
                        milliseconds waited) {
    std::string text = "no server for a ";
    if (criteria.operation == operation_kind::write) {
        text += "write";
    } else {
        text += "read with read preference " + criteria.preference.to_string();
    }
    text += " within " + std::to_string(waited.count()) + " ms; the topology is " +
            topology.to_string();
    return error(errc::server_selection_timeout, std::move(text));
}

}  // namespace mongoro::topology
