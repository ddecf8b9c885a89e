#pragma once

#include "auth/conversation.hpp"
#include "auth/scram_keys.hpp"

#include <mongoro/options/credential.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace mongoro::auth {

/// Begins a login by SCRAM-SHA-1 or SCRAM-SHA-256 (auth.md; RFC 5802, RFC 7677): two round trips
/// (the first of which can ride on the hello), three with a server that knows no
/// `skipEmptyExchange`.
///
/// `cache` outlives the conversation. `nonce` is 1 to 1023 printable characters without a comma:
/// the server's is longer, and of 1024 at most; `random_nonce()` but in tests. Errors:
/// `authentication_failed`: the password cannot be prepared; see `saslprep` and `mongodb_digest`.
[[nodiscard]] result<std::unique_ptr<conversation>> make_scram(const credential& who,
                                                               auth_mechanism mechanism,
                                                               scram_cache& cache,
                                                               std::string nonce);

/// 24 random bytes of the operating system's generator, by way of OpenSSL's, in base64.
///
/// Errors: `authentication_failed`: it has none to give.
[[nodiscard]] result<std::string> random_nonce();

/// The server's first message: `r=<nonce>,s=<salt>,i=<iterations>[,extensions]`.
struct scram_server_first {
    std::string_view nonce;  ///< into the text that was read
    scram_parameters parameters;
};

/// Reads it. Errors: `authentication_failed`: malformed, a nonce that does not go on from the
/// client's, a mandatory extension, fewer or more iterations than are allowed, or the server's own
/// `e=`.
[[nodiscard]] result<scram_server_first> read_server_first(std::string_view text,
                                                           std::string_view client_nonce);
/// Reads `v=<signature>[,extensions]` of the server's last message. Errors:
/// `authentication_failed`: malformed, or the server's own `e=`.
[[nodiscard]] result<std::vector<std::uint8_t>> read_server_final(std::string_view text);

}  // namespace mongoro::auth
