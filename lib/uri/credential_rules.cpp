#include "uri/credential_rules.hpp"

#include "uri/secrets.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

namespace mongoro {

namespace {

enum class need : std::uint8_t { required, optional, forbidden };

/// Which source a credential has if none is given.
enum class home : std::uint8_t {
    database_or_admin,
    database_or_external,
    external,  // and no other may be given
};

constexpr std::array<std::string_view, 4> gssapi_properties{
    "SERVICE_NAME", "CANONICALIZE_HOST_NAME", "SERVICE_REALM", "SERVICE_HOST"};
constexpr std::array<std::string_view, 1> aws_properties{"AWS_SESSION_TOKEN"};
constexpr std::array<std::string_view, 2> oidc_properties{"ENVIRONMENT", "TOKEN_RESOURCE"};
constexpr std::string_view external = "$external";

/// auth.md, "MongoCredential Properties" of each mechanism.
struct mechanism_rules {
    auth_mechanism mechanism;
    std::string_view name;
    home source;
    need username;
    need password;  // one that is required may come later: see credential::check
    std::span<const std::string_view> properties = {};
};

constexpr std::array<mechanism_rules, 7> all_rules{{
    {auth_mechanism::scram_sha_1, "SCRAM-SHA-1", home::database_or_admin, need::required,
     need::required},
    {auth_mechanism::scram_sha_256, "SCRAM-SHA-256", home::database_or_admin, need::required,
     need::required},
    {auth_mechanism::mongodb_x509, "MONGODB-X509", home::external, need::optional, need::forbidden},
    {auth_mechanism::gssapi, "GSSAPI", home::external, need::required, need::optional,
     gssapi_properties},
    {auth_mechanism::plain, "PLAIN", home::database_or_external, need::required, need::required},
    {auth_mechanism::mongodb_aws, "MONGODB-AWS", home::external, need::optional, need::optional,
     aws_properties},
    {auth_mechanism::mongodb_oidc, "MONGODB-OIDC", home::external, need::optional, need::forbidden,
     oidc_properties},
}};

/// Those of a mechanism; without one those of SCRAM, which is what will be chosen.
const mechanism_rules& rules_of(std::optional<auth_mechanism> mechanism) noexcept {
    const auto* const row = std::ranges::find(
        all_rules, mechanism.value_or(auth_mechanism::scram_sha_256), &mechanism_rules::mechanism);
    return row == all_rules.end() ? all_rules.front() : *row;
}

bool one_of(std::string_view value, std::initializer_list<std::string_view> values) noexcept {
    return std::ranges::find(values, value) != values.end();
}

std::string broken_gssapi_rule(const credential& c) {
    const auto* const canonicalize = c.property("CANONICALIZE_HOST_NAME");
    if (canonicalize != nullptr &&
        !one_of(*canonicalize, {"none", "forward", "forwardAndReverse", "true", "false"})) {
        return "CANONICALIZE_HOST_NAME must be none, forward or forwardAndReverse";
    }
    return {};
}

std::string broken_aws_rule(const credential& c) {
    if (c.username.has_value() != c.password.has_value()) {
        return "MONGODB-AWS takes a user name and a password, or neither";
    }
    if (c.property("AWS_SESSION_TOKEN") != nullptr && !c.username) {
        return "AWS_SESSION_TOKEN needs a user name and a password";
    }
    return {};
}

std::string broken_oidc_rule(const credential& c) {
    const auto* const environment = c.property("ENVIRONMENT");
    const bool resource = c.property("TOKEN_RESOURCE") != nullptr;
    if (environment == nullptr) {
        return resource ? "TOKEN_RESOURCE needs the ENVIRONMENT azure or gcp" : "";
    }
    if (!one_of(*environment, {"test", "azure", "gcp", "k8s"})) {
        return "the ENVIRONMENT of MONGODB-OIDC must be azure, gcp or k8s";
    }
    if (one_of(*environment, {"azure", "gcp"}) != resource) {
        return resource ? "TOKEN_RESOURCE needs the ENVIRONMENT azure or gcp"
                        : "the ENVIRONMENT azure or gcp needs a TOKEN_RESOURCE";
    }
    if (*environment == "test" && c.username) {
        return "the ENVIRONMENT test takes no user name";
    }
    return {};
}

}  // namespace

std::string_view to_string(auth_mechanism mechanism) noexcept {
    return rules_of(mechanism).name;
}

std::optional<auth_mechanism> auth_mechanism_from(std::string_view name) noexcept {
    const auto* const row = std::ranges::find(all_rules, name, &mechanism_rules::name);
    return row == all_rules.end() ? std::nullopt : std::optional(row->mechanism);
}

const std::string* credential::property(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(
        properties, [&](const auto& p) { return detail::same_ignoring_case(p.first, name); });
    return found == properties.end() ? nullptr : &found->second;
}

result<void> credential::check() const {
    std::string broken = detail::broken_rule(*this);
    const auto& rules = rules_of(mechanism);
    if (broken.empty() && rules.password == need::required && !password) {
        broken = std::string(rules.name) + " needs a password";
    } else if (broken.empty() && mechanism == auth_mechanism::mongodb_oidc &&
               property("ENVIRONMENT") == nullptr) {
        broken = "MONGODB-OIDC needs an ENVIRONMENT";
    } else if (broken.empty() && mechanism == auth_mechanism::mongodb_aws && username) {
        broken = "the keys of MONGODB-AWS come from the environment or from a provider";
    }
    if (!broken.empty()) {
        return error(errc::invalid_argument, std::move(broken));
    }
    return {};
}

std::string credential::to_string() const {
    std::string text = username ? detail::percent_encode(*username) : "no user name";
    if (mechanism) {
        text += " (" + std::string(mongoro::to_string(*mechanism)) + ")";
    }
    return text + " on " + (source == external ? source : detail::percent_encode(source));
}

namespace detail {

std::string settle_source(credential& c, const std::optional<std::string>& given,
                          const std::string& database) {
    const auto& rules = rules_of(c.mechanism);
    if (given) {
        c.source = *given;
    } else if (rules.source == home::external) {
        c.source = external;
    } else if (!database.empty()) {
        c.source = database;
    } else {
        c.source = rules.source == home::database_or_external ? external : "admin";
    }
    return broken_rule(c);
}

bool is_external(std::optional<auth_mechanism> mechanism) noexcept {
    return rules_of(mechanism).source == home::external;
}

std::string broken_rule(const credential& c) {
    const auto& rules = rules_of(c.mechanism);
    const std::string name(rules.name);
    if (rules.username == need::required && c.username.value_or("").empty()) {
        return name + " needs a user name";
    }
    if (rules.password == need::forbidden && c.password) {
        return name + " takes no password";
    }
    if (rules.source == home::external && c.source != external) {
        return "the authSource of " + name + " must be $external";
    }
    if (c.source.empty()) {
        return "an empty authSource";
    }
    for (const auto& [property, value] : c.properties) {
        const bool known = std::ranges::any_of(rules.properties, [&, &name = property](auto one) {
            return same_ignoring_case(one, name);
        });
        if (!known) {
            return name + " has no such property in authMechanismProperties";
        }
        if (value.empty()) {
            return "a property of authMechanismProperties is empty";
        }
    }
    switch (rules.mechanism) {
        case auth_mechanism::gssapi:
            return broken_gssapi_rule(c);
        case auth_mechanism::mongodb_aws:
            return broken_aws_rule(c);
        case auth_mechanism::mongodb_oidc:
            return broken_oidc_rule(c);
        default:
            return {};
    }
}

result<std::optional<credential>> make_credential(uri_parts& who, option_values& values,
                                                  const std::string& database) {
    if (!who.username && !values.auth_mechanism) {
        if (values.auth_properties || values.gssapi_service_name) {
            values.warnings.emplace_back(
                "authMechanismProperties have no effect without authMechanism");
        }
        return std::optional<credential>();
    }
    credential c;
    const wiped_in_the_end clean(c);
    if (values.auth_mechanism) {
        c.mechanism = auth_mechanism_from(*values.auth_mechanism);
        if (!c.mechanism) {
            // Left out, it would mean another mechanism, and the password might go where it must
            // not.
            return bad_uri("authMechanism is not one that is known");
        }
    }
    c.username = std::move(who.username);
    c.password = std::move(who.password);
    const auto& rules = rules_of(c.mechanism);
    if (rules.username == need::optional && c.username && c.username->empty()) {
        c.username.reset();
        if (c.password && c.password->empty()) {
            c.password.reset();
        }
    }
    c.properties = std::move(values.auth_properties).value_or(decltype(c.properties)());
    if (values.gssapi_service_name && c.property("SERVICE_NAME") == nullptr) {
        c.properties.emplace_back("SERVICE_NAME", *values.gssapi_service_name);
    }
    if (c.mechanism == auth_mechanism::gssapi && c.property("SERVICE_NAME") == nullptr) {
        c.properties.emplace_back("SERVICE_NAME", "mongodb");
    }
    if (auto broken = settle_source(c, values.options.auth_source, database); !broken.empty()) {
        return bad_uri(std::move(broken));
    }
    std::optional<credential> made(std::move(c));
    const wiped_in_the_end clean_made(*made);
    return made;
}

}  // namespace detail

}  // namespace mongoro
