#pragma once

#include <mongoro/options/uri.hpp>
#include <mongoro/result.hpp>
#include <mongoro/uri.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mongoro::pool {

/// The client's side of a SOCKS5 negotiation, without I/O: send `to_send()`, read exactly
/// `wanted()` bytes, give them to `received()`, and so on until that says that it is done. Not a
/// byte of what comes behind is read.
///
/// No authentication, or user name and password; CONNECT to a name, which the proxy resolves, or to
/// an IP literal. The password is in `to_send()` only, which is wiped once it has been answered.
/// Spec: socks5-support; RFC 1928, RFC 1929.
class socks5 {
 public:
    /// `target` and the proxy's options outlive it.
    socks5(const proxy_options& proxy, const host_address& target);
    socks5(const socks5&) = delete;
    socks5& operator=(const socks5&) = delete;
    ~socks5() { wipe(); }

    /// `invalid_argument` for what the protocol has no room for: a host, a user name or a password
    /// of more than 255 bytes.
    [[nodiscard]] error check() const;

    /// What is to be sent before anything is read; it may be nothing.
    [[nodiscard]] std::span<const std::uint8_t> to_send() const noexcept { return out_; }
    [[nodiscard]] std::size_t wanted() const noexcept { return wanted_; }
    /// Takes `wanted()` bytes; true: the connection is the target's from here on. `proxy_failed`
    /// says what the proxy said, or that it is none.
    [[nodiscard]] result<bool> received(std::span<const std::uint8_t> bytes);

 private:
    enum class step : std::uint8_t { greeting, login, reply, address, done };

    void wipe() noexcept;
    void greet();
    void log_in();
    void connect();
    result<bool> chosen(std::uint8_t method);
    result<bool> replied(std::span<const std::uint8_t> bytes);

    const proxy_options& proxy_;
    const host_address& target_;
    std::vector<std::uint8_t> out_;
    std::size_t wanted_ = 0;
    step step_ = step::greeting;
};

}  // namespace mongoro::pool
