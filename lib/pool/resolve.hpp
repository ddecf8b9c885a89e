#pragma once

#include "io/connect.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>
#include <mongoro/uri.hpp>

#include <string_view>
#include <vector>

namespace mongoro::pool {

/// The addresses of a host: itself for an IP literal or a socket's path, else what the hosts file
/// says, in its order; `localhost` is known without one. `name_resolution_failed` names the host.
[[nodiscard]] task<result<std::vector<io::address>>> resolve(io::reactor_core& core,
                                                             const host_address& host);

/// What a hosts file says of a name, which is compared without regard to case. Lines that are
/// malformed are passed over, as the C library does.
[[nodiscard]] std::vector<io::address> find_in_hosts(std::string_view file, std::string_view name,
                                                     std::uint16_t port);

}  // namespace mongoro::pool
