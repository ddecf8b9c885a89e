#pragma once

#include "certificates.hpp"
#include "listener.hpp"

#include <openssl/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mongoro::test {

/// How a scripted peer speaks TLS.
struct tls_server_options {
    std::optional<identity> certificate{};
    std::vector<identity> chain{};               ///< intermediate authorities
    std::optional<identity> client_authority{};  ///< demands a client's certificate, signed by it
    bool asks_for_certificate = false;           ///< of a client, and shakes hands also without
    int version = 0;                             ///< only this one, as `TLS1_2_VERSION`; 0: any
    std::vector<std::uint8_t> stapled{};         ///< an OCSP response; empty: none
    std::size_t record = 0;        ///< plaintext of the records it sends, at least 512; 0: 16 KiB
    std::size_t piece = SIZE_MAX;  ///< ciphertext that is written at once
    std::size_t cut_after = SIZE_MAX;  ///< ciphertext, after which the socket is closed
    bool says_end = false;             ///< close_notify before a socket is closed
    bool key_updates = false;  ///< before each write it changes its key, and asks for the same
};

/// The server's half of TLS, on OpenSSL and blocking calls: nothing of the driver's. May be shared
/// by the connections of several peers, and must outlive them.
class tls_server {
 public:
    explicit tls_server(tls_server_options options);
    tls_server(const tls_server&) = delete;
    tls_server& operator=(const tls_server&) = delete;
    ~tls_server();

    /// Shakes hands on an accepted socket, whose bytes are plaintext from then on; false: it
    /// failed, or the peer is being destroyed.
    bool accept(peer_socket& socket);

    /// Handshakes that were completed, and how many of them resumed a session.
    [[nodiscard]] std::size_t handshakes() const noexcept { return handshakes_; }
    [[nodiscard]] std::size_t resumed() const noexcept { return resumed_; }
    /// Connections whose client has said close_notify.
    [[nodiscard]] std::size_t ends() const noexcept { return ends_; }
    /// The server name that the last client sent; empty without one.
    [[nodiscard]] std::string server_name() const;
    /// The common name of the last client's certificate; empty without one.
    [[nodiscard]] std::string client_name() const;
    /// How the last handshake failed; empty: it did not.
    [[nodiscard]] std::string failure() const;
    /// Ciphertext of one whole handshake, in this direction: those that `cut_after` may cut.
    [[nodiscard]] std::size_t handshake_bytes() const noexcept { return handshake_bytes_; }
    void cut_after(std::size_t bytes) noexcept { cut_after_ = bytes; }
    void staple(std::vector<std::uint8_t> response);

    [[nodiscard]] SSL_CTX* context() const noexcept { return context_; }

 private:
    friend class tls_layer;
    static int staple_to(SSL* ssl, void* self);

    tls_server_options options_;
    SSL_CTX* context_ = nullptr;
    std::atomic<std::size_t> handshakes_{0};
    std::atomic<std::size_t> resumed_{0};
    std::atomic<std::size_t> ends_{0};
    std::atomic<std::size_t> handshake_bytes_{0};
    std::atomic<std::size_t> cut_after_;
    mutable std::mutex mutex_;
    std::string server_name_;
    std::string client_name_;
    std::string failure_;
};

}  // namespace mongoro::test
