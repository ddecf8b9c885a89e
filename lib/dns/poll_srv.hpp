#pragma once

#include "dns/resolver.hpp"
#include "dns/srv_rules.hpp"

#include <mongoro/task.hpp>
#include <mongoro/uri.hpp>

#include <chrono>
#include <span>
#include <string>

namespace mongoro::dns {

/// Is told what the polling of an SRV record finds. On the reactor's thread; not called any more
/// once the polling has ended.
class srv_listener {
 public:
    /// The record was read again: all of its hosts that can be connected to and are in the right
    /// domain, `host:port`, each once, at least one. With a `srvMaxHosts` that is smaller they are
    /// in an order of chance.
    virtual void srv_hosts(std::span<const std::string> hosts) = 0;
    /// For the log: a host that was left out, or why nothing was learnt. One sentence.
    virtual void srv_warning(std::string text) = 0;

 protected:
    ~srv_listener() = default;
};

/// How the record of a `mongodb+srv` connection string is polled.
struct srv_polling {
    srv_rules rules;
    /// Of the records that are known: see `seed_list`.
    std::chrono::milliseconds ttl{0};
    /// `heartbeatFrequencyMS`: how soon it is tried again when nothing was learnt.
    std::chrono::milliseconds heartbeat_frequency{10'000};
    /// However short the records' own time is. For tests.
    std::chrono::milliseconds minimal_interval{60'000};
};

/// Asks for the record again and again until the awaiting task is stopped or its deadline passes:
/// each time after its lowest TTL, and 60 s at least, from the end of the time before; after
/// `heartbeat_frequency` while nothing was learnt. Nothing that goes wrong with DNS ends it, or
/// makes it tell of no hosts. It keeps `run()` running, unless its context is in the background.
///
/// Only for a topology that is sharded or unknown: stop it when it turns out to be another.
/// `names` and `listener` outlive the task. Spec: polling-srv-records-for-mongos-discovery.
[[nodiscard]] task<void> poll_srv(io::reactor_core& core, resolver& names, srv_polling how,
                                  srv_listener& listener);

}  // namespace mongoro::dns
