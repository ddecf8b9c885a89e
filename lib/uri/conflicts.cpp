// Which options exclude each other. Nothing here reads text.

#include "uri/conflicts.hpp"

#include "uri/option_table.hpp"
#include "uri/text.hpp"

#include <array>

namespace mongoro::detail {

namespace {

constexpr std::array<std::string_view, 3> srv_only{"srvMaxHosts", "srvServiceName",
                                                   "srvAllowedHostsSuffix"};

error conflict(std::string_view one, std::string_view other) {
    return bad_uri(std::string(one) + " and " + std::string(other) + " exclude each other");
}

error check_proxy(const proxy_options& proxy) {
    if (!proxy.host && (proxy.port || proxy.username || proxy.password)) {
        return bad_uri("proxyPort, proxyUsername and proxyPassword need a proxyHost");
    }
    if (proxy.username.has_value() != proxy.password.has_value()) {
        return bad_uri("proxyUsername and proxyPassword need each other");
    }
    return {};
}

/// load-balancers.md and initial-dns-seedlist-discovery.md, "URI Validation"; uri-options.md for
/// directConnection.
error check_topology(const uri_options& options, std::size_t hosts, bool srv) {
    const bool direct = options.direct_connection.value_or(false);
    if (direct && srv) {
        return conflict("directConnection=true", "mongodb+srv");
    }
    if (direct && hosts > 1) {
        return conflict("directConnection=true", "more than one host");
    }
    const bool some_hosts = options.srv_max_hosts.value_or(0) > 0;
    if (options.load_balanced.value_or(false)) {
        if (hosts > 1) {
            return conflict("loadBalanced=true", "more than one host");
        }
        if (options.replica_set) {
            return conflict("loadBalanced=true", "replicaSet");
        }
        if (direct) {
            return conflict("loadBalanced=true", "directConnection=true");
        }
        if (some_hosts) {
            return conflict("loadBalanced=true", "srvMaxHosts");
        }
    }
    if (some_hosts && options.replica_set) {
        return conflict("srvMaxHosts", "replicaSet");
    }
    return {};
}

/// max-staleness.md and server-selection.md: neither means anything for the primary.
error check_read_preference(const uri_read_preference& preference) {
    if (preference.mode != read_mode::primary) {
        return {};
    }
    if (preference.max_staleness && preference.max_staleness->count() > 0) {
        return bad_uri("maxStalenessSeconds needs a readPreference other than primary");
    }
    for (const auto& tags : preference.tag_sets) {
        if (!tags.empty()) {
            return bad_uri("readPreferenceTags need a readPreference other than primary");
        }
    }
    return {};
}

}  // namespace

error check_presence(const option_reader& given, bool srv) {
    for (const auto& [one, other] : tls_conflicts) {
        if (given.appears(one) && given.appears(other)) {
            return conflict(one, other);
        }
    }
    for (const auto name : srv_only) {
        if (!srv && given.appears(name)) {
            return bad_uri(std::string(name) + " needs mongodb+srv");
        }
    }
    return {};
}

error check_values(const uri_options& options, std::size_t hosts, bool srv) {
    if (auto e = check_topology(options, hosts, srv)) {
        return e;
    }
    if (auto e = check_proxy(options.proxy)) {
        return e;
    }
    if (options.read_preference) {
        if (auto e = check_read_preference(*options.read_preference)) {
            return e;
        }
    }
    // read-write-concern.md, "Inconsistent WriteConcern".
    if (options.w == 0 && options.journal.value_or(false)) {
        return conflict("w=0", "journal=true");
    }
    // connection-monitoring-and-pooling.md, "Connection Pool Options".
    if (const auto most = options.max_pool_size.value_or(0);
        most != 0 && options.min_pool_size.value_or(0) > most) {
        return bad_uri("minPoolSize is more than maxPoolSize");
    }
    return {};
}

}  // namespace mongoro::detail
