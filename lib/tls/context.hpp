#pragma once

#include "tls/openssl_types.hpp"
#include "tls/session_cache.hpp"

#include <mongoro/options/tls.hpp>
#include <mongoro/result.hpp>

#include <memory>

namespace mongoro::tls {

/// What all TLS connections of one client share: whom it trusts, who it is, and the sessions that
/// it may resume. Shared by its engines, on one thread at a time.
///
/// TLS 1.2 and 1.3, with the system's OpenSSL configuration. A stapled OCSP response is asked for
/// and believed (`tls/revocation.hpp`); neither OCSP responders nor CRLs are ever fetched.
class context {
 public:
    /// Reads the files that the options name, in this call; `options.enabled` is not looked at.
    ///
    /// `invalid_argument` for options that exclude each other. Other errors are `tls_failed` and
    /// name the option and the file, never what is in it: a file that cannot be read (the cause is
    /// the system's error), a CA file without a certificate, a certificate file without a
    /// certificate or without a key, a key that is encrypted and its password missing or wrong, a
    /// key of another certificate. What was read of a key and its password is wiped.
    [[nodiscard]] static result<std::shared_ptr<context>> make(const tls_options& options);

    context(const context&) = delete;
    context& operator=(const context&) = delete;
    ~context();

    [[nodiscard]] SSL_CTX* get() const noexcept { return context_; }
    [[nodiscard]] const BIO_METHOD* bio_method() const noexcept { return bio_method_; }
    /// Whether the server's certificate is verified at all.
    [[nodiscard]] bool verifies() const noexcept { return verifies_; }
    /// Whether it must be for the host that was asked for.
    [[nodiscard]] bool verifies_host() const noexcept { return verifies_host_; }
    [[nodiscard]] session_cache& sessions() noexcept { return sessions_; }

 private:
    context() noexcept = default;
    error configure(const tls_options& options);

    SSL_CTX* context_ = nullptr;
    BIO_METHOD* bio_method_ = nullptr;
    bool verifies_ = true;
    bool verifies_host_ = true;
    session_cache sessions_;
};

}  // namespace mongoro::tls
