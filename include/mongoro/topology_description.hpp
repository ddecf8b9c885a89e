#pragma once

#include <mongoro/bson/object_id.hpp>
#include <mongoro/options/read_preference.hpp>
#include <mongoro/server_description.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro {

/// What kind of deployment the client talks to (SDAM, "TopologyType").
enum class topology_type : std::uint8_t {
    unknown,
    single,
    replica_set_no_primary,
    replica_set_with_primary,
    sharded,
    load_balanced,
};

/// The specification's name: `ReplicaSetWithPrimary`.
[[nodiscard]] std::string_view to_string(topology_type type) noexcept;

/// What the client knows of its deployment.
///
/// Never changes once it is made: each check that shows something replaces it. Copies share the
/// servers. Safe to read from any thread.
/// Spec: server-discovery-and-monitoring, "TopologyDescription".
struct topology_description {
    topology_type type = topology_type::unknown;
    /// Of the connection string, or of the first member that was found; empty without one.
    std::string set_name{};
    /// The largest that a primary reported.
    std::optional<std::int64_t> max_set_version{};
    std::optional<bson::object_id> max_election_id{};
    /// In the order in which they became known.
    std::vector<server_description_ptr> servers{};
    /// The least of the data-bearing servers; empty if one of them has none.
    std::optional<std::int32_t> logical_session_timeout_minutes{};
    /// Why this driver cannot speak with one of the servers; empty if it can with all.
    std::string compatibility_error{};
    /// The server that was removed last because it does not belong to this topology, and why;
    /// empty without one. Two descriptions that differ in nothing else are equal.
    std::string last_removed{};

    [[nodiscard]] bool is_compatible() const noexcept { return compatibility_error.empty(); }
    [[nodiscard]] bool is_replica_set() const noexcept {
        return type == topology_type::replica_set_no_primary ||
               type == topology_type::replica_set_with_primary;
    }
    /// The server of that address (in lower case, with its port); null without one.
    [[nodiscard]] const server_description* find(std::string_view address) const noexcept;
    /// The primary of a replica set; null without one.
    [[nodiscard]] const server_description* primary() const noexcept;

    /// Whether a read with that preference would find a server now. False also for a preference
    /// that is invalid.
    [[nodiscard]] bool has_readable_server(const read_preference& preference = {}) const;
    /// Whether a write would find a server now.
    [[nodiscard]] bool has_writable_server() const;

    /// One line for a log: the type, the set's name, each server; without servers, the last that
    /// was removed and why. Without any server's own text but the name of its set.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const topology_description& a, const topology_description& b);
};

using topology_description_ptr = std::shared_ptr<const topology_description>;

}  // namespace mongoro
