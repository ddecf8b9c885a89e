#pragma once

#include "dns/resolver.hpp"
#include "io/connect.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>
#include <mongoro/uri.hpp>

#include <vector>

namespace mongoro::dns {

/// The addresses of a host, at least one: itself for an IP literal or a socket's path, else what
/// the hosts file says, in its order, else what DNS says. `localhost` is never asked of DNS.
///
/// Errors: `invalid_argument` for a path that the kernel cannot take; `name_resolution_failed` for
/// an IPv6 literal that is none, or whose zone is of no network interface; else those of
/// `resolver::addresses`. `names` and `host` outlive the task.
[[nodiscard]] task<result<std::vector<io::address>>> resolve(io::reactor_core& core,
                                                             resolver& names,
                                                             const host_address& host);

}  // namespace mongoro::dns
