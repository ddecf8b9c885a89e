#include "client/srv_source.hpp"

#include "auth/authenticator.hpp"
#include "client/settings.hpp"

namespace mongoro::detail {

task<result<deployment::settings>> srv_source::resolve() {
    auto list = co_await dns::resolve_seed_list(*provisional_.connection.names, from_);
    if (!list) {
        co_return list.error();
    }
    ttl_ = list->ttl;
    auto settings = provisional_;
    if (auto applied = apply_seed_list(settings, list->resolved); !applied) {
        co_return applied.error();
    }
    // Behind those of the string itself, which were logged when the client was made.
    for (const auto& warning : list->resolved.warnings().subspan(from_.warnings().size())) {
        log_.warn(log_component::client, "TXT record: " + warning);
    }
    co_return std::move(settings);
}

task<void> srv_source::poll(deployment::deployment& to) {
    auto rules = dns::srv_rules::of(from_);
    if (!rules) {
        co_return;  // then it has not been resolved either
    }
    to_ = &to;
    dns::srv_polling how;
    how.rules = std::move(*rules);
    how.ttl = ttl_;
    how.heartbeat_frequency = to.options().monitoring.heartbeat_frequency;
    co_await dns::poll_srv(core_, *provisional_.connection.names, std::move(how), *this);
}

void srv_source::srv_hosts(std::span<const std::string> hosts) {
    to_->srv_hosts(hosts);
}

void srv_source::srv_warning(std::string text) {
    if (const auto& warn = to_->options().warn) {
        warn(text);
    }
}

}  // namespace mongoro::detail
