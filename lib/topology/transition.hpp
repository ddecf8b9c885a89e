#pragma once

#include <mongoro/topology_description.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace mongoro::topology {

/// The topology that follows when a server is found to be as described: the whole table of SDAM,
/// "Updating the TopologyDescription".
///
/// `seeds` is how many addresses the client began with. What a server says that is not in the
/// topology changes nothing, nor does anything in one that is load balanced. Members are added up
/// to 1,000 servers. Whether the description is fresh is not asked here.
[[nodiscard]] topology_description with_server(const topology_description& before,
                                               server_description_ptr described, std::size_t seeds);

/// The topology that follows when the hosts behind an SRV record are these, in the order in which
/// they are to be taken: at most `max_hosts` in all (0: any number). Those that are known stay.
///
/// Without hosts, and for a type other than unknown and sharded, nothing changes.
[[nodiscard]] topology_description with_srv_hosts(const topology_description& before,
                                                  std::span<const std::string> hosts,
                                                  std::size_t max_hosts);

/// Sets what follows from the servers: `compatibility_error`, `logical_session_timeout_minutes`.
void summarize(topology_description& t);

}  // namespace mongoro::topology
