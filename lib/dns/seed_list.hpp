#pragma once

#include "dns/resolver.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>
#include <mongoro/uri.hpp>

#include <chrono>

namespace mongoro::dns {

/// What DNS has made of a `mongodb+srv` connection string.
struct seed_list {
    uri resolved;              ///< see `uri::resolved`
    std::chrono::seconds ttl;  ///< the lowest of its SRV records
};

/// Asks for the SRV and the TXT records of a `mongodb+srv` connection string, side by side, until
/// both have been answered or the former are not to be had, and applies them: every host of the SRV
/// records must be below the string's domain, or end in its `srvAllowedHostsSuffix`; of more than
/// `srvMaxHosts` so many are chosen by chance; the TXT record gives the options that the string
/// does not.
///
/// Errors: `name_resolution_failed` for what DNS said, an SRV record with a fault, a host of
/// another domain, and several TXT records; `invalid_uri` for a TXT record's text and what excludes
/// what, see `uri::resolved`; `invalid_argument` for another scheme; those of the awaiting task.
/// `names` and `from` outlive the task. Spec: initial-dns-seedlist-discovery.
[[nodiscard]] task<result<seed_list>> resolve_seed_list(resolver& names, const uri& from);

}  // namespace mongoro::dns
