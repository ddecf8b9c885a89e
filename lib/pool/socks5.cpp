#include "pool/socks5.hpp"

#include <arpa/inet.h>
#include <openssl/crypto.h>

#include <array>
#include <string_view>

namespace mongoro::pool {

namespace {

constexpr std::uint8_t version = 5;
constexpr std::uint8_t login_version = 1;
constexpr std::uint8_t no_login = 0;
constexpr std::uint8_t with_login = 2;
constexpr std::uint8_t nothing_fits = 0xFF;
constexpr std::uint8_t command_connect = 1;
constexpr std::uint8_t address_v4 = 1;
constexpr std::uint8_t address_name = 3;
constexpr std::uint8_t address_v6 = 4;
constexpr std::size_t longest = 255;

error failed(std::string what) {
    return {errc::proxy_failed, std::move(what)};
}

/// RFC 1928, section 6.
std::string meaning(std::uint8_t reply) {
    constexpr std::array<std::string_view, 9> known{"",
                                                    "the proxy failed",
                                                    "its rules do not allow the connection",
                                                    "the network is unreachable",
                                                    "the host is unreachable",
                                                    "the connection was refused",
                                                    "the time to live expired",
                                                    "it does not know the command CONNECT",
                                                    "it does not know that kind of address"};
    return reply < known.size() ? std::string(known[reply])
                                : "it gave the unknown reply " + std::to_string(reply);
}

void append(std::vector<std::uint8_t>& out, std::string_view text) {
    out.push_back(static_cast<std::uint8_t>(text.size()));
    out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

socks5::socks5(const proxy_options& proxy, const host_address& target)
    : proxy_(proxy), target_(target) {
    // All at once: a vector that grows leaves what it held behind.
    out_.reserve(3 + 2 * (longest + 1));
    greet();
}

void socks5::wipe() noexcept {
    OPENSSL_cleanse(out_.data(), out_.size());
    out_.clear();
}

error socks5::check() const {
    const auto fits = [](const std::optional<std::string>& text) {
        return !text || text->size() <= longest;
    };
    if (target_.host.empty() || target_.host.size() > longest) {
        return {errc::invalid_argument, "a host behind a proxy has 1 to 255 bytes"};
    }
    if (!fits(proxy_.username) || !fits(proxy_.password)) {
        return {errc::invalid_argument,
                "the user name and the password of a proxy have at most 255 bytes"};
    }
    return {};
}

void socks5::greet() {
    wipe();
    if (proxy_.username && proxy_.password) {
        out_ = {version, 2, no_login, with_login};
    } else {
        out_ = {version, 1, no_login};
    }
    wanted_ = 2;
    step_ = step::greeting;
}

void socks5::log_in() {
    wipe();
    out_.push_back(login_version);
    append(out_, *proxy_.username);
    append(out_, *proxy_.password);
    wanted_ = 2;
    step_ = step::login;
}

void socks5::connect() {
    wipe();
    out_ = {version, command_connect, 0};
    if (in_addr v4{}; ::inet_pton(AF_INET, target_.host.c_str(), &v4) == 1) {
        out_.push_back(address_v4);
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v4);
        out_.insert(out_.end(), bytes, bytes + sizeof v4);
    } else if (in6_addr v6{}; ::inet_pton(AF_INET6, target_.host.c_str(), &v6) == 1) {
        out_.push_back(address_v6);
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v6);
        out_.insert(out_.end(), bytes, bytes + sizeof v6);
    } else {
        out_.push_back(address_name);
        append(out_, target_.host);
    }
    out_.push_back(static_cast<std::uint8_t>(target_.port >> 8U));
    out_.push_back(static_cast<std::uint8_t>(target_.port & 0xFFU));
    wanted_ = 5;  // as far as the length of a name
    step_ = step::reply;
}

result<bool> socks5::chosen(std::uint8_t method) {
    if (method == no_login) {
        connect();
        return false;
    }
    if (method == with_login && proxy_.username && proxy_.password) {
        log_in();
        return false;
    }
    if (method == nothing_fits) {
        return failed(proxy_.username ? "it accepts neither no login nor a password"
                                      : "it asks for a login");
    }
    return failed("it chose a way to log in that was not offered");
}

result<bool> socks5::replied(std::span<const std::uint8_t> bytes) {
    if (bytes[1] != 0) {
        return failed(meaning(bytes[1]));
    }
    // The address that it connects from: of no interest, and to be read. One byte of it was.
    constexpr std::size_t port_size = 2;
    switch (bytes[3]) {
        case address_v4:
            wanted_ = 4 - 1 + port_size;
            break;
        case address_v6:
            wanted_ = 16 - 1 + port_size;
            break;
        case address_name:
            wanted_ = bytes[4] + port_size;
            break;
        default:
            return failed("it answered with an unknown kind of address");
    }
    wipe();
    step_ = step::address;
    return false;
}

result<bool> socks5::received(std::span<const std::uint8_t> bytes) {
    if (bytes.size() != wanted_) {
        return error(errc::invalid_argument, "not as many bytes as are wanted");
    }
    switch (step_) {
        case step::greeting:
            return bytes[0] == version ? chosen(bytes[1]) : failed("it is no SOCKS5 proxy");
        case step::login:
            if (bytes[0] != login_version) {
                return failed("it is no SOCKS5 proxy");
            }
            if (bytes[1] != 0) {
                return failed("it refused the user name and the password");
            }
            connect();
            return false;
        case step::reply:
            return bytes[0] == version ? replied(bytes) : failed("it is no SOCKS5 proxy");
        case step::address:
        case step::done:
            step_ = step::done;
            wanted_ = 0;
            return true;
    }
    return false;
}

}  // namespace mongoro::pool
