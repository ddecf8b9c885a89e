#pragma once

#include <openssl/types.h>

#include <string_view>

namespace mongoro::tls {

/// Looks at the OCSP response that the server stapled to its handshake; gives why the connection
/// must end, or nothing.
///
/// A response must be whole, signed by the certificate's issuer or by whom it delegated to, cover
/// the certificate, and be in its time, with no tolerance; `revoked` is refused. Without one, or
/// with one that says `unknown`, the certificate is taken as it is, unless it demands one
/// (must-staple, RFC 7633); and so it is where the certificate itself is what is trusted and its
/// issuer is not known, as nothing of a response can be verified then. Called when the chain has
/// been verified. Follows ocsp-support (steps 1 to 3 and 10) and RFC 6960, 3.2. Allocates as
/// OpenSSL does; the error queue is empty afterwards.
[[nodiscard]] std::string_view check_stapled_response(SSL& ssl) noexcept;

}  // namespace mongoro::tls
