#include "responder/tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace bench {
namespace {

void need(bool good, const char* what) {
    if (!good) {
        std::fprintf(stderr, "bench-responder: %s\n", what);
        ERR_print_errors_fp(stderr);
        std::exit(1);
    }
}

void add_extension(X509* to, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, to, to, nullptr, nullptr, 0);
    X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    need(made != nullptr && X509_add_ext(to, made, -1) == 1, "an extension of the certificate");
    X509_EXTENSION_free(made);
}

/// Its own issuer, for a day. P-256, as most certificates are that a server has today.
X509* make_certificate(EVP_PKEY* key) {
    X509* const made = X509_new();
    need(made != nullptr, "a certificate");
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 86'400);
    X509_set_pubkey(made, key);
    X509_NAME* const name = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("bench-responder"), -1, -1,
                               0);
    X509_set_issuer_name(made, name);
    add_extension(made, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(made, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
    need(X509_sign(made, key, EVP_sha256()) != 0, "the certificate's signature");
    return made;
}

}  // namespace

tls_server::tls_server(const std::string& file) : context_(SSL_CTX_new(TLS_server_method())) {
    // OpenSSL writes to a socket that its peer has closed as to any file.
    std::signal(SIGPIPE, SIG_IGN);
    need(context_ != nullptr, "OpenSSL");
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    need(key != nullptr, "a key");
    X509* const certificate = make_certificate(key);
    need(SSL_CTX_use_certificate(context_, certificate) == 1 &&
             SSL_CTX_use_PrivateKey(context_, key) == 1,
         "the certificate's use");
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
    // A ticket has all of a session in it, so that nothing need be kept here.
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    std::FILE* const out = std::fopen(file.c_str(), "w");
    need(out != nullptr && PEM_write_X509(out, certificate) == 1 && std::fclose(out) == 0,
         file.c_str());
    X509_free(certificate);
    EVP_PKEY_free(key);
}

tls_server::~tls_server() {
    SSL_CTX_free(context_);
}

std::unique_ptr<secure_socket> tls_server::accept(int fd) {
    SSL* const made = SSL_new(context_);
    need(made != nullptr && SSL_set_fd(made, fd) == 1, "a connection's TLS");
    SSL_set_accept_state(made);
    return std::make_unique<secure_socket>(*this, made);
}

secure_socket::~secure_socket() {
    SSL_free(ssl_);
}

ssize_t secure_socket::receive(void* into, std::size_t size) {
    std::size_t bytes = 0;
    ERR_clear_error();
    const int done = SSL_read_ex(ssl_, into, size, &bytes);
    if (!shaken_hands_ && SSL_is_init_finished(ssl_) == 1) {
        shaken_hands_ = true;
        (SSL_session_reused(ssl_) == 1 ? owner_.resumed : owner_.full) += 1;
    }
    return result_of(done, bytes);
}

ssize_t secure_socket::send(const void* from, std::size_t size) {
    std::size_t bytes = 0;
    ERR_clear_error();
    const int done = SSL_write_ex(ssl_, from, size, &bytes);
    return result_of(done, bytes);
}

bool secure_socket::pending() const {
    return SSL_pending(ssl_) > 0;
}

ssize_t secure_socket::result_of(int returned, std::size_t bytes) {
    if (returned == 1) {
        return static_cast<ssize_t>(bytes);
    }
    switch (SSL_get_error(ssl_, returned)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            errno = EAGAIN;
            return -1;
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        default:
            errno = EPROTO;
            return -1;
    }
}

}  // namespace bench
