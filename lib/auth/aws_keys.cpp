#include "auth/aws_keys.hpp"

#include "auth/encoding.hpp"
#include "auth/json_answer.hpp"

#include <mongoro/bson/document.hpp>

#include <cmath>

namespace mongoro::auth {

namespace {

error bad_answer(const char* what, const error& cause = {}) {
    return {errc::authentication_failed, std::string("AWS credentials: ") + what, cause};
}

/// The document that has the keys.
bson::document_view keys_in(bson::document_view answer) {
    bson::document_view found = answer;
    for (const auto* const name :
         {"AssumeRoleWithWebIdentityResponse", "AssumeRoleWithWebIdentityResult", "Credentials"}) {
        found = found[name].get_or<bson::document_view>(found);
    }
    return found;
}

/// A text, or seconds since 1970.
result<std::optional<std::chrono::sys_seconds>> read_expiration(const bson::value_view& value) {
    using moment = std::optional<std::chrono::sys_seconds>;
    constexpr double year_9999 = 253402300799.0;
    if (!value.exists() || value.is_null()) {
        return moment();
    }
    if (std::string_view text; value.read(text) == errc{}) {
        if (const auto when = parse_moment(text)) {
            return moment(when);
        }
    } else if (double seconds = 0; value.read(seconds) == errc{} && std::isfinite(seconds) &&
                                   seconds >= 0 && seconds <= year_9999) {
        return moment(
            std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(seconds))));
    }
    return bad_answer("an Expiration that is no moment");
}

}  // namespace

result<aws_keys_ptr> read_aws_keys(std::string_view json) {
    const auto answer = json_answer::parse(json);
    if (!answer) {
        return bad_answer("an answer that is no JSON", answer.error());
    }
    const auto found = keys_in(answer->view());
    if (const auto code = found["Code"].get_or<std::string_view>("Success"); code != "Success") {
        return bad_answer("the service has none for this machine");
    }
    aws_keys keys;
    std::string_view key;
    if (found["AccessKeyId"].read(keys.access_key_id) != errc{} || keys.access_key_id.empty() ||
        found["SecretAccessKey"].read(key) != errc{} || key.empty()) {
        return bad_answer("an answer without keys");
    }
    keys.secret_access_key = secret(std::string(key));
    // The token service has its own name for it.
    for (const auto* const name : {"Token", "SessionToken"}) {
        if (const auto token = found[name].get_or<std::string_view>(""); !token.empty()) {
            keys.session_token = secret(std::string(token));
        }
    }
    const auto expires = read_expiration(found["Expiration"]);
    if (!expires) {
        return expires.error();
    }
    keys.expires = *expires;
    return aws_keys_ptr(std::make_shared<const aws_keys>(std::move(keys)));
}

bool is_fresh(const aws_keys& keys, std::chrono::sys_seconds now) noexcept {
    return !keys.expires || *keys.expires - now > std::chrono::minutes(5);
}

}  // namespace mongoro::auth
