#include "dns/srv_rules.hpp"

#include "dns/public_suffix.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace mongoro::dns {

namespace {

// Reserved by RFC 6761, RFC 6762 and ICANN, or in common private use: nobody can register a name
// below them.
constexpr std::array<std::string_view, 9> private_suffixes{
    "corp", "example", "home", "internal", "invalid", "local", "localhost", "mail", "test"};

void shuffle_all(std::vector<host_address>& hosts) {
    std::random_device chance;
    std::ranges::shuffle(hosts, chance);
}

}  // namespace

result<srv_rules> srv_rules::of(const uri& from) {
    if (!from.is_srv()) {
        return error(errc::invalid_argument, "only mongodb+srv has SRV records");
    }
    const auto& options = from.options();
    srv_rules rules;
    rules.host_ = from.host().host;
    if (rules.host_.ends_with('.')) {
        rules.host_.pop_back();
    }
    rules.name_ = '_' + options.srv_service_name.value_or("mongodb") + "._tcp." + rules.host_;
    rules.max_hosts_ = options.srv_max_hosts.value_or(0);
    if (const auto& given = options.srv_allowed_hosts_suffix) {
        if (!has_public_suffix_list()) {
            return error(errc::not_supported,
                         "srvAllowedHostsSuffix cannot be checked: this is a build without libpsl, "
                         "which has the Public Suffix List");
        }
        if (is_public_suffix(*given) &&
            std::ranges::find(private_suffixes, *given) == private_suffixes.end()) {
            return error(errc::invalid_uri, "srvAllowedHostsSuffix is a public suffix");
        }
        rules.suffix_ = '.' + *given;
    } else if (std::ranges::count(rules.host_, '.') >= 2) {
        rules.suffix_ = rules.host_.substr(rules.host_.find('.'));
    } else {
        // One or two labels are the domain: its hosts are below it, and itself is none.
        rules.suffix_ = '.' + rules.host_;
    }
    return rules;
}

bool srv_rules::allows(std::string_view host) const noexcept {
    return host.size() > suffix_.size() && host.ends_with(suffix_);
}

void srv_rules::choose(std::vector<host_address>& hosts) const {
    if (max_hosts_ != 0 && max_hosts_ < hosts.size()) {
        shuffle_all(hosts);
        hosts.resize(max_hosts_);
    }
}

void srv_rules::shuffle(std::vector<host_address>& hosts) const {
    if (max_hosts_ != 0 && max_hosts_ < hosts.size()) {
        shuffle_all(hosts);
    }
}

std::vector<host_address> hosts_of(std::span<const srv_record> records) {
    std::vector<host_address> hosts;
    for (const auto& record : records) {
        host_address host{record.host, record.port};
        if (std::ranges::find(hosts, host) == hosts.end()) {
            hosts.push_back(std::move(host));
        }
    }
    return hosts;
}

std::chrono::seconds lowest_ttl(std::span<const srv_record> records) noexcept {
    return std::ranges::min_element(records, {}, &srv_record::ttl)->ttl;
}

}  // namespace mongoro::dns
