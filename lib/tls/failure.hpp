#pragma once

#include <mongoro/error.hpp>

#include <openssl/types.h>

#include <string>
#include <string_view>

namespace mongoro::tls {

/// The reason of the newest entry of this thread's OpenSSL error queue, which is empty afterwards:
/// a phrase of OpenSSL's own, never what was read or received.
[[nodiscard]] std::string take_openssl_reason();

/// What of a handshake and its connection an error's text depends on.
struct failure_facts {
    std::string_view host;               ///< whom the certificate must be for
    std::string_view refusal;            ///< why the driver's own check refused; empty: it did not
    bool asked_for_certificate = false;  ///< the server wanted one, and there was none
};

/// Why a function of `ssl` has just failed: `tls_failed`, with words for what users run into
/// (authority, name, time, revocation, the client's certificate, versions), and else OpenSSL's. The
/// error queue is empty afterwards.
[[nodiscard]] error failure_of(const SSL& ssl, std::string_view peer, const failure_facts& facts);

}  // namespace mongoro::tls
