#include "dns/seed_list.hpp"

#include "dns/srv_rules.hpp"

#include <mongoro/when_all.hpp>

#include <tuple>
#include <utility>

namespace mongoro::dns {

task<result<seed_list>> resolve_seed_list(resolver& names, const uri& from) {
    const auto rules = srv_rules::of(from);
    if (!rules) {
        co_return rules.error();
    }
    const auto answers = co_await when_all(names.srv(rules->name()), names.txt(rules->host()));
    const auto& [records, texts] = answers;
    if (!records) {
        co_return records.error();
    }
    if (!texts) {
        co_return texts.error();
    }
    for (const auto& record : *records) {
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
