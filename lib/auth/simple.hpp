#pragma once

#include "auth/conversation.hpp"

#include <mongoro/options/credential.hpp>

#include <memory>

/// The two mechanisms of one message.
namespace mongoro::auth {

/// Begins a login by PLAIN (auth.md; RFC 4616): one round trip that carries the password as it is,
/// so use it with TLS. Wipe what it was written to.
///
/// Errors: `authentication_failed`: a NUL in the user name or the password, which separates the
/// two.
[[nodiscard]] result<std::unique_ptr<conversation>> make_plain(const credential& who);

/// Begins a login by MONGODB-X509 (auth.md): the server takes the certificate of the TLS handshake.
/// One round trip, or none where it rides on the hello. The user name is only sent if there is one.
[[nodiscard]] std::unique_ptr<conversation> make_x509(const credential& who);

}  // namespace mongoro::auth
