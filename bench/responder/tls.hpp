#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace bench {

class secure_socket;

/// The server's side of TLS 1.2 and 1.3, with a certificate that it makes itself, for 127.0.0.1 and
/// localhost, and with session tickets as OpenSSL gives them by itself.
class tls_server {
 public:
    /// Writes the certificate to `file`, for clients to trust. Ends the program where it cannot.
    explicit tls_server(const std::string& file);
    tls_server(const tls_server&) = delete;
    tls_server& operator=(const tls_server&) = delete;
    ~tls_server();

    std::unique_ptr<secure_socket> accept(int fd);

    /// Handshakes that are complete.
    std::uint64_t full = 0;
    std::uint64_t resumed = 0;

 private:
    ssl_ctx_st* context_ = nullptr;
};

/// TLS on a non-blocking socket, which stays the caller's: results and errno as `recv` and `send`
/// have them. The handshake goes on by itself.
class secure_socket {
 public:
    secure_socket(tls_server& owner, ssl_st* made) : owner_(owner), ssl_(made) {}
    secure_socket(const secure_socket&) = delete;
    secure_socket& operator=(const secure_socket&) = delete;
    ~secure_socket();

    ssize_t receive(void* into, std::size_t size);
    /// Some of it; a part that was refused must come again.
    ssize_t send(const void* from, std::size_t size);
    /// Whether there are bytes that no event of the socket will tell of.
    bool pending() const;

 private:
    ssize_t result_of(int returned, std::size_t bytes);

    tls_server& owner_;
    ssl_st* ssl_;
    bool shaken_hands_ = false;
};

}  // namespace bench
