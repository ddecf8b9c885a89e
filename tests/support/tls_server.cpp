#include "tls_server.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace mongoro::test {

/// One connection: OpenSSL writes into memory, so that what goes out can be cut and trickled.
class tls_layer final : public peer_layer {
 public:
    explicit tls_layer(tls_server& server)
        : server_(server), cut_after_(server.cut_after_), ssl_(SSL_new(server.context_)) {
        SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        BIO_set_mem_eof_return(SSL_get_rbio(ssl_), -1);
        SSL_set_accept_state(ssl_);
    }
    ~tls_layer() override { SSL_free(ssl_); }

    bool accept(peer_socket& socket) {
        for (;;) {
            ERR_clear_error();
            const int done = SSL_accept(ssl_);
            const int why = SSL_get_error(ssl_, done);
            std::string failure;
            if (done != 1 && why != SSL_ERROR_WANT_READ) {
                const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
                failure = reason != nullptr ? reason : "failed";
            }
            const bool sent = flush(socket);
            if (done == 1 && sent) {
                return true;
            }
            if (failure.empty() && !sent) {
                failure = "cut";
            }
            if (failure.empty() && !fill(socket)) {
                failure = "the client has closed";
            }
            if (!failure.empty()) {
                const std::lock_guard lock(server_.mutex_);
                server_.failure_ = failure;
                return false;
            }
        }
    }

    ssize_t read(peer_socket& socket, std::span<std::uint8_t> into) override {
        for (;;) {
            ERR_clear_error();
            const int got = SSL_read(ssl_, into.data(), static_cast<int>(into.size()));
            const int why = SSL_get_error(ssl_, got);
            if (!flush(socket)) {
                return -1;
            }
            if (got > 0) {
                return got;
            }
            if (why == SSL_ERROR_ZERO_RETURN) {
                ++server_.ends_;
                return 0;
            }
            if (why != SSL_ERROR_WANT_READ || !fill(socket)) {
                return -1;
            }
        }
    }

    bool write(peer_socket& socket, std::span<const std::uint8_t> bytes) override {
        ERR_clear_error();
        if (server_.options_.key_updates) {
            SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
        }
        while (!bytes.empty()) {
            const auto size = std::min<std::size_t>(bytes.size(), 1U << 20);
            const int done = SSL_write(ssl_, bytes.data(), static_cast<int>(size));
            if (done <= 0 || !flush(socket)) {
                return false;
            }
            bytes = bytes.subspan(static_cast<std::size_t>(done));
        }
        return true;
    }

    void end(peer_socket& socket) override {
        if (server_.options_.says_end && SSL_is_init_finished(ssl_) == 1) {
            SSL_shutdown(ssl_);
            flush(socket);
        }
        ERR_clear_error();
    }

    [[nodiscard]] SSL* ssl() const noexcept { return ssl_; }
    [[nodiscard]] std::size_t sent() const noexcept { return sent_; }

 private:
    bool flush(peer_socket& socket) {
        char* data = nullptr;
        const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &data);
        std::span<const std::uint8_t> rest(reinterpret_cast<const std::uint8_t*>(data),
                                           static_cast<std::size_t>(size));
        const bool cut = rest.size() > cut_after_ - std::min(cut_after_, sent_);
        if (cut) {
            rest = rest.first(cut_after_ - sent_);
        }
        while (!rest.empty()) {
            const auto piece = rest.first(std::min(rest.size(), server_.options_.piece));
            if (!socket.write_raw(piece)) {
                return false;
            }
            sent_ += piece.size();
            rest = rest.subspan(piece.size());
        }
        static_cast<void>(BIO_reset(SSL_get_wbio(ssl_)));
        return !cut;
    }

    bool fill(peer_socket& socket) {
        std::array<std::uint8_t, 16384> chunk;
        const ssize_t got = socket.read_raw(chunk);
        return got > 0 && BIO_write(SSL_get_rbio(ssl_), chunk.data(), static_cast<int>(got)) == got;
    }

    tls_server& server_;
    std::size_t cut_after_;
    std::size_t sent_ = 0;
    SSL* ssl_;
};

int tls_server::staple_to(SSL* ssl, void* self) {
    auto& server = *static_cast<tls_server*>(self);
    const std::lock_guard lock(server.mutex_);
    const auto& response = server.options_.stapled;
    if (response.empty()) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    auto* const copy = static_cast<unsigned char*>(OPENSSL_malloc(response.size()));
    std::memcpy(copy, response.data(), response.size());
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
    return SSL_TLSEXT_ERR_OK;
}

tls_server::tls_server(tls_server_options options)
    : options_(std::move(options)),
      context_(SSL_CTX_new(TLS_server_method())),
      cut_after_(options_.cut_after) {
    const auto& own = options_.certificate.value();
    if (context_ == nullptr || SSL_CTX_use_certificate(context_, own.certificate()) != 1 ||
        SSL_CTX_use_PrivateKey(context_, own.key()) != 1) {
        throw std::runtime_error("a TLS server");
    }
    for (const auto& one : options_.chain) {
        SSL_CTX_add1_chain_cert(context_, one.certificate());
    }
    if (options_.version != 0) {
        SSL_CTX_set_min_proto_version(context_, options_.version);
        SSL_CTX_set_max_proto_version(context_, options_.version);
    }
    if (options_.client_authority) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_),
                            options_.client_authority->certificate());
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    if (options_.asks_for_certificate) {
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    }
    if (options_.record != 0) {
        SSL_CTX_set_max_send_fragment(context_, static_cast<long>(options_.record));
    }
    const std::array<unsigned char, 4> id{'t', 'e', 's', 't'};
    SSL_CTX_set_session_id_context(context_, id.data(), id.size());
    SSL_CTX_set_tlsext_status_cb(context_, &tls_server::staple_to);
    SSL_CTX_set_tlsext_status_arg(context_, this);
}

tls_server::~tls_server() {
    SSL_CTX_free(context_);
}

void tls_server::staple(std::vector<std::uint8_t> response) {
    const std::lock_guard lock(mutex_);
    options_.stapled = std::move(response);
}

bool tls_server::accept(peer_socket& socket) {
    auto layer = std::make_unique<tls_layer>(*this);
    if (!layer->accept(socket)) {
        return false;
    }
    SSL* const ssl = layer->ssl();
    std::array<char, 256> client{};
    if (const X509* const certificate = SSL_get0_peer_certificate(ssl)) {
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, client.data(),
                                  static_cast<int>(client.size()));
    }
    {
        const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        const std::lock_guard lock(mutex_);
        server_name_ = name != nullptr ? name : "";
        client_name_ = client.data();
        failure_.clear();
    }
    handshake_bytes_ = layer->sent();
    resumed_ += SSL_session_reused(ssl) == 1 ? 1U : 0U;
    ++handshakes_;
    socket.set_layer(std::move(layer));
    return true;
}

std::string tls_server::server_name() const {
    const std::lock_guard lock(mutex_);
    return server_name_;
}

std::string tls_server::client_name() const {
    const std::lock_guard lock(mutex_);
    return client_name_;
}

std::string tls_server::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

}  // namespace mongoro::test
