#include "dns/seed_list.hpp"

#include "dns/srv_rules.hpp"

#include <mongoro/when_all.hpp>
#include <mongoro/with_stop.hpp>

#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace mongoro::dns {

namespace {

/// The SRV records; without any of them there is nothing to ask about any more.
task<result<std::vector<srv_record>>> ask_srv(resolver& names, std::string name,
                                              std::stop_source& others) {
    auto found = co_await names.srv(std::move(name));
    if (!found) {
        others.request_stop();
    }
    co_return std::move(found);
}

}  // namespace

task<result<seed_list>> resolve_seed_list(resolver& names, const uri& from) {
    const auto rules = srv_rules::of(from);
    if (!rules) {
        co_return rules.error();
    }
    std::stop_source enough;
    auto srv = ask_srv(names, rules->name(), enough);
    auto txt = with_stop(names.txt(rules->host()), enough.get_token());
    const auto answers = co_await when_all(std::move(srv), std::move(txt));
    const auto& [records, texts] = answers;
    if (!records) {
        co_return records.error();
    }
    if (!texts) {
        co_return texts.error();
    }
    for (const auto& record : *records) {
        if (!record.fault.empty()) {
            co_return error(errc::name_resolution_failed, rules->name() + " (SRV): " + record.host +
                                                              ": " + std::string(record.fault));
        }
        if (!rules->allows(record.host)) {
            co_return error(errc::name_resolution_failed, rules->name() + " (SRV): " + record.host +
                                                              " is not below " +
                                                              rules->suffix().substr(1));
        }
    }
    if (texts->size() > 1) {
        co_return error(errc::name_resolution_failed,
                        rules->host() + " (TXT): more than one record");
    }
    auto hosts = hosts_of(*records);
    rules->choose(hosts);
    auto resolved =
        from.resolved(std::move(hosts), texts->empty() ? std::string_view() : texts->front());
    if (!resolved) {
        co_return resolved.error();
    }
    seed_list found{std::move(*resolved), lowest_ttl(*records)};
    co_return std::move(found);
}

}  // namespace mongoro::dns
