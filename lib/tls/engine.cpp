#include "tls/engine.hpp"

#include "tls/failure.hpp"
#include "tls/openssl.hpp"
#include "tls/revocation.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <new>

namespace mongoro::tls {

namespace {

/// The name without what no certificate has: an interface's scope, the dot at the end.
std::string certificate_name(std::string_view host) {
    if (host.find(':') != std::string_view::npos) {
        host = host.substr(0, host.find('%'));
    } else if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return std::string(host);
}

bool is_ip(const std::string& name) noexcept {
    std::array<std::uint8_t, sizeof(in6_addr)> ignored{};
    return ::inet_pton(AF_INET, name.c_str(), ignored.data()) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), ignored.data()) == 1;
}

engine& engine_of(SSL* ssl) noexcept {
    return *static_cast<engine*>(SSL_get_app_data(ssl));
}

}  // namespace

/// What OpenSSL calls. Nothing may be thrown through it.
struct engine::callbacks {
    static int write(BIO* bio, const char* data, std::size_t size, std::size_t* done) noexcept {
        auto& self = *static_cast<engine*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        const std::size_t n = std::min(size, self.out_.size() - self.written_);
        if (n == 0) {
            BIO_set_retry_write(bio);
            return 0;
        }
        std::memcpy(self.out_.data() + self.written_, data, n);
        self.written_ += n;
        *done = n;
        return 1;
    }

    static int read(BIO* bio, char* data, std::size_t size, std::size_t* done) noexcept {
        auto& self = *static_cast<engine*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        const std::size_t n = std::min(size, self.in_.size());
        if (n == 0) {
            BIO_set_retry_read(bio);
            return 0;
        }
        std::memcpy(data, self.in_.data(), n);
        self.in_ = self.in_.subspan(n);
        *done = n;
        return 1;
    }

    static long control(BIO*, int what, long, void*) noexcept {
        return what == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static int create(BIO* bio) noexcept {
        BIO_set_init(bio, 1);
        return 1;
    }

    /// The server wants a certificate, and none was set.
    static int want_certificate(SSL* ssl, X509**, EVP_PKEY**) noexcept {
        engine_of(ssl).asked_for_certificate_ = true;
        return 0;
    }

    static int stapled(SSL* ssl, void*) noexcept {
        // A session that is resumed was verified when it was made, and brings no certificate.
        if (SSL_session_reused(ssl) == 1) {
            return 1;
        }
        engine_of(ssl).refusal_ = check_stapled_response(*ssl);
        return engine_of(ssl).refusal_.empty() ? 1 : 0;
    }

    static int new_session(SSL* ssl, SSL_SESSION* session) noexcept {
        try {
            auto& self = engine_of(ssl);
            SSL_SESSION_up_ref(session);
            const bool resumed = SSL_session_reused(ssl) == 1;
            self.context_->sessions().add(
                self.peer_, {session_ptr(session), resumed ? self.offered_ : self.began_});
        } catch (const std::bad_alloc&) {
            // The next connection makes a session of its own.
        }
        return 0;  // OpenSSL's own reference stays its own
    }
};

BIO_METHOD* engine::make_bio_method() noexcept {
    BIO_METHOD* const made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mongoro");
    if (made != nullptr) {
        BIO_meth_set_write_ex(made, &callbacks::write);
        BIO_meth_set_read_ex(made, &callbacks::read);
        BIO_meth_set_ctrl(made, &callbacks::control);
        BIO_meth_set_create(made, &callbacks::create);
    }
    return made;
}

void engine::set_callbacks(SSL_CTX& shared, bool revocation) noexcept {
    SSL_CTX_sess_set_new_cb(&shared, &callbacks::new_session);
    SSL_CTX_set_client_cert_cb(&shared, &callbacks::want_certificate);
    if (revocation) {
        SSL_CTX_set_tlsext_status_type(&shared, TLSEXT_STATUSTYPE_ocsp);
        SSL_CTX_set_tlsext_status_cb(&shared, &callbacks::stapled);
    }
}

engine::engine(std::shared_ptr<context> shared, const host_address& host)
    : context_(std::move(shared)), peer_(host.to_string()), name_(certificate_name(host.host)) {}

result<std::unique_ptr<engine>> engine::make(std::shared_ptr<context> shared,
                                             const host_address& host,
                                             session_cache::clock::time_point now) {
    ERR_clear_error();
    std::unique_ptr<engine> made(new engine(std::move(shared), host));
    if (auto failed = made->start(host, now)) {
        return failed;
    }
    return made;
}

error engine::start(const host_address& host, session_cache::clock::time_point now) {
    began_ = now;
    if (host.is_unix() && context_->verifies_host()) {
        return {errc::tls_failed, peer_ +
                                      ": no certificate is for a Unix-domain socket; "
                                      "tlsAllowInvalidHostnames=true leaves the name unverified"};
    }
    ssl_ = SSL_new(context_->get());
    BIO* const bio = ssl_ != nullptr ? BIO_new(context_->bio_method()) : nullptr;
    if (bio == nullptr) {
        return {errc::tls_failed, peer_ + ": OpenSSL has no memory"};
    }
    BIO_set_data(bio, this);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_app_data(ssl_, this);
    SSL_set_connect_state(ssl_);

    const bool ip = is_ip(name_);
    bool good = true;
    if (!ip && !host.is_unix()) {
        good = SSL_set_tlsext_host_name(ssl_, name_.c_str()) == 1;
    }
    if (good && context_->verifies_host()) {
        X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_);
        X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        good = (ip ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name_.c_str())
                   : X509_VERIFY_PARAM_set1_host(wanted, name_.c_str(), name_.size())) == 1;
    }
    if (!good) {
        return {errc::tls_failed, peer_ + ": not a name for TLS (" + take_openssl_reason() + ')'};
    }
    if (const auto cached = context_->sessions().take(peer_, now)) {
        SSL_set_session(ssl_, cached.session.get());
        offered_ = cached.verified;
        offers_session_ = true;
    }
    return {};
}

engine::~engine() {
    if (ssl_ != nullptr) {
        if (offers_session_ && SSL_in_before(ssl_) == 0 && SSL_is_init_finished(ssl_) == 0) {
            // Perhaps it is the session that the server, or what stands before it, cannot take.
            context_->sessions().remove(peer_);
        }
        if (!failed_) {
            // Or OpenSSL takes a connection that ended without a word for an attack, and the
            // session, which the cache shares, for one that must not be resumed.
            SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        }
        SSL_free(ssl_);
        ERR_clear_error();
    }
}

error engine::failed() {
    failed_ = true;
    context_->sessions().remove(peer_);
    failure_facts facts;
    facts.host = name_;
    facts.refusal = refusal_;
    facts.asked_for_certificate = asked_for_certificate_;
    return failure_of(*ssl_, peer_, facts);
}

error engine::closed_for_certificate() {
    failed_ = true;
    context_->sessions().remove(peer_);
    return {errc::tls_failed,
            peer_ + " closed after asking for a client certificate (tlsCertificateKeyFile)"};
}

/// Why a function of OpenSSL did not succeed; `bytes` is not ours to set. Not called for errors.
engine::progress engine::stopped(int code) {
    progress p;
    p.next = code == SSL_ERROR_WANT_WRITE ? want::output : want::input;
    p.ended = code == SSL_ERROR_ZERO_RETURN;
    return p;
}

namespace {

bool is_failure(int code) noexcept {
    return code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE &&
           code != SSL_ERROR_ZERO_RETURN;
}

}  // namespace

error engine::begin() {
    ERR_clear_error();
    return failed_ ? error(errc::tls_failed, peer_ + ": TLS has ended with an error before")
                   : error();
}

result<engine::want> engine::handshake() {
    if (auto already = begin()) {
        return already;
    }
    if (!begun_ && !in_.empty()) {
        begun_ = true;
        // OpenSSL would call these bytes a version, or a length, that is wrong.
        if (in_.front() != SSL3_RT_HANDSHAKE && in_.front() != SSL3_RT_ALERT) {
            failed_ = true;
            return error(errc::tls_failed, peer_ + ": the server does not speak TLS");
        }
    }
    const int done = SSL_do_handshake(ssl_);
    if (done == 1) {
        return want::nothing;
    }
    const int code = SSL_get_error(ssl_, done);
    if (code == SSL_ERROR_ZERO_RETURN) {
        if (lacks_certificate()) {
            return closed_for_certificate();
        }
        failed_ = true;
        return error(errc::connection_closed, peer_ + " closed during the TLS handshake");
    }
    if (is_failure(code)) {
        return failed();
    }
    return stopped(code).next;
}

result<engine::progress> engine::encrypt(std::span<const std::uint8_t> plaintext) {
    if (auto already = begin()) {
        return already;
    }
    progress p;
    const int done = SSL_write_ex(ssl_, plaintext.data(), plaintext.size(), &p.bytes);
    if (done == 1) {
        return p;
    }
    const int code = SSL_get_error(ssl_, done);
    return is_failure(code) ? result<progress>(failed()) : stopped(code);
}

result<engine::progress> engine::decrypt(std::span<std::uint8_t> plaintext) {
    if (auto already = begin()) {
        return already;
    }
    progress p;
    const int done = SSL_read_ex(ssl_, plaintext.data(), plaintext.size(), &p.bytes);
    if (done == 1) {
        spoken_ = true;
        return p;
    }
    const int code = SSL_get_error(ssl_, done);
    return is_failure(code) ? result<progress>(failed()) : stopped(code);
}

result<engine::progress> engine::skip() {
    if (auto already = begin()) {
        return already;
    }
    std::uint8_t ignored = 0;
    progress p;
    const int done = SSL_peek_ex(ssl_, &ignored, 1, &p.bytes);
    if (done == 1) {
        return p;
    }
    const int code = SSL_get_error(ssl_, done);
    return is_failure(code) ? result<progress>(failed()) : stopped(code);
}

void engine::say_end() noexcept {
    if (ssl_ != nullptr && !failed_ && SSL_is_init_finished(ssl_) == 1) {
        static_cast<void>(SSL_shutdown(ssl_));
        ERR_clear_error();
    }
}

bool engine::resumed() const noexcept {
    return SSL_session_reused(ssl_) == 1;
}

}  // namespace mongoro::tls
