#include "tls/revocation.hpp"

#include "tls/openssl.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

namespace mongoro::tls {

namespace {

using response_ptr = std::unique_ptr<OCSP_RESPONSE, freed_by<OCSP_RESPONSE_free>>;
using basic_ptr = std::unique_ptr<OCSP_BASICRESP, freed_by<OCSP_BASICRESP_free>>;
using id_ptr = std::unique_ptr<OCSP_CERTID, freed_by<OCSP_CERTID_free>>;
using feature_ptr = std::unique_ptr<TLS_FEATURE, freed_by<TLS_FEATURE_free>>;

constexpr std::string_view missing =
    "the server's certificate demands a stapled OCSP response, and there is none";
constexpr std::string_view unverifiable =
    "the server's certificate demands a stapled OCSP response, and who may sign one is not known";

bool must_staple(const X509* certificate) noexcept {
    constexpr long status_request = 5;  // the number of the TLS extension
    const feature_ptr features(
        static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
    for (int i = 0; features && i < sk_ASN1_INTEGER_num(features.get()); ++i) {
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == status_request) {
            return true;
        }
    }
    return false;
}

/// The part of a response that is about a certificate: whoever made it chose the hash that names
/// it.
OCSP_SINGLERESP* find(OCSP_BASICRESP& all, const X509* certificate, const X509* issuer) noexcept {
    for (int i = 0; i < OCSP_resp_count(&all); ++i) {
        OCSP_SINGLERESP* const one = OCSP_resp_get0(&all, i);
        auto* const named = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(one));
        ASN1_OBJECT* algorithm = nullptr;
        if (OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, named) != 1) {
            continue;
        }
        const EVP_MD* const hash = EVP_get_digestbyobj(algorithm);
        const id_ptr ours(hash != nullptr ? OCSP_cert_to_id(hash, certificate, issuer) : nullptr);
        if (ours && OCSP_id_cmp(ours.get(), named) == 0) {
            return one;
        }
    }
    return nullptr;
}

std::string_view check(SSL& ssl) noexcept {
    unsigned char* bytes = nullptr;
    const long size = SSL_get_tlsext_status_ocsp_resp(&ssl, &bytes);
    const X509* const certificate = SSL_get0_peer_certificate(&ssl);
    STACK_OF(X509)* const chain = SSL_get0_verified_chain(&ssl);
    if (certificate == nullptr || chain == nullptr || sk_X509_num(chain) == 0) {
        return "the server's certificate is not there";
    }
    if (bytes == nullptr || size <= 0) {
        return must_staple(certificate) ? missing : std::string_view();
    }
    const unsigned char* at = bytes;
    const response_ptr response(d2i_OCSP_RESPONSE(nullptr, &at, size));
    if (!response || at != bytes + size) {
        return "the stapled OCSP response is malformed";
    }
    if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        return "the stapled OCSP response says that it is none";
    }
    const basic_ptr all(OCSP_response_get1_basic(response.get()));
    if (!all) {
        return "the stapled OCSP response is malformed";
    }
    X509* const issuer = sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0);
    if (issuer == sk_X509_value(chain, 0) && X509_self_signed(issuer, 0) != 1) {
        // tlsCAFile names the server's certificate itself. Who issued it, and so who may speak of
        // its status, is not known: nothing of the response can be verified, for it or against it.
        // The status stays unconfirmed, which the specification lets pass.
        return must_staple(certificate) ? unverifiable : std::string_view();
    }
    X509_STORE* const trusted = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(&ssl));
    // Without the flag only a root would do as what is trusted; see context::configure.
    if (OCSP_basic_verify(all.get(), chain, trusted, OCSP_PARTIAL_CHAIN) != 1) {
        return "the stapled OCSP response is not signed by whom it should be";
    }
    OCSP_SINGLERESP* const one = find(*all, certificate, issuer);
    if (one == nullptr) {
        return "the stapled OCSP response is not about the server's certificate";
    }
    ASN1_GENERALIZEDTIME* from = nullptr;
    ASN1_GENERALIZEDTIME* until = nullptr;
    const int status = OCSP_single_get0_status(one, nullptr, nullptr, &from, &until);
    if (OCSP_check_validity(from, until, 0, -1) != 1) {
        return "the stapled OCSP response is not of this time";
    }
    if (status == V_OCSP_CERTSTATUS_REVOKED) {
        return "the server's certificate is revoked";
    }
    if (status != V_OCSP_CERTSTATUS_GOOD && must_staple(certificate)) {
        return missing;
    }
    return {};
}

}  // namespace

std::string_view check_stapled_response(SSL& ssl) noexcept {
    const auto refusal = check(ssl);
    ERR_clear_error();
    return refusal;
}

}  // namespace mongoro::tls
