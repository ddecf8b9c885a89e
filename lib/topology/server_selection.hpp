#pragma once

#include <mongoro/options/read_preference.hpp>
#include <mongoro/result.hpp>
#include <mongoro/topology_description.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace mongoro::topology {

/// How often an idle primary writes a no-op to its oplog (max-staleness specification).
inline constexpr std::chrono::seconds idle_write_period{10};
inline constexpr std::chrono::seconds smallest_max_staleness{90};
inline constexpr std::chrono::milliseconds default_local_threshold{15};
inline constexpr std::chrono::milliseconds default_heartbeat_frequency{10'000};

enum class operation_kind : std::uint8_t { read, write };

/// What an operation wants of its server.
struct selection_criteria {
    operation_kind operation = operation_kind::read;
    /// A read that ends in a write (`$out`, `$merge`): one where `may_write_anywhere()` is false.
    bool writes = false;
    read_preference preference{};  ///< of a read
    std::chrono::nanoseconds local_threshold = default_local_threshold;
    std::chrono::milliseconds heartbeat_frequency = default_heartbeat_frequency;
    /// Addresses that are taken only if there is no other: those where a try has failed.
    std::span<const std::string> deprioritized{};
};

/// Whether `$out` and `$merge` go where their read preference says: no server is known that only
/// has them as a primary, as those before 5.0. Spec: crud, "Read preferences and server selection".
[[nodiscard]] bool may_write_anywhere(const topology_description& topology) noexcept;

/// Servers of one topology description, which must outlive it. Keep one and use it again: then a
/// selection allocates nothing.
using server_list = std::vector<const server_description*>;

/// Sets `out` to the suitable servers, without looking at round trip times.
///
/// Errors, none of which time can mend: `incompatible_server` (a wire version),
/// `invalid_argument` (the read preference; its staleness too small for a replica set). That no
/// server is suitable is no error.
[[nodiscard]] result<void> find_suitable(const topology_description& topology,
                                         const selection_criteria& criteria, server_list& out);

/// Leaves those whose average round trip time is at most `threshold` above the shortest one.
void keep_in_window(server_list& servers, std::chrono::nanoseconds threshold);

/// Two at random, and of these the one with fewer operations; null of none.
///
/// `operation_count(server)` says how many the server is running, `random` is a generator of the
/// standard library's kind.
template <typename OperationCount, typename Random>
[[nodiscard]] const server_description* choose(std::span<const server_description* const> from,
                                               OperationCount&& operation_count, Random& random) {
    if (from.size() < 2) {
        return from.empty() ? nullptr : from.front();
    }
    std::uniform_int_distribution<std::size_t> any(0, from.size() - 1);
    std::uniform_int_distribution<std::size_t> other(0, from.size() - 2);
    const std::size_t i = any(random);
    std::size_t j = other(random);
    j += j >= i ? 1 : 0;
    return operation_count(*from[j]) < operation_count(*from[i]) ? from[j] : from[i];
}

/// The server for an operation, out of `topology`; null if none is suitable now. Its operation
/// count is the caller's to raise.
///
/// Errors: as `find_suitable`. `scratch` holds nothing of value before or after.
template <typename OperationCount, typename Random>
[[nodiscard]] result<const server_description*> select(const topology_description& topology,
                                                       const selection_criteria& criteria,
                                                       OperationCount&& operation_count,
                                                       Random& random, server_list& scratch) {
    if (auto found = find_suitable(topology, criteria, scratch); !found) {
        return found.error();
    }
    keep_in_window(scratch, criteria.local_threshold);
    return choose(scratch, operation_count, random);
}

/// Why no server was found in time (`server_selection_timeout`): what was wanted, what the topology
/// looked like, and the last error of each server. The servers' own texts are not in it.
[[nodiscard]] error selection_timeout(const topology_description& topology,
                                      const selection_criteria& criteria,
                                      std::chrono::milliseconds waited);

}  // namespace mongoro::topology
