#include "dns/poll_srv.hpp"

#include "io/reactor_core.hpp"
#include "io/sleep.hpp"

#include <algorithm>
#include <vector>

namespace mongoro::dns {

namespace {

/// Tells of the hosts that may be; false if there is none. One record that is wrong must not hide
/// what the others say: which hosts are new, and which are gone.
bool tell(const srv_rules& rules, std::vector<srv_record>& records, srv_listener& listener) {
    std::erase_if(records, [&](const srv_record& record) {
        if (record.fault.empty() && rules.allows(record.host)) {
            return false;
        }
        listener.srv_warning(rules.name() + " (SRV): " + record.host + " is left out: " +
                             (record.fault.empty() ? "it is not below " + rules.suffix().substr(1)
                                                   : std::string(record.fault)));
        return true;
    });
    if (records.empty()) {
        return false;
    }
    auto hosts = hosts_of(records);
    rules.shuffle(hosts);
    std::vector<std::string> addresses;
    addresses.reserve(hosts.size());
    for (const auto& host : hosts) {
        addresses.push_back(host.to_string());
    }
    listener.srv_hosts(addresses);
    return true;
}

}  // namespace

task<void> poll_srv(io::reactor_core& core, resolver& names, srv_polling how,
                    srv_listener& listener) {
    const detail::task_context& context = co_await detail::this_context{};
    auto pause = std::max(how.ttl, how.minimal_interval);
    for (;;) {
        const auto when = io::timer::clock::now() + pause;
        if (co_await io::sleeping(core, context, when)) {
            co_return;
        }
        auto records = co_await names.srv(how.rules.name());
        if (context.interrupted()) {
            co_return;
        }
        if (!records) {
            listener.srv_warning(records.error().to_string());
            pause = how.heartbeat_frequency;
        } else if (!tell(how.rules, *records, listener)) {
            pause = how.heartbeat_frequency;
        } else {
            how.ttl = lowest_ttl(*records);
            pause = std::max(how.ttl, how.minimal_interval);
        }
    }
}

}  // namespace mongoro::dns
