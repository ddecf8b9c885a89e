#include "tls/failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace mongoro::tls {

namespace {

std::string reason_of(unsigned long code) {
    const char* const text = ERR_reason_error_string(code);
    return text != nullptr ? text : "error " + std::to_string(ERR_GET_REASON(code));
}

std::string unverified(long why, std::string_view host) {
    std::string text;
    switch (why) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            text = "the server's certificate has expired";
            break;
        case X509_V_ERR_CERT_NOT_YET_VALID:
            text = "the server's certificate is not valid yet";
            break;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            text = "the server's certificate is not for " + std::string(host);
            break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_CERT_UNTRUSTED:
            text = "the server's certificate is not signed by an authority that is trusted here";
            break;
        default:
            text = "the server's certificate is not valid";
            break;
    }
    return text + " (" + X509_verify_cert_error_string(why) + ')';
}

std::string alerted(int alert, const failure_facts& facts) {
    switch (alert) {
        // TLS 1.3 has an alert of its own; a server of TLS 1.2 gives one of these.
        case SSL_AD_HANDSHAKE_FAILURE:
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_CERTIFICATE_UNKNOWN:
            if (!facts.asked_for_certificate) {
                break;
            }
            [[fallthrough]];
        case TLS13_AD_CERTIFICATE_REQUIRED:
            return "the server demands a client certificate (tlsCertificateKeyFile)";
        case SSL_AD_PROTOCOL_VERSION:
            return "no version of TLS in common with the server";
        default:
            break;
    }
    return std::string("the server refused TLS (alert: ") + SSL_alert_desc_string_long(alert) + ')';
}

}  // namespace

std::string take_openssl_reason() {
    const unsigned long code = ERR_peek_last_error();
    std::string text = code != 0 ? reason_of(code) : std::string("no reason given");
    ERR_clear_error();
    return text;
}

error failure_of(const SSL& ssl, std::string_view peer, const failure_facts& facts) {
    // SSL_alert_desc_string_long() takes the alert's number, which OpenSSL adds to this.
    constexpr int first_alert = 1000;
    std::string text;
    unsigned long last = 0;
    while (const unsigned long code = ERR_get_error()) {
        last = code;
        if (ERR_GET_LIB(code) != ERR_LIB_SSL || !text.empty()) {
            continue;
        }
        const int reason = ERR_GET_REASON(code);
        if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
            text = unverified(SSL_get_verify_result(&ssl), facts.host);
        } else if (reason >= first_alert) {
            text = alerted(reason - first_alert, facts);
        } else if (reason == SSL_R_UNSUPPORTED_PROTOCOL) {
            text = "no version of TLS in common with the server";
        } else if (reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) {
            text = "a TLS record was damaged on its way";
        }
    }
    if (!facts.refusal.empty()) {
        text = facts.refusal;
    } else if (text.empty()) {
        text = "not TLS as it should be";
        if (last != 0) {
            text += " (" + reason_of(last) + ')';
        }
    }
    return {errc::tls_failed, std::string(peer) + ": " + text};
}

}  // namespace mongoro::tls
