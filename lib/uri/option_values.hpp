#pragma once

#include "uri/option_table.hpp"
#include "uri/text.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace mongoro::detail {

/// How values of the common types are read. `Path` says which member of `uri_options`: the members
/// to go through.
template <auto... Path>
[[nodiscard]] auto& member_of(option_values& out) noexcept {
    return (out.options.*....*Path);
}

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

/// A number, or a time in the unit of its member.
template <std::int64_t Min, std::int64_t Max, auto... Path>
bool read_integer(option_values& out, const uri_option& /*option*/, std::string_view text) {
    auto& member = member_of<Path...>(out);
    const auto value = number<std::int64_t>(text);
    if (!value || *value < Min || *value > Max) {
        return false;
    }
    member = static_cast<typename std::remove_cvref_t<decltype(member)>::value_type>(*value);
    return true;
}

/// Nothing for what is none. Warns of the spellings that only old connection strings have.
[[nodiscard]] std::optional<bool> read_truth(option_values& out, const uri_option& option,
                                             std::string_view text);

template <auto... Path>
bool read_boolean(option_values& out, const uri_option& option, std::string_view text) {
    const auto value = read_truth(out, option, text);
    if (value) {
        member_of<Path...>(out) = value;
    }
    return value.has_value();
}

template <auto... Path>
bool read_string(option_values& out, const uri_option& /*option*/, std::string_view text) {
    if (text.empty()) {
        return false;
    }
    member_of<Path...>(out) = std::string(text);
    return true;
}

using read_option = bool(option_values& out, const uri_option& option, std::string_view value);

read_option read_app_name;
read_option read_auth_mechanism;
read_option read_auth_properties;
read_option read_auth_source;
read_option read_compressors;
read_option read_gssapi_service_name;
read_option read_max_staleness;
read_option read_monitoring_mode;
read_option read_proxy_password;
read_option read_proxy_username;
read_option read_read_mode;
read_option read_srv_allowed_hosts_suffix;
read_option read_srv_service_name;
read_option read_tags;
read_option read_tls;
read_option read_w;

}  // namespace mongoro::detail
