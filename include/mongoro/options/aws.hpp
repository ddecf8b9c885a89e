#pragma once

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace mongoro {

/// Keys of AWS to log in with (auth specification, MONGODB-AWS). All but `access_key_id` is secret.
struct aws_credentials {
    std::string access_key_id;
    std::string secret_access_key;
    /// Of temporary keys; those of a user have none.
    std::optional<std::string> session_token = {};
};

/// Finds the keys for a login, before the environment and the metadata services are asked
/// (`AWS_CREDENTIAL_PROVIDER` in the specification).
///
/// Called for each connection that is opened, several at a time; what it gives is not cached, so a
/// slow one keeps its own. It runs on the client's reactor under the deadline and the stop token of
/// what opens the connection, and for a minute at most. Its error becomes the cause of the
/// operation's `authentication_failed`; an exception of its becomes one, too.
using aws_credential_provider = std::function<task<result<aws_credentials>>()>;

}  // namespace mongoro
