#include "uri/option_values.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

namespace mongoro::detail {

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

template <typename Enum>
struct named {
    std::string_view name;
    Enum value;
};

constexpr std::array<named<bool>, 11> truths{{
    {"true", true},
    {"false", false},
    // The rest is deprecated.
    {"1", true},
    {"yes", true},
    {"y", true},
    {"t", true},
    {"0", false},
    {"-1", false},
    {"no", false},
    {"n", false},
    {"f", false},
}};

constexpr std::array<named<read_mode>, 5> read_modes{{
    {"primary", read_mode::primary},
    {"primaryPreferred", read_mode::primary_preferred},
    {"secondary", read_mode::secondary},
    {"secondaryPreferred", read_mode::secondary_preferred},
    {"nearest", read_mode::nearest},
}};

constexpr std::array<named<server_monitoring_mode>, 3> monitoring_modes{{
    {"auto", server_monitoring_mode::automatic},
    {"stream", server_monitoring_mode::stream},
    {"poll", server_monitoring_mode::poll},
}};

constexpr std::array<named<compressor>, 3> all_compressors{{
    {"snappy", compressor::snappy},
    {"zlib", compressor::zlib},
    {"zstd", compressor::zstd},
}};

template <typename Table>
auto* find(const Table& table, std::string_view name) noexcept {
    const auto* const row = std::ranges::find(table, name, &Table::value_type::name);
    return row == table.end() ? nullptr : row;
}

/// `a:b,c:d`. The key ends at the first colon. Nothing if a piece has none, or no key.
std::optional<pairs> read_pairs(std::string_view text) {
    pairs read;
    while (!text.empty()) {
        auto value = take_until(text, ',');
        const auto colon = value.find(':');
        if (colon == std::string_view::npos || colon == 0) {
            return std::nullopt;
        }
        read.emplace_back(value.substr(0, colon), value.substr(colon + 1));
    }
    return read;
}

uri_read_preference& preference(option_values& out) {
    auto& member = out.options.read_preference;
    return member ? *member : member.emplace();
}

bool is_alphanumeric(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::optional<bool> read_truth(option_values& out, const uri_option& option,
                               std::string_view text) {
    const auto* const row = find(truths, text);
    if (row == nullptr) {
        return std::nullopt;
    }
    if (text != "true" && text != "false") {
        out.warnings.push_back("deprecated value of " + std::string(option.name) + ": write " +
                               (row->value ? "true" : "false"));
    }
    return row->value;
}

bool read_app_name(option_values& out, const uri_option& /*option*/, std::string_view text) {
    constexpr std::size_t most = 128;  // what a server takes, mongodb-handshake specification
    if (text.size() > most) {
        return false;
    }
    out.options.app_name = std::string(text);
    return true;
}

bool read_auth_mechanism(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (text.empty()) {
        return false;
    }
    out.auth_mechanism = std::string(text);  // whether it is one, the credential says
    return true;
}

bool read_auth_properties(option_values& out, const uri_option& option, std::string_view text) {
    auto read = read_pairs(text);
    if (!read || read->empty()) {
        return false;
    }
    pairs kept;
    for (auto& property : *read) {
        const auto same = std::ranges::find_if(
            kept, [&](const auto& one) { return same_ignoring_case(one.first, property.first); });
        if (same == kept.end()) {
            kept.push_back(std::move(property));
        } else {
            same->second = std::move(property.second);
            out.warnings.push_back(std::string(option.name) +
                                   " has a property more than once: the last one counts");
        }
    }
    out.auth_properties = std::move(kept);
    return true;
}

bool read_auth_source(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (text.empty()) {
        out.failed = bad_uri("authSource must not be empty");
        return true;
    }
    out.options.auth_source = std::string(text);
    return true;
}

bool read_compressors(option_values& out, const uri_option& option, std::string_view text) {
    std::vector<compressor> read;
    bool unknown = text.empty();
    while (!text.empty()) {
        const auto* const row = find(all_compressors, take_until(text, ','));
        if (row == nullptr) {
            unknown = true;
        } else if (std::ranges::find(read, row->value) == read.end()) {
            read.push_back(row->value);
        }
    }
    if (unknown && !read.empty()) {
        out.warnings.push_back(std::string(option.name) +
                               " has an unknown compressor, which is left out");
    }
    if (!read.empty()) {
        out.options.compressors = std::move(read);
        return true;
    }
    return false;
}

bool read_gssapi_service_name(option_values& out, const uri_option& option, std::string_view text) {
    out.warnings.push_back("deprecated option " + std::string(option.name) +
                           " has been replaced by SERVICE_NAME in authMechanismProperties");
    if (text.empty()) {
        return false;
    }
    out.gssapi_service_name = std::string(text);
    return true;
}

bool read_max_staleness(option_values& out, const uri_option& /*option*/, std::string_view text) {
    const auto value = number<std::int32_t>(text);
    if (!value || (*value != -1 && *value < 90)) {
        return false;
    }
    preference(out).max_staleness = std::chrono::seconds(*value);
    return true;
}

bool read_monitoring_mode(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (const auto* const row = find(monitoring_modes, text)) {
        out.options.server_monitoring_mode = row->value;
        return true;
    }
    return false;
}

// socks5 specification: an empty one counts as not given.

bool read_proxy_password(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (!text.empty()) {
        out.options.proxy.password = std::string(text);
    }
    return true;
}

bool read_proxy_username(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (!text.empty()) {
        out.options.proxy.username = std::string(text);
    }
    return true;
}

bool read_read_mode(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (const auto* const row = find(read_modes, text)) {
        preference(out).mode = row->value;
        return true;
    }
    return false;
}

/// Whatever has labels. Which names under it are to be trusted is looked at with the DNS answer.
bool read_srv_allowed_hosts_suffix(option_values& out, const uri_option& /*option*/,
                                   std::string_view text) {
    if (text.starts_with('.')) {
        text.remove_prefix(1);
    }
    if (text.ends_with('.')) {
        text.remove_suffix(1);
    }
    if (text.empty() || text.front() == '.' || text.back() == '.' ||
        text.find("..") != std::string_view::npos ||
        text.find_first_of(" \t\r\n\f\v/:") != std::string_view::npos) {
        // Left out, it would let more hosts in.
        out.failed = bad_uri("srvAllowedHostsSuffix must be a domain");
        return true;
    }
    out.options.srv_allowed_hosts_suffix = lower(text);
    return true;
}

/// RFC 6335, section 5.1, but for its limit of 15 characters: that of a DNS label, with its
/// underscore, holds.
bool read_srv_service_name(option_values& out, const uri_option& /*option*/,
                           std::string_view text) {
    const auto allowed = [](char c) { return is_alphanumeric(c) || c == '-'; };
    const auto letter = [](char c) { return is_alphanumeric(c) && (c < '0' || c > '9'); };
    if (text.empty() || text.size() > 62 || !std::ranges::all_of(text, allowed) ||
        std::ranges::none_of(text, letter) || text.front() == '-' || text.back() == '-' ||
        text.find("--") != std::string_view::npos) {
        return false;
    }
    out.options.srv_service_name = std::string(text);
    return true;
}

bool read_tags(option_values& out, const uri_option& /*option*/, std::string_view text) {
    auto read = read_pairs(text);
    if (!read) {
        return false;
    }
    preference(out).tag_sets.push_back(std::move(*read));
    return true;
}

/// Also of `ssl`: all of them must say the same.
bool read_tls(option_values& out, const uri_option& option, std::string_view text) {
    const auto value = read_truth(out, option, text);
    auto& enabled = out.options.tls.enabled;
    if (value && enabled && *enabled != *value) {
        out.failed = bad_uri("tls and ssl, or two of one of them, say the opposite");
    }
    if (value) {
        enabled = value;
    }
    return value.has_value();
}

bool read_w(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (text.empty()) {
        return false;
    }
    out.options.w.reset();
    out.options.w_tag.reset();
    if (const auto value = number<std::int64_t>(text)) {
        if (*value < 0 || *value > int32_max) {
            out.failed = bad_uri("w must be a number of members, from 0, or a name");
            return true;
        }
        out.options.w = static_cast<std::int32_t>(*value);
    } else {
        out.options.w_tag = std::string(text);
    }
    return true;
}

}  // namespace mongoro::detail
