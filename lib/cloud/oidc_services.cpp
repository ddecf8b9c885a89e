#include "cloud/oidc_services.hpp"

#include "auth/encoding.hpp"
#include "auth/json_answer.hpp"
#include "cloud/read_file.hpp"

#include <array>

namespace mongoro::cloud {

namespace {

error no_token(std::string what, const error& cause = {}) {
    return {errc::authentication_failed, std::move(what), cause};
}

task<result<auth::secret>> ask_azure(const environment& in, const std::string& resource,
                                     const std::optional<std::string>& username) {
    http_origin origin;
    origin.host = "169.254.169.254";
    http_request request;
    request.target = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" +
                     auth::percent_encoded(resource);
    if (username) {
        request.target += "&client_id=" + auth::percent_encoded(*username);
    }
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("Metadata", "true");
    const auto answer = co_await ask_service(in.connect, origin, request);
    if (!answer) {
        co_return answer.error();
    }
    const auto json = auth::json_answer::parse(answer->body);
    if (!json) {
        co_return no_token("the metadata service of Azure gave no JSON", json.error());
    }
    const auto token = json->view()["access_token"].get_or<std::string_view>("");
    if (token.empty()) {
        co_return no_token("the metadata service of Azure gave no access_token");
    }
    co_return auth::secret(std::string(token));
}

task<result<auth::secret>> ask_gcp(const environment& in, const std::string& resource) {
    http_origin origin;
    origin.host = "metadata";
    http_request request;
    request.target = "/computeMetadata/v1/instance/service-accounts/default/identity?audience=" +
                     auth::percent_encoded(resource);
    request.headers.emplace_back("Metadata-Flavor", "Google");
    const auto answer = co_await ask_service(in.connect, origin, request);
    if (!answer) {
        co_return answer.error();
    }
    if (answer->body.empty()) {
        co_return no_token("the metadata service of Google Cloud gave no token");
    }
    co_return auth::secret(answer->body);
}

std::string kubernetes_file(const environment& in) {
    for (const auto* const name : {"AZURE_FEDERATED_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"}) {
        if (auto file = in.variable(name)) {
            return std::move(*file);
        }
    }
    return "/var/run/secrets/kubernetes.io/serviceaccount/token";
}

task<result<auth::secret>> refuse(const char* why) {
    co_return no_token(why);
}

}  // namespace

oidc_environment oidc_environment_from(std::string_view name) noexcept {
    using enum oidc_environment;
    constexpr std::array<std::pair<std::string_view, oidc_environment>, 4> names{
        {{"test", test}, {"azure", azure}, {"gcp", gcp}, {"k8s", k8s}}};
    for (const auto& [known, value] : names) {
        if (known == name) {
            return value;
        }
    }
    return none;
}

task<result<auth::secret>> oidc_token_of_environment(const environment& in, oidc_environment which,
                                                     const std::string& resource,
                                                     const std::optional<std::string>& username) {
    switch (which) {
        case oidc_environment::test:
            if (auto file = in.variable("OIDC_TOKEN_FILE")) {
                return read_token_file(*in.core, std::move(*file));
            }
            return refuse("OIDC_TOKEN_FILE is not set");
        case oidc_environment::azure:
            return ask_azure(in, resource, username);
        case oidc_environment::gcp:
            return ask_gcp(in, resource);
        case oidc_environment::k8s:
            return read_token_file(*in.core, kubernetes_file(in));
        case oidc_environment::none:
            break;
    }
    return refuse("MONGODB-OIDC needs an ENVIRONMENT or a callback");
}

}  // namespace mongoro::cloud
