#include "cloud/aws_credentials.hpp"

#include "auth/aws_conversation.hpp"
#include "cloud/aws_services.hpp"
#include "cloud/call_user.hpp"
#include "cloud/failure.hpp"

#include <mongoro/with_deadline.hpp>

#include <openssl/rand.h>

#include <chrono>
#include <string>
#include <utility>

namespace mongoro::cloud {

namespace {

using auth::aws_keys;
using auth::aws_keys_ptr;

constexpr std::chrono::minutes provider_timeout{1};  // as a program's callback of MONGODB-OIDC has

}  // namespace

task<result<aws_keys_ptr>> aws_credential_source::get(std::optional<deadline> wanted_by) {
    if (provider_) {
        co_return co_await ask_provider(wanted_by);
    }
    if (kept_) {
        if (auth::is_fresh(*kept_, environment_.now())) {
            co_return kept_;
        }
        kept_.reset();
    }
    auto set = aws_keys_of_variables(environment_);
    if (!set) {
        co_return set.error();
    }
    if (*set) {
        co_return std::move(*set);
    }
    auto fetched = co_await ask_services(wanted_by);
    if (fetched) {
        kept_ = *fetched;
    }
    co_return std::move(fetched);
}

task<result<aws_keys_ptr>> aws_credential_source::ask_provider(
    std::optional<deadline> wanted_by) const {
    const detail::task_context& context = co_await detail::this_context{};
    auto work = with_deadline(call_user(provider_), provider_timeout);
    auto given = co_await std::move(work);
    if (!given) {
        std::string what = "the provider of AWS credentials";
        if (given.error() == errc::deadline_exceeded) {
            what += " did not answer in time";
        }
        co_return login_failure(std::move(what), given.error(), context, wanted_by);
    }
    aws_keys keys;
    keys.access_key_id = std::move(given->access_key_id);
    keys.secret_access_key = auth::secret(std::move(given->secret_access_key));
    if (given->session_token && !given->session_token->empty()) {
        keys.session_token = auth::secret(std::move(*given->session_token));
    }
    if (keys.access_key_id.empty() || keys.secret_access_key.text().empty()) {
        co_return error(errc::authentication_failed, "the provider of AWS credentials gave none");
    }
    co_return aws_keys_ptr(std::make_shared<const aws_keys>(std::move(keys)));
}

task<result<aws_keys_ptr>> aws_credential_source::ask_services(std::optional<deadline> wanted_by) {
    const auto& in = environment_;
    if (in.variable("AWS_WEB_IDENTITY_TOKEN_FILE") && in.variable("AWS_ROLE_ARN")) {
        return aws_keys_of_web_identity(in, wanted_by);
    }
    if (in.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
        in.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
        return aws_keys_of_container(in, wanted_by);
    }
    return aws_keys_of_machine(in, wanted_by);
}

task<result<void>> aws_login(login_channel& channel, aws_credential_source& source,
                             std::optional<deadline> wanted_by) {
    auto keys = co_await source.get(wanted_by);
    if (!keys) {
        co_return keys.error();
    }
    auth::aws_conversation::nonce nonce{};
    if (RAND_bytes(nonce.data(), static_cast<int>(nonce.size())) != 1) {
        co_return error(errc::authentication_failed, "OpenSSL has no random numbers");
    }
    auth::aws_conversation conversation(std::move(*keys), nonce, source.surroundings().now());
    auto done = co_await run_conversation(channel, conversation);
    if (!done && !(done.error() == errc::operation_cancelled)) {
        source.invalidate();
    }
    co_return done;
}

}  // namespace mongoro::cloud
