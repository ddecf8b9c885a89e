#include "dns/resolve.hpp"

#include "dns/hosts_file.hpp"

namespace mongoro::dns {

task<result<std::vector<io::address>>> resolve(io::reactor_core& core, resolver& names,
                                               const host_address& host) {
    if (host.is_unix()) {
        auto path = io::address::unix_path(host.host);
        if (!path) {
            co_return path.error();
        }
        co_return std::vector{*path};
    }
    auto literal = io::address::ip(host.host, host.port);
    if (literal) {
        co_return std::vector{*literal};
    }
    if (host.host.find(':') != std::string::npos) {
        // Never a name of DNS. An interface may come later: nothing is wrong with the argument.
        co_return error(errc::name_resolution_failed, host.to_string(), literal.error());
    }
    auto found = co_await look_up_hosts_file(core, host.host, host.port);
    if (!found || !found->empty()) {
        co_return std::move(found);
    }
    co_return co_await names.addresses(host.host, host.port);
}

}  // namespace mongoro::dns
