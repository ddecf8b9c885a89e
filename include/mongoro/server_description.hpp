#pragma once

#include <mongoro/bson/object_id.hpp>
#include <mongoro/bson/types.hpp>
#include <mongoro/error.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro {

/// What kind of server one is (SDAM, "ServerType"). There is no PossiblePrimary, which is a word
/// for the scanning order of drivers with one thread.
enum class server_type : std::uint8_t {
    unknown,  ///< not checked yet, or the last check failed
    standalone,
    mongos,
    rs_primary,
    rs_secondary,
    rs_arbiter,
    rs_other,  ///< hidden, starting up or recovering: it cannot be queried, but knows the set
    rs_ghost,  ///< a member without a configuration
    load_balancer,
};

/// The specification's name: `RSPrimary`.
[[nodiscard]] std::string_view to_string(server_type type) noexcept;

/// Whether such a server holds data, or passes on to those that do.
[[nodiscard]] constexpr bool is_data_bearing(server_type type) noexcept {
    return type == server_type::standalone || type == server_type::mongos ||
           type == server_type::rs_primary || type == server_type::rs_secondary ||
           type == server_type::load_balancer;
}

/// How fresh a server's own view of the topology is: comparable only within one process of it.
struct topology_version {
    bson::object_id process_id;
    std::int64_t counter = 0;

    friend bool operator==(const topology_version&, const topology_version&) = default;
};

/// What the client knows of one server, from its latest hello or the error in the place of one.
///
/// Never changes once it is made: the topology replaces it. Safe to read from any thread.
/// Spec: server-discovery-and-monitoring, "ServerDescription".
struct server_description {
    using time_point = std::chrono::steady_clock::time_point;

    /// What the client connects to, as a connection string has it, in lower case and with its port:
    /// `a.example.com:27017`, `[::1]:27017`, or the path of a Unix-domain socket.
    std::string address;
    server_type type = server_type::unknown;
    /// Why the type is unknown; no error before the first check.
    mongoro::error error{};

    /// The average of its hellos' durations; empty for an unknown server.
    std::optional<std::chrono::nanoseconds> round_trip_time{};
    /// The least of the last ten; zero until there were two.
    std::chrono::nanoseconds min_round_trip_time{};
    /// When it was checked last, `min()` for never.
    time_point last_update_time = time_point::min();

    std::int32_t min_wire_version = 0;
    std::int32_t max_wire_version = 0;
    /// What a replica set calls this member; empty elsewhere.
    std::string me{};
    /// The members of its replica set as it knows them, each list sorted.
    std::vector<std::string> hosts{};
    std::vector<std::string> passives{};
    std::vector<std::string> arbiters{};
    std::map<std::string, std::string, std::less<>> tags{};
    std::string set_name{};
    std::optional<std::int64_t> set_version{};
    std::optional<bson::object_id> election_id{};
    /// Who it believes is the primary; empty for nobody.
    std::string primary{};
    /// By the clock of the primary, when it last recorded a write.
    std::optional<bson::date> last_write_date{};
    std::optional<std::int32_t> logical_session_timeout_minutes{};
    std::optional<mongoro::topology_version> topology_version{};
    bool is_cryptd = false;  ///< mongocryptd

    /// One line for a log: address, type, round trip time, error. Without the server's own text.
    [[nodiscard]] std::string to_string() const;

    /// Equal as the specification has it: all but times (of round trips, of the last update and of
    /// the last write). A change between two equal descriptions is not published.
    friend bool operator==(const server_description& a, const server_description& b);
};

using server_description_ptr = std::shared_ptr<const server_description>;

}  // namespace mongoro
