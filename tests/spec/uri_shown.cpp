#include "uri_shown.hpp"

#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/document_view.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

namespace mongoro::spec {

namespace {

std::string show(bool value) {
    return value ? "true" : "false";
}

template <typename Integer>
    requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>)
std::string show(Integer value) {
    return std::to_string(value);
}

template <typename Period>
std::string show(std::chrono::duration<std::int64_t, Period> value) {
    return std::to_string(value.count());
}

std::string show(std::string_view value) {
    return '"' + std::string(value) + '"';
}

std::string show(const std::string& value) {
    return show(std::string_view(value));
}

/// In the order of the keys: that of a test's object means nothing.
std::string show(const std::map<std::string, std::string>& sorted) {
    std::string text;
    for (const auto& [key, value] : sorted) {
        text += (text.empty() ? "" : ",") + show(key) + ':' + value;
    }
    return '{' + text + '}';
}

std::string show(const tag_set& pairs) {
    std::map<std::string, std::string> sorted;
    for (const auto& [key, value] : pairs) {
        sorted[key] = show(value);
    }
    return show(sorted);
}

std::string show(compressor value) {
    switch (value) {
        case compressor::snappy:
            return show(std::string_view("snappy"));
        case compressor::zlib:
            return show(std::string_view("zlib"));
        case compressor::zstd:
            return show(std::string_view("zstd"));
    }
    return {};
}

std::string show(server_monitoring_mode value) {
    switch (value) {
        case server_monitoring_mode::automatic:
            return show(std::string_view("auto"));
        case server_monitoring_mode::stream:
            return show(std::string_view("stream"));
        case server_monitoring_mode::poll:
            return show(std::string_view("poll"));
    }
    return {};
}

std::string show(read_mode value) {
    switch (value) {
        case read_mode::primary:
            return show(std::string_view("primary"));
        case read_mode::primary_preferred:
            return show(std::string_view("primaryPreferred"));
        case read_mode::secondary:
            return show(std::string_view("secondary"));
        case read_mode::secondary_preferred:
            return show(std::string_view("secondaryPreferred"));
        case read_mode::nearest:
            return show(std::string_view("nearest"));
    }
    return {};
}

template <typename T>
std::string show_list(const std::vector<T>& values) {
    std::string text;
    for (const auto& value : values) {
        text += (text.empty() ? "" : ",") + show(value);
    }
    return '[' + text + ']';
}

template <typename T>
std::string show(const std::optional<T>& value) {
    return value ? show(*value) : std::string();
}

using o = uri_options;

template <auto Member>
std::string shown(const uri& from) {
    return show(from.options().*Member);
}
template <auto Member>
std::string shown_tls(const uri& from) {
    return show(from.options().tls.*Member);
}

struct row {
    std::string_view name;
    std::string (*text)(const uri& from);
};

const std::array rows = std::to_array<row>({
    {"appname", shown<&o::app_name>},
    {"authMechanism",
     [](const uri& u) {
         const auto* const c = u.credential();
         return c != nullptr && c->mechanism ? show(to_string(*c->mechanism)) : std::string();
     }},
    {"authMechanismProperties",
     [](const uri& u) {
         return u.credential() != nullptr ? shown_properties(*u.credential()) : std::string();
     }},
    {"authSource", shown<&o::auth_source>},
    {"compressors", [](const uri& u) { return show_list(u.options().compressors); }},
    {"connectTimeoutMS", shown<&o::connect_timeout>},
    {"directConnection", shown<&o::direct_connection>},
    {"enableOverloadRetargeting", shown<&o::enable_overload_retargeting>},
    {"heartbeatFrequencyMS", shown<&o::heartbeat_frequency>},
    {"journal", [](const uri& u) { return show(u.write_concern().journal); }},
    {"loadBalanced", shown<&o::load_balanced>},
    {"localThresholdMS", shown<&o::local_threshold>},
    {"maxAdaptiveRetries", shown<&o::max_adaptive_retries>},
    {"maxConnecting", shown<&o::max_connecting>},
    {"maxIdleTimeMS", shown<&o::max_idle_time>},
    {"maxPoolSize", shown<&o::max_pool_size>},
    {"maxStalenessSeconds",
     [](const uri& u) {
         const auto& p = u.options().read_preference;
         return p ? show(p->max_staleness) : std::string();
     }},
    {"minPoolSize", shown<&o::min_pool_size>},
    {"readConcernLevel", [](const uri& u) { return show(u.read_concern().level); }},
    {"readPreference",
     [](const uri& u) {
         const auto& p = u.options().read_preference;
         return p ? show(p->mode) : std::string();
     }},
    {"readPreferenceTags",
     [](const uri& u) {
         const auto& p = u.options().read_preference;
         return p ? show_list(p->tag_sets) : std::string();
     }},
    {"replicaSet", shown<&o::replica_set>},
    {"retryReads", shown<&o::retry_reads>},
    {"retryWrites", shown<&o::retry_writes>},
    {"serverMonitoringMode", shown<&o::server_monitoring_mode>},
    {"serverSelectionTimeoutMS", shown<&o::server_selection_timeout>},
    {"serverSelectionTryOnce", shown<&o::server_selection_try_once>},
    {"socketTimeoutMS", shown<&o::socket_timeout>},
    {"srvMaxHosts", shown<&o::srv_max_hosts>},
    {"srvServiceName", shown<&o::srv_service_name>},
    {"timeoutMS", shown<&o::timeout>},
    {"tls", shown_tls<&tls_options::enabled>},
    {"tlsAllowInvalidCertificates", shown_tls<&tls_options::allow_invalid_certificates>},
    {"tlsAllowInvalidHostnames", shown_tls<&tls_options::allow_invalid_hostnames>},
    {"tlsCAFile", shown_tls<&tls_options::ca_file>},
    {"tlsCertificateKeyFile", shown_tls<&tls_options::certificate_key_file>},
    {"tlsCertificateKeyFilePassword", shown_tls<&tls_options::certificate_key_file_password>},
    {"tlsDisableCertificateRevocationCheck",
     shown_tls<&tls_options::disable_certificate_revocation_check>},
    {"tlsDisableOCSPEndpointCheck", shown_tls<&tls_options::disable_ocsp_endpoint_check>},
    {"tlsInsecure", shown_tls<&tls_options::insecure>},
    {"w",
     [](const uri& u) {
         const auto concern = u.write_concern();
         return concern.w_tag.empty() ? show(concern.w) : show(concern.w_tag);
     }},
    {"wTimeoutMS", [](const uri& u) { return show(u.write_concern().w_timeout); }},
    {"zlibCompressionLevel", shown<&o::zlib_compression_level>},
});

bool same_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::optional<std::string> shown_option(const uri& from, std::string_view name) {
    const auto found =
        std::ranges::find_if(rows, [&](const row& r) { return same_ignoring_case(r.name, name); });
    return found == rows.end() ? std::nullopt : std::optional(found->text(from));
}

std::string shown_value(bson::value_view value) {
    switch (value.type()) {
        case bson::type::boolean:
            return show(value.get<bool>());
        case bson::type::int32:
        case bson::type::int64:
            return show(value.get<std::int64_t>());
        case bson::type::string:
            return show(value.get<std::string_view>());
        case bson::type::document: {
            std::map<std::string, std::string> sorted;
            for (const auto& element : value.get<bson::document_view>()) {
                sorted[std::string(element.key())] = shown_value(element.value());
            }
            return show(sorted);
        }
        case bson::type::array: {
            std::string text;
            for (const auto& element : value.get<bson::array_view>()) {
                text += (text.empty() ? "" : ",") + shown_value(element.value());
            }
            return '[' + text + ']';
        }
        default:
            return "a value that no option has";
    }
}

std::string shown_properties(const credential& from) {
    return show(from.properties);
}

std::string_view shown_type(const host_address& host) {
    if (host.is_unix()) {
        return "unix";
    }
    if (host.host.find(':') != std::string::npos) {
        return "ip_literal";
    }
    in_addr address{};
    return inet_pton(AF_INET, host.host.c_str(), &address) == 1 ? "ipv4" : "hostname";
}

}  // namespace mongoro::spec
