// The key management services in the schema of the unified test format.

#include "unified/schema_checks.hpp"

#include <algorithm>

namespace mongoro::spec::unified::schema {

namespace {

constexpr member placeholder[] = {{"$$placeholder", is_anything, required}};

void is_secret(const value_view& v, const std::string& where) {
    if (v.type() != bson::type::string) {
        is_object_of<placeholder>(v, where);
    }
}

constexpr member token[] = {{"accessToken", is_secret, required}};
/// The members of the table, or an access token alone.
template <auto& Members>
void is_token_or(const value_view& v, const std::string& where) {
    if (v.type() == bson::type::document && v["accessToken"]) {
        is_object_of<token>(v, where);
    } else {
        is_object_of<Members>(v, where);
    }
}

constexpr member aws[] = {
    {"accessKeyId", is_secret}, {"secretAccessKey", is_secret}, {"sessionToken", is_secret}};
constexpr member azure[] = {{"tenantId", is_secret},
                            {"clientId", is_secret},
                            {"clientSecret", is_secret},
                            {"identityPlatformEndpoint", is_secret}};
constexpr member gcp[] = {{"email", is_secret}, {"privateKey", is_secret}, {"endpoint", is_secret}};
constexpr member kmip[] = {{"endpoint", is_secret}};
constexpr member local[] = {{"key", is_secret}};

constexpr member providers[] = {
    {"aws", is_object_of<aws>},   {"azure", is_token_or<azure>},  {"gcp", is_token_or<gcp>},
    {"kmip", is_object_of<kmip>}, {"local", is_object_of<local>},
};

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

}  // namespace

void is_kms_providers(const value_view& v, const std::string& where) {
    is_object<>(v, where);
    for (const auto& each : v) {
        const auto path = where + "." + std::string(each.key());
        const auto colon = each.key().find(':');
        const auto* const known =
            std::ranges::find(providers, each.key().substr(0, colon), &member::name);
        demand(known != std::end(providers) &&
                   (colon == std::string_view::npos || is_name(each.key().substr(colon + 1))),
               path, "is no member of the format");
        known->value(each.value(), path);
    }
}

}  // namespace mongoro::spec::unified::schema
