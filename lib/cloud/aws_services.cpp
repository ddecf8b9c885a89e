#include "cloud/aws_services.hpp"

#include "auth/encoding.hpp"
#include "cloud/failure.hpp"
#include "cloud/read_file.hpp"
#include "uri/text.hpp"

#include <mongoro/with_deadline.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <string>

namespace mongoro::cloud {

namespace {

using namespace std::chrono_literals;
using auth::aws_keys;
using auth::aws_keys_ptr;

constexpr auto service_timeout = 10s;

error no_keys(std::string what, const error& cause = {}) {
    return {errc::authentication_failed, "AWS credentials: " + std::move(what), cause};
}

/// An address out of a variable.
result<http_url> url_of(std::string_view text, const char* variable) {
    auto url = http_url::parse(text);
    if (!url) {
        return no_keys(variable, url.error());
    }
    return url;
}

/// `work` within ten seconds; running out of them, or of the time that a connection has to open, is
/// the service's fault, and not the operation's.
task<result<aws_keys_ptr>> within_bound(task<result<aws_keys_ptr>> work, const char* service,
                                        std::optional<deadline> wanted_by) {
    const detail::task_context& context = co_await detail::this_context{};
    auto keys = co_await with_deadline(std::move(work), service_timeout);
    if (!keys && keys.error() == errc::deadline_exceeded) {
        co_return login_failure(std::string(service) + " did not answer in time", keys.error(),
                                context, wanted_by);
    }
    co_return std::move(keys);
}

result<std::string> session_name(const environment& in) {
    if (auto given = in.variable("AWS_ROLE_SESSION_NAME")) {
        return std::move(*given);
    }
    std::array<std::uint8_t, 8> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
        return no_keys("OpenSSL has no random numbers");
    }
    return "mongoro-" + auth::to_hex(random);
}

result<http_url> token_service(const environment& in) {
    for (const auto* const name : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
        if (const auto given = in.variable(name)) {
            return url_of(*given, name);
        }
    }
    auto region = in.variable("AWS_REGION");
    if (!region) {
        region = in.variable("AWS_DEFAULT_REGION");
    }
    http_url url;
    url.origin = {.tls = true, .host = "sts.amazonaws.com", .port = 443};
    if (region) {
        const auto of_label = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        };
        if (!std::ranges::all_of(*region, of_label)) {
            return no_keys("the region of the environment is none");
        }
        url.origin.host = "sts." + *region + ".amazonaws.com";
        if (region->starts_with("cn-")) {
            url.origin.host += ".cn";
        }
    }
    return url;
}

task<result<aws_keys_ptr>> ask_token_service(const environment& in) {
    const auto where = token_service(in);
    if (!where) {
        co_return where.error();
    }
    const auto session = session_name(in);
    if (!session) {
        co_return session.error();
    }
    const auto token =
        co_await read_token_file(*in.core, in.variable("AWS_WEB_IDENTITY_TOKEN_FILE").value_or(""));
    if (!token) {
        co_return token.error();
    }
    // As a form, which is the same to the service as a query, and is in nobody's log.
    http_request request;
    request.method = "POST";
    request.target = where->target;
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=" +
                   auth::percent_encoded(*session) +
                   "&RoleArn=" + auth::percent_encoded(in.variable("AWS_ROLE_ARN").value_or("")) +
                   "&WebIdentityToken=";
    const auth::secret encoded(auth::percent_encoded(token->text()));
    auth::append_secret(request.body, encoded.text());
    const auto answer = co_await ask_service(in.connect, where->origin, request);
    if (!answer) {
        co_return answer.error();
    }
    co_return auth::read_aws_keys(answer->body);
}

/// Whether a container's keys may be asked for there: through TLS, or on a way that does not leave
/// the machine or its host.
bool is_trusted_agent(const http_origin& origin) {
    constexpr std::array<std::string_view, 4> agents{"169.254.170.2", "169.254.170.23",
                                                     "fd00:ec2::23", "::1"};
    return origin.tls || std::ranges::find(agents, origin.host) != agents.end() ||
           detail::lower(origin.host) == "localhost" ||
           (origin.host.starts_with("127.") && io::address::ip(origin.host, 1).has_value());
}

task<result<aws_keys_ptr>> ask_container(const environment& in) {
    http_url url;
    if (const auto relative = in.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
        url.origin.host = "169.254.170.2";
        url.target = relative->starts_with('/') ? *relative : '/' + *relative;
    } else {
        constexpr const char* name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        auto full = url_of(in.variable(name).value_or(""), name);
        if (!full) {
            co_return full.error();
        }
        if (!is_trusted_agent(full->origin)) {
            co_return no_keys(std::string(name) + " is neither https nor of this machine");
        }
        url = std::move(*full);
    }
    http_request request;
    request.target = url.target;
    request.headers.emplace_back("Accept", "application/json");
    if (auto file = in.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
        const auto token = co_await read_token_file(*in.core, std::move(*file));
        if (!token) {
            co_return token.error();
        }
        request.headers.emplace_back("Authorization", token->text());
    } else if (auto token = in.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
        request.headers.emplace_back("Authorization", std::move(*token));
    }
    const auto answer = co_await ask_service(in.connect, url.origin, request);
    if (!answer) {
        co_return answer.error();
    }
    co_return auth::read_aws_keys(answer->body);
}

task<result<aws_keys_ptr>> ask_machine(const environment& in) {
    constexpr const char* name = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    constexpr std::string_view roles = "latest/meta-data/iam/security-credentials/";
    const auto where = url_of(in.variable(name).value_or("http://169.254.169.254/"), name);
    if (!where) {
        co_return where.error();
    }
    const std::string root = where->target.ends_with('/') ? where->target : where->target + '/';

    http_request token_request;
    token_request.method = "PUT";
    token_request.target = root + "latest/api/token";
    token_request.headers.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", "30");
    const auto token = co_await ask_service(in.connect, where->origin, token_request);
    if (!token) {
        co_return token.error();
    }

    http_request request;
    request.target = root + std::string(roles);
    request.headers.emplace_back("X-aws-ec2-metadata-token", token->body);
    const auto role = co_await ask_service(in.connect, where->origin, request);
    if (!role) {
        co_return role.error();
    }
    // A machine has one; the service ends its answer with a line end, or with nothing.
    const std::string_view names = role->body;
    const auto first = names.substr(0, names.find_first_of("\r\n"));
    if (first.empty()) {
        co_return no_keys("this machine has no role");
    }
    // What a role's name may have, as it is: the service takes it by the letter.
    request.target += auth::percent_encoded(first, "+=,@");
    const auto answer = co_await ask_service(in.connect, where->origin, request);
    if (!answer) {
        co_return answer.error();
    }
    co_return auth::read_aws_keys(answer->body);
}

}  // namespace

result<aws_keys_ptr> aws_keys_of_variables(const environment& in) {
    auto id = in.variable("AWS_ACCESS_KEY_ID");
    auto key = in.variable("AWS_SECRET_ACCESS_KEY");
    auto token = in.variable("AWS_SESSION_TOKEN");
    if (!id && !key && !token) {
        return aws_keys_ptr();
    }
    if (!id || !key) {
        return no_keys("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together");
    }
    aws_keys keys;
    keys.access_key_id = std::move(*id);
    keys.secret_access_key = auth::secret(std::move(*key));
    if (token) {
        keys.session_token = auth::secret(std::move(*token));
    }
    return aws_keys_ptr(std::make_shared<const aws_keys>(std::move(keys)));
}

task<result<aws_keys_ptr>> aws_keys_of_web_identity(const environment& in,
                                                    std::optional<deadline> wanted_by) {
    return within_bound(ask_token_service(in), "the token service of AWS", wanted_by);
}

task<result<aws_keys_ptr>> aws_keys_of_container(const environment& in,
                                                 std::optional<deadline> wanted_by) {
    return within_bound(ask_container(in), "the agent of the container", wanted_by);
}

task<result<aws_keys_ptr>> aws_keys_of_machine(const environment& in,
                                               std::optional<deadline> wanted_by) {
    if (detail::lower(in.variable("AWS_EC2_METADATA_DISABLED").value_or("")) == "true") {
        co_return no_keys("none are given, and AWS_EC2_METADATA_DISABLED is set");
    }
    auto work = within_bound(ask_machine(in), "the metadata service of EC2", wanted_by);
    co_return co_await std::move(work);
}

}  // namespace mongoro::cloud
