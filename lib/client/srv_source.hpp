#pragma once

#include "deployment/deployment.hpp"
#include "dns/poll_srv.hpp"
#include "dns/seed_list.hpp"
#include "monitoring/logger.hpp"

#include <mongoro/uri.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>

namespace mongoro::detail {

/// What a client of a `mongodb+srv` connection string gets out of DNS: its seeds, and while the
/// deployment is a sharded cluster, what becomes of them. It outlives the deployment.
class srv_source final : dns::srv_listener {
 public:
    /// `provisional`: the settings that the string alone gives. The log outlives this.
    srv_source(io::reactor_core& core, uri from, deployment::settings provisional,
               const monitoring::logger& log)
        : core_(core), from_(std::move(from)), provisional_(std::move(provisional)), log_(log) {}

    /// The settings with what the SRV and TXT records say; logs what is odd about the latter, as it
    /// is done for a connection string. Errors: those of
    /// `dns::resolve_seed_list`, and `invalid_argument` for what now excludes itself.
    [[nodiscard]] task<result<deployment::settings>> resolve();
    /// Tells the deployment of the record's hosts, until it is stopped.
    [[nodiscard]] task<void> poll(deployment::deployment& to);

 private:
    void srv_hosts(std::span<const std::string> hosts) override;
    void srv_warning(std::string text) override;

    io::reactor_core& core_;
    uri from_;
    deployment::settings provisional_;
    const monitoring::logger& log_;
    std::chrono::seconds ttl_{0};
    deployment::deployment* to_ = nullptr;
};

}  // namespace mongoro::detail
