#pragma once

#include <mongoro/deadline.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mongoro {

/// The identity provider that a server trusts, as it describes it.
struct oidc_idp_info {
    /// The URL of the authorization server; also the `iss` of the tokens that it gives.
    std::string issuer;
    std::optional<std::string> client_id = {};
    /// Scopes to ask for beside those that the program wants.
    std::vector<std::string> request_scopes = {};
};

/// What a callback is told. It grows at its end in later versions.
struct oidc_callback_context {
    /// When the callback has to be done; what it awaits is interrupted then.
    deadline until = {};
    /// Of the callback's contract: it changes when this structure does.
    int version = 1;
    /// The user name of the connection string or of the credential.
    std::optional<std::string> username = {};
    /// Human flow only.
    std::optional<oidc_idp_info> idp_info = {};
    /// Human flow only: what an earlier call returned, to be exchanged for new tokens without
    /// asking anybody.
    std::optional<std::string> refresh_token = {};
};

/// What a callback returns.
struct oidc_tokens {
    /// The token that is sent to the server; not looked at here.
    std::string access_token;
    /// How long it is good for, not negative; not given: for ever. Not used yet.
    std::optional<std::chrono::seconds> expires_in = {};
    /// Human flow only: kept for the next call.
    std::optional<std::string> refresh_token = {};
};

/// Gets an access token (auth specification, "OIDC Callback").
///
/// Called on the client's reactor, one call at a time and 100 ms after the one before at the
/// earliest; its tokens are kept for all connections of the client until the server refuses them.
/// The context lives until the task has ended. Its error becomes the cause of the operation's
/// `authentication_failed`; an exception of its becomes one, too.
using oidc_callback = std::function<task<result<oidc_tokens>>(const oidc_callback_context&)>;

/// How a client logs in by MONGODB-OIDC where no `ENVIRONMENT` of the connection string says it.
struct oidc_options {
    /// For programs: within a minute, and within the deadline of who awaits the connection or the
    /// login. A client's pool opens connections for everybody: there it is the client's `timeoutMS`
    /// (or what the operation that waits longest has left, if that is more) and
    /// `connectTimeoutMS`; without a `timeoutMS` it is a minute, whatever `connectTimeoutMS` is.
    oidc_callback callback = {};
    /// For people, who may have to look into a browser: within five minutes, whatever the
    /// operation's deadline is. Not together with `callback`.
    oidc_callback human_callback = {};
    /// The hosts that `human_callback` may be asked for a token for: names and addresses without
    /// ports, with a leading "*." for whatever stands below a domain. Not given: MongoDB's own
    /// domains and this machine. Empty: none. A connection string cannot say it.
    std::optional<std::vector<std::string>> allowed_hosts = {};
};

}  // namespace mongoro
