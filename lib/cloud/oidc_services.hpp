#pragma once

#include "auth/wipe.hpp"
#include "cloud/environment.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Access tokens of the environments that need no callback (auth specification, "Built-in OIDC
// Environment Integrations"). Nothing is kept here. The arguments outlive the tasks.
namespace mongoro::cloud {

enum class oidc_environment : std::uint8_t { none, test, azure, gcp, k8s };

/// `none` for a name that is none: those that are have been checked by `uri::parse`.
[[nodiscard]] oidc_environment oidc_environment_from(std::string_view name) noexcept;

/// * `test`: what the file OIDC_TOKEN_FILE holds.
/// * `azure`: the instance metadata service's, for `resource`, and for the identity `username` if
///   there is one.
/// * `gcp`: the metadata service's, for the audience `resource`.
/// * `k8s`: what the file AZURE_FEDERATED_TOKEN_FILE, AWS_WEB_IDENTITY_TOKEN_FILE or the service
///   account's holds, the first of the three that is named.
///
/// Errors: `authentication_failed` with its cause, and with a service's answer as the
/// `server_message()`; `deadline_exceeded` and `operation_cancelled` of the awaiting task.
[[nodiscard]] task<result<auth::secret>> oidc_token_of_environment(
    const environment& in, oidc_environment which, const std::string& resource,
    const std::optional<std::string>& username);

}  // namespace mongoro::cloud
