#pragma once

#include <array>
#include <string_view>

namespace mongoro::detail {

struct name_pair {
    std::string_view one;
    std::string_view other;
};

/// Which options of TLS exclude each other, whatever their values are: in a connection string, and
/// where a program gives them. Spec: uri-options, "Conflicting TLS options".
inline constexpr std::array<name_pair, 7> tls_conflicts{{
    {"tlsInsecure", "tlsAllowInvalidCertificates"},
    {"tlsInsecure", "tlsAllowInvalidHostnames"},
    {"tlsInsecure", "tlsDisableOCSPEndpointCheck"},
    {"tlsInsecure", "tlsDisableCertificateRevocationCheck"},
    {"tlsAllowInvalidCertificates", "tlsDisableOCSPEndpointCheck"},
    {"tlsAllowInvalidCertificates", "tlsDisableCertificateRevocationCheck"},
    {"tlsDisableOCSPEndpointCheck", "tlsDisableCertificateRevocationCheck"},
}};

}  // namespace mongoro::detail
