#pragma once

#include "auth/sigv4.hpp"

#include <mongoro/result.hpp>

#include <chrono>
#include <string_view>

namespace mongoro::auth {

/// Reads the keys out of what a credential service answered: the metadata service of EC2, the agent
/// of ECS or EKS, or the token service (there below `Credentials`, perhaps inside of the response
/// that it belongs to).
///
/// Errors: `authentication_failed`: not JSON, no keys in it, a `Code` that is not `Success`, or an
/// `Expiration` that is no moment. Nothing of `json` is in them.
[[nodiscard]] result<aws_keys_ptr> read_aws_keys(std::string_view json);

/// Keys that end within five minutes are not used any more (specification, "Caching Credentials").
[[nodiscard]] bool is_fresh(const aws_keys& keys, std::chrono::sys_seconds now) noexcept;

}  // namespace mongoro::auth
