#pragma once

#include "listener.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mongoro::test {

/// A SOCKS5 proxy that connects to ports of this machine in place of the hosts that it is asked
/// for, and relays what both say. Threads of its own; every function may be called from any.
class socks5_peer {
 public:
    using login = std::pair<std::string, std::string>;

    /// With a login it accepts no connection without it; without one it asks for none.
    explicit socks5_peer(std::optional<login> needed = std::nullopt);
    ~socks5_peer();
    socks5_peer(const socks5_peer&) = delete;
    socks5_peer& operator=(const socks5_peer&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port(); }
    /// `host:port` stands for this port of 127.0.0.1; what is not mapped is unreachable.
    void map(std::string host_and_port, std::uint16_t port);
    /// Answers each request to connect with this code.
    void refuse_with(std::uint8_t code);

    /// What it was asked to connect to, in order: "name localhost:12345", "ipv4 127.0.0.1:1".
    [[nodiscard]] std::vector<std::string> targets() const;
    /// The ways to log in that each client offered.
    [[nodiscard]] std::vector<std::vector<std::uint8_t>> offered() const;
    [[nodiscard]] std::size_t connections() const noexcept { return listener_.accepted(); }

 private:
    void serve(peer_socket& client);
    [[nodiscard]] bool greet(peer_socket& client);
    [[nodiscard]] bool check_login(peer_socket& client);
    /// The mapped port; 0 after a refusal.
    [[nodiscard]] std::uint16_t request(peer_socket& client);

    std::optional<login> needed_;
    mutable std::mutex mutex_;
    std::map<std::string, std::uint16_t> mapped_;
    std::uint8_t refusal_ = 0;
    std::vector<std::string> targets_;
    std::vector<std::vector<std::uint8_t>> offered_;
    int stop_ = -1;      // readable once it goes
    listener listener_;  // last: its threads use all of the above
};

}  // namespace mongoro::test
