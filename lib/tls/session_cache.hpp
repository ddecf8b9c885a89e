#pragma once

#include "tls/openssl_types.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::tls {

struct session_closer {
    void operator()(SSL_SESSION* s) const noexcept;
};
using session_ptr = std::unique_ptr<SSL_SESSION, session_closer>;

/// A session, and when the handshake was that verified the server: each resumption brings new
/// sessions, and verifies nothing.
struct cached_session {
    session_ptr session;
    std::chrono::steady_clock::time_point verified;

    explicit operator bool() const noexcept { return session != nullptr; }
};

/// The sessions that servers let a client resume, by the server's address: the newest first, a few
/// an address, the oldest dropped when there are too many. On one thread at a time.
class session_cache {
 public:
    using clock = std::chrono::steady_clock;
    /// In all, and of one server: as many as its connections may open at once.
    static constexpr std::size_t most = 64;
    static constexpr std::size_t most_of_one = 4;
    /// A server whose sessions are resumed is verified again after this time: its certificate may
    /// have been revoked, or what vouches for it may have expired.
    static constexpr std::chrono::hours longest{24};

    void add(std::string_view server, cached_session session);
    /// None without one that is still good: its own lifetime, the server's certificate and
    /// `longest` have not passed. A session of TLS 1.3 is used once, as RFC 8446 (C.4) asks, or an
    /// observer could tell that connections belong together; one of TLS 1.2 stays.
    [[nodiscard]] cached_session take(std::string_view server, clock::time_point now) noexcept;
    /// Forgets all of a server's: it has refused to be who it was, or did not take one.
    void remove(std::string_view server) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
    struct entry {
        std::string server;
        cached_session cached;
    };
    std::vector<entry> entries_;  // the newest at the end
};

}  // namespace mongoro::tls
