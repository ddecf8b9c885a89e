#pragma once

#include "auth/conversation.hpp"
#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"

#include <mongoro/options/aws.hpp>
#include <mongoro/options/credential.hpp>
#include <mongoro/options/oidc.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <memory>

// The logins that ask somebody else first: MONGODB-AWS and MONGODB-OIDC.
namespace mongoro::pool {

/// Gives the settings of a client's connections what their credential needs of the two; nothing for
/// another mechanism. `oidc` and `aws` are copied, null is nothing.
///
/// Errors: `invalid_argument`: what the program gave does not fit the credential.
[[nodiscard]] result<void> set_up_cloud_login(connection_settings& settings, io::reactor_core& core,
                                              const credential& who, const oidc_options* oidc,
                                              const aws_credential_provider* aws);

/// Whether `set_up_cloud_login` was for this mechanism.
[[nodiscard]] bool is_cloud_login(const connection_settings& settings, auth_mechanism mechanism);

/// What may ride on the hello, if there is a token to try; null otherwise. The connection remembers
/// the token.
[[nodiscard]] std::unique_ptr<auth::conversation> begin_cloud_login(
    connection& c, const connection_settings& settings);

enum class login_reason : bool { new_connection, reauthentication };

/// Logs in behind the hello, or once more on a connection that is in use. Precondition:
/// `is_cloud_login`. Errors and lifetimes: see `authenticate`, which names the login in them.
[[nodiscard]] task<result<void>> log_in_at_cloud(connection& c, const connection_settings& settings,
                                                 login_reason why);

}  // namespace mongoro::pool
