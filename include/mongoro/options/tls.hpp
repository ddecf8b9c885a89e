#pragma once

#include <optional>
#include <string>

namespace mongoro {

/// TLS as a connection string knows it. What is not given is left to the secure default.
///
/// TLS 1.2 and 1.3, with the system's OpenSSL configuration, which may rule out more. The server's
/// certificate must be signed by an authority that is trusted, be in its time, and be for the host
/// that was asked for (a name, or an IP address; its common name counts only without an alternative
/// name). A name is sent to the server (SNI). The sessions of a client's servers are resumed, for
/// at most a day.
///
/// Revocation: an OCSP response is asked of the server itself (stapling), and one that says
/// "revoked", is not signed by whom it should be, is not about the certificate or is not of this
/// time ends the connection. Without one the certificate is taken as it is, unless it demands one
/// (must-staple); so it is if `ca_file` names the server's certificate and not who issued it, as
/// then nothing of a response can be verified. The driver never contacts an OCSP responder and
/// never fetches a CRL.
///
/// Over a Unix-domain socket there is no name to verify: TLS needs `allow_invalid_hostnames` there.
///
/// Files are read when the client is made. Of `insecure`, `allow_invalid_certificates` and the two
/// about revocation at most one may be given, whatever its value is; `allow_invalid_hostnames` goes
/// with all of them but `insecure`. Else it is `invalid_uri` of a connection string, and
/// `invalid_argument` of a program's own options. Follows uri-options and ocsp-support.
struct tls_options {
    /// `tls`, or its other name `ssl`. Not given: see `uri::uses_tls`.
    std::optional<bool> enabled = {};
    /// `tlsInsecure`: neither the certificate nor the host name in it is verified, and no
    /// revocation is looked at: whoever answers is believed.
    std::optional<bool> insecure = {};
    /// `tlsAllowInvalidCertificates`. The name in a certificate that nobody vouches for says
    /// nothing, so it is not verified either.
    std::optional<bool> allow_invalid_certificates = {};
    /// `tlsAllowInvalidHostnames`: the certificate is verified, but may be for another host.
    std::optional<bool> allow_invalid_hostnames = {};
    /// `tlsDisableOCSPEndpointCheck`. Changes nothing: OCSP responders are never contacted.
    std::optional<bool> disable_ocsp_endpoint_check = {};
    /// `tlsDisableCertificateRevocationCheck`: a stapled OCSP response is neither asked for nor
    /// looked at, and a certificate's demand for one is ignored.
    std::optional<bool> disable_certificate_revocation_check = {};
    /// `tlsCAFile`: authorities to trust instead of the system's, PEM; they need not be roots.
    std::optional<std::string> ca_file = {};
    /// `tlsCertificateKeyFile`: the client's certificate, those between it and its authority, and
    /// its key in one file, PEM.
    std::optional<std::string> certificate_key_file = {};
    /// `tlsCertificateKeyFilePassword`, if the key is encrypted: a secret. The driver's copies are
    /// wiped, but for the one in this.
    std::optional<std::string> certificate_key_file_password = {};

    /// Whether any of them but `enabled` is given.
    [[nodiscard]] bool any_detail() const noexcept {
        return insecure || allow_invalid_certificates || allow_invalid_hostnames ||
               disable_ocsp_endpoint_check || disable_certificate_revocation_check || ca_file ||
               certificate_key_file || certificate_key_file_password;
    }
};

}  // namespace mongoro
