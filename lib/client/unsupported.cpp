#include "client/unsupported.hpp"

#include <array>
#include <string>
#include <string_view>

namespace mongoro::detail {

namespace {

using o = uri_options;

template <auto Member>
bool given(const uri& where) noexcept {
    return (where.options().*Member).has_value();
}

struct row {
    std::string_view what;
    bool (*asked_for)(const uri& where);
};

// A feature that gets built takes its row away.
constexpr std::array<row, 27> rows{{
    {"mongodb+srv", [](const uri& u) { return u.is_srv(); }},
    {"more than one host", [](const uri& u) { return u.hosts().size() > 1; }},
    {"a login", [](const uri& u) { return u.credential() != nullptr; }},
    {"authSource", given<&o::auth_source>},
    {"tls", [](const uri& u) { return u.uses_tls(); }},
    // With tls=false they do nothing, but who gives them expects something.
    {"an option that starts with tls", [](const uri& u) { return u.options().tls.any_detail(); }},
    {"proxyHost", [](const uri& u) { return u.options().proxy.host.has_value(); }},
    {"replicaSet", given<&o::replica_set>},
    {"directConnection", given<&o::direct_connection>},
    {"loadBalanced", given<&o::load_balanced>},
    {"serverMonitoringMode", given<&o::server_monitoring_mode>},
    {"heartbeatFrequencyMS", given<&o::heartbeat_frequency>},
    {"localThresholdMS", given<&o::local_threshold>},
    {"serverSelectionTimeoutMS", given<&o::server_selection_timeout>},
    {"serverSelectionTryOnce", given<&o::server_selection_try_once>},
    {"timeoutMS", given<&o::timeout>},
    {"socketTimeoutMS", given<&o::socket_timeout>},
    {"retryReads", given<&o::retry_reads>},
    {"retryWrites", given<&o::retry_writes>},
    {"maxAdaptiveRetries", given<&o::max_adaptive_retries>},
    {"enableOverloadRetargeting", given<&o::enable_overload_retargeting>},
    {"readPreference", given<&o::read_preference>},
    {"readConcernLevel", given<&o::read_concern_level>},
    {"w", given<&o::w>},
    {"w", given<&o::w_tag>},
    {"journal", given<&o::journal>},
    {"wTimeoutMS", given<&o::w_timeout>},
}};

}  // namespace

error unsupported_option(const uri& where) {
    for (const auto& [what, asked_for] : rows) {
        if (asked_for(where)) {
            return {errc::not_supported,
                    "in the connection string " + std::string(what) + " is not supported yet"};
        }
    }
    return {};
}

}  // namespace mongoro::detail
