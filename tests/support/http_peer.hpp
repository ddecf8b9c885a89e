#pragma once

#include "listener.hpp"
#include "tls_server.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

/// A request as it came.
struct http_seen {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

/// What is sent back: `bytes` as they are, then the connection is closed, or kept open and silent.
struct http_answer {
    std::string bytes;
    bool hang = false;
};

/// 200 with a body, and a length.
[[nodiscard]] http_answer http_ok(std::string_view body);
/// Another status with a body.
[[nodiscard]] http_answer http_status(int status, std::string_view body = "");
/// Nothing at all.
[[nodiscard]] http_answer http_silence();

/// A service that answers by HTTP what its function says; one request a connection. Threads of its
/// own; every function may be called from any, and so is the one that answers.
class http_peer {
 public:
    using answer_function = std::function<http_answer(const http_seen&)>;

    explicit http_peer(answer_function answer);
    /// The same over TLS. A handshake that fails is no request; see `tls`, which outlives the peer.
    http_peer(tls_server& tls, answer_function answer);

    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    /// `http://127.0.0.1:<port>`
    [[nodiscard]] std::string url() const { return "http://" + listener_.host_and_port(); }
    [[nodiscard]] std::vector<http_seen> seen() const;
    /// Waits until so many requests have come; false after ten seconds.
    [[nodiscard]] bool wait_for(std::size_t count) const;

 private:
    http_peer(tls_server* tls, answer_function answer);
    void serve(peer_socket& socket);

    tls_server* tls_;
    answer_function answer_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<http_seen> seen_;
    listener listener_;  // last: its threads use all of the above
};

}  // namespace mongoro::test
