#include "uri/option_table.hpp"

#include "uri/option_values.hpp"
#include "uri/secrets.hpp"

#include <algorithm>
#include <array>

namespace mongoro::detail {

namespace {

using enum uri_option::repeated;
using o = uri_options;
using proxy = proxy_options;
using tls = tls_options;

constexpr std::string_view truth = "true or false";
constexpr std::string_view text = "some text";
constexpr std::string_view from_0 = "an integer from 0 to 2147483647";
constexpr std::string_view from_0_long = "an integer from 0 to 9223372036854775807";
constexpr std::string_view from_1 = "an integer from 1 to 2147483647";

template <auto... Path>
constexpr auto non_negative = read_integer<0, int32_max, Path...>;
template <auto... Path>
constexpr auto positive = read_integer<1, int32_max, Path...>;

// By name. Source: uri-options.md, "List of specified options"; timeoutMS from
// client-side-operations-timeout.md, gssapiServiceName from auth.md.
constexpr std::array<uri_option, 52> table{{
    {"appname", "at most 128 bytes", read_app_name},
    {"authMechanism", text, read_auth_mechanism},
    {"authMechanismProperties", "a list of name:value pairs, and no comma in them",
     read_auth_properties},
    {"authSource", text, read_auth_source},
    {"compressors", "a list of snappy, zlib and zstd", read_compressors},
    {"connectTimeoutMS", from_0, non_negative<&o::connect_timeout>},
    {"directConnection", truth, read_boolean<&o::direct_connection>},
    {"enableOverloadRetargeting", truth, read_boolean<&o::enable_overload_retargeting>},
    {"gssapiServiceName", text, read_gssapi_service_name},
    {"heartbeatFrequencyMS", "an integer from 500 to 2147483647",
     read_integer<500, int32_max, &o::heartbeat_frequency>},
    {"journal", truth, read_boolean<&o::journal>},
    {"loadBalanced", truth, read_boolean<&o::load_balanced>},
    {"localThresholdMS", from_0, non_negative<&o::local_threshold>},
    {"maxAdaptiveRetries", from_0, non_negative<&o::max_adaptive_retries>},
    {"maxConnecting", from_1, positive<&o::max_connecting>},
    {"maxIdleTimeMS", from_0, non_negative<&o::max_idle_time>},
    {"maxPoolSize", from_0, non_negative<&o::max_pool_size>},
    {"maxStalenessSeconds", "-1, or an integer from 90 to 2147483647", read_max_staleness},
    {"minPoolSize", from_0, non_negative<&o::min_pool_size>},
    {"proxyHost", text, read_string<&o::proxy, &proxy::host>, conflicts},
    {"proxyPassword", text, read_proxy_password, conflicts},
    {"proxyPort", "an integer from 1 to 65535", read_integer<1, 65535, &o::proxy, &proxy::port>,
     conflicts},
    {"proxyUsername", text, read_proxy_username, conflicts},
    {"readConcernLevel", text, read_string<&o::read_concern_level>},
    {"readPreference", "primary, primaryPreferred, secondary, secondaryPreferred or nearest",
     read_read_mode},
    {"readPreferenceTags", "a list of name:value pairs", read_tags, adds},
    {"replicaSet", text, read_string<&o::replica_set>},
    {"retryReads", truth, read_boolean<&o::retry_reads>},
    {"retryWrites", truth, read_boolean<&o::retry_writes>},
    {"serverMonitoringMode", "auto, stream or poll", read_monitoring_mode},
    {"serverSelectionTimeoutMS", from_0, non_negative<&o::server_selection_timeout>},
    {"serverSelectionTryOnce", truth, read_boolean<&o::server_selection_try_once>},
    {"socketTimeoutMS", from_0, non_negative<&o::socket_timeout>},
    {"srvAllowedHostsSuffix", "a domain", read_srv_allowed_hosts_suffix},
    {"srvMaxHosts", from_0, non_negative<&o::srv_max_hosts>},
    {"srvServiceName", "letters, digits and single hyphens, at most 62", read_srv_service_name},
    {"ssl", truth, read_tls},
    {"timeoutMS", from_0_long, read_integer<0, int64_max, &o::timeout>},
    {"tls", truth, read_tls},
    {"tlsAllowInvalidCertificates", truth, read_boolean<&o::tls, &tls::allow_invalid_certificates>},
    {"tlsAllowInvalidHostnames", truth, read_boolean<&o::tls, &tls::allow_invalid_hostnames>},
    {"tlsCAFile", text, read_string<&o::tls, &tls::ca_file>},
    {"tlsCertificateKeyFile", text, read_string<&o::tls, &tls::certificate_key_file>},
    {"tlsCertificateKeyFilePassword", text,
     read_string<&o::tls, &tls::certificate_key_file_password>},
    {"tlsDisableCertificateRevocationCheck", truth,
     read_boolean<&o::tls, &tls::disable_certificate_revocation_check>},
    {"tlsDisableOCSPEndpointCheck", truth,
     read_boolean<&o::tls, &tls::disable_ocsp_endpoint_check>},
    {"tlsInsecure", truth, read_boolean<&o::tls, &tls::insecure>},
    {"w", "a number or a name", read_w},
    {"waitQueueTimeoutMS", from_1, positive<&o::wait_queue_timeout>},
    {"wTimeoutMS", from_0_long, read_integer<0, int64_max, &o::w_timeout>},
    {"wtimeout", from_0_long, read_integer<0, int64_max, &o::w_timeout>, warns, "wTimeoutMS"},
    {"zlibCompressionLevel", "an integer from -1 to 9",
     read_integer<-1, 9, &o::zlib_compression_level>},
}};

}  // namespace

std::span<const uri_option> uri_option_table() noexcept {
    return table;
}

const uri_option* find_uri_option(std::string_view name) noexcept {
    const auto* const row = std::ranges::find_if(
        table, [&](const uri_option& option) { return same_ignoring_case(option.name, name); });
    return row == table.end() ? nullptr : row;
}

bool option_reader::appears(std::string_view name) const noexcept {
    return std::ranges::find(seen_, name, &uri_option::name) != seen_.end();
}

result<void> option_reader::read(std::string_view text) {
    auto pairs = split_options(text);
    if (!pairs) {
        return pairs.error();
    }
    const wiped_in_the_end clean(*pairs);
    std::size_t place = 0;
    for (const auto& [name, value] : *pairs) {
        const auto* const option = find_uri_option(name);
        ++place;
        if (option == nullptr) {
            // Not by its name, which may be a piece of a password with a character not encoded.
            values_.warnings.push_back("unsupported option (number " + std::to_string(place) +
                                       " of " + std::to_string(pairs->size()) + ")");
            continue;
        }
        const bool again = std::ranges::find(seen_, option) != seen_.end();
        if (again && option->when_repeated == uri_option::repeated::conflicts) {
            return bad_uri(std::string(option->name) + " is given more than once");
        }
        if (again && option->when_repeated == uri_option::repeated::warns) {
            values_.warnings.push_back(std::string(option->name) +
                                       " is given more than once: the last one counts");
        }
        seen_.push_back(option);
    }
    for (const auto& [name, value] : *pairs) {
        const auto* const option = find_uri_option(name);
        if (option == nullptr) {
            continue;
        }
        const std::string shown(option->name);
        if (!option->replaced_by.empty()) {
            const std::string instead(option->replaced_by);
            if (appears(instead)) {
                values_.warnings.push_back("deprecated option " + shown +
                                           " is ignored: " + instead + " is there, too");
                continue;
            }
            values_.warnings.push_back("deprecated option " + shown + " has been replaced by " +
                                       instead);
        }
        if (!option->read(values_, *option, value)) {
            values_.warnings.push_back("unsupported value of " + shown +
                                       " is ignored: it must be " + std::string(option->wants));
        }
        if (values_.failed) {
            return values_.failed;
        }
    }
    return {};
}

}  // namespace mongoro::detail
