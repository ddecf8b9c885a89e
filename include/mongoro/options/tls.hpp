#pragma once

#include <optional>
#include <string>

namespace mongoro {

/// TLS as a connection string knows it. What is not given is left to the client's options, and then
/// to the secure default.
struct tls_options {
    /// `tls`, or its other name `ssl`. Not given: see `uri::uses_tls`.
    std::optional<bool> enabled = {};
    /// `tlsInsecure`: neither the certificate nor the host name in it is verified, and no
    /// revocation is looked at. Not together with the four below.
    std::optional<bool> insecure = {};
    /// `tlsAllowInvalidCertificates`.
    std::optional<bool> allow_invalid_certificates = {};
    /// `tlsAllowInvalidHostnames`.
    std::optional<bool> allow_invalid_hostnames = {};
    /// `tlsDisableOCSPEndpointCheck`.
    std::optional<bool> disable_ocsp_endpoint_check = {};
    /// `tlsDisableCertificateRevocationCheck`.
    std::optional<bool> disable_certificate_revocation_check = {};
    /// `tlsCAFile`: authorities to trust, PEM. Default: the system's.
    std::optional<std::string> ca_file = {};
    /// `tlsCertificateKeyFile`: the client's certificate and its key in one file, PEM.
    std::optional<std::string> certificate_key_file = {};
    /// `tlsCertificateKeyFilePassword`: a secret.
    std::optional<std::string> certificate_key_file_password = {};

    /// Whether any of them but `enabled` is given.
    [[nodiscard]] bool any_detail() const noexcept {
        return insecure || allow_invalid_certificates || allow_invalid_hostnames ||
               disable_ocsp_endpoint_check || disable_certificate_revocation_check || ca_file ||
               certificate_key_file || certificate_key_file_password;
    }
};

}  // namespace mongoro
