#pragma once

#include "auth/scram_keys.hpp"
#include "auth/wipe.hpp"

#include <mongoro/result.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::auth {

/// Keys of AWS as they are held: wiped when they go.
struct aws_keys {
    std::string access_key_id;
    secret secret_access_key;
    std::optional<secret> session_token = {};
    /// When they end; not given: nobody said.
    std::optional<std::chrono::sys_seconds> expires = {};
};

/// Shared: a copy of a secret is one more place that it is in.
using aws_keys_ptr = std::shared_ptr<const aws_keys>;

/// A request to be signed.
struct sigv4_request {
    std::string_view method;
    std::string_view path;   ///< percent-encoded
    std::string_view query;  ///< percent-encoded, its parameters in their order by name
    /// Names in lower case, all of them signed; in any order. Views, as one may be a secret.
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    std::string_view body;
};

/// What a signature is good for.
struct sigv4_scope {
    std::string_view region;
    std::string_view service;
    std::chrono::sys_seconds when;
};

/// The text whose digest is signed: a session token is among its headers.
[[nodiscard]] result<secret> sigv4_canonical_request(const sigv4_request& request);

/// The key of one day, region and service, derived from the secret access key.
[[nodiscard]] result<scram_key> sigv4_signing_key(const secret& secret_access_key,
                                                  const sigv4_scope& scope);

/// The `Authorization` header of a request (AWS Signature Version 4, as a header). One of
/// `headers` should be `x-amz-date`, of the same moment.
///
/// Errors: `authentication_failed` where OpenSSL has no SHA-256.
[[nodiscard]] result<std::string> sigv4_authorization(const aws_keys& keys,
                                                      const sigv4_request& request,
                                                      const sigv4_scope& scope);

}  // namespace mongoro::auth
