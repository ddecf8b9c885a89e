#pragma once

#include "auth/aws_keys.hpp"
#include "cloud/environment.hpp"

#include <mongoro/deadline.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <optional>

// Where temporary keys of AWS come from (auth specification, "Obtaining Credentials"). `in`
// outlives every task.
//
// Errors of all: `authentication_failed` with its cause, also if the awaiting task's deadline ends
// before `wanted_by`; `deadline_exceeded` of `wanted_by` (not given: of the awaiting task), and
// `operation_cancelled` of the awaiting task. Nothing in them is a secret.
namespace mongoro::cloud {

/// Those of the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; null if
/// none of them is set. Some of them without the others are an error.
[[nodiscard]] result<auth::aws_keys_ptr> aws_keys_of_variables(const environment& in);

/// The token service's, for the web identity of AWS_WEB_IDENTITY_TOKEN_FILE and the role
/// AWS_ROLE_ARN, in a session called AWS_ROLE_SESSION_NAME or by chance. One HTTPS request, ten
/// seconds at most, to AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the service of AWS_REGION or
/// AWS_DEFAULT_REGION, or the global one.
[[nodiscard]] task<result<auth::aws_keys_ptr>> aws_keys_of_web_identity(
    const environment& in, std::optional<deadline> wanted_by);

/// Of the agent of a container: at its address with AWS_CONTAINER_CREDENTIALS_RELATIVE_URI behind
/// it, or at AWS_CONTAINER_CREDENTIALS_FULL_URI, with the token of
/// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN. Ten seconds at
/// most.
///
/// A full URI without TLS may only be of this machine or an agent's: elsewhere anybody on the way
/// could read the keys.
[[nodiscard]] task<result<auth::aws_keys_ptr>> aws_keys_of_container(
    const environment& in, std::optional<deadline> wanted_by);

/// Of the role of this machine, from the metadata service of EC2 in its second version, at
/// AWS_EC2_METADATA_SERVICE_ENDPOINT or its own address. Three requests, ten seconds at most;
/// AWS_EC2_METADATA_DISABLED=true is an error at once.
[[nodiscard]] task<result<auth::aws_keys_ptr>> aws_keys_of_machine(
    const environment& in, std::optional<deadline> wanted_by);

}  // namespace mongoro::cloud
