#include "socks5_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

namespace mongoro::test {

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t no_login = 0;
constexpr std::uint8_t with_login = 2;

std::string text_of(const bytes& b, std::size_t from) {
    return {b.begin() + static_cast<std::ptrdiff_t>(from), b.end()};
}

/// A byte that says how many follow, and these.
bool read_counted(peer_socket& from, std::string& text) {
    bytes size;
    bytes data;
    if (!from.read_exactly(1, size) || !from.read_exactly(size[0], data)) {
        return false;
    }
    text = text_of(data, 0);
    return true;
}

/// Some bytes; false at their end.
bool relay(peer_socket& from, peer_socket& to) {
    std::array<std::uint8_t, 16384> some{};
    const auto n = from.read_raw(some);
    return n > 0 && to.write_raw(std::span(some).first(static_cast<std::size_t>(n)));
}

}  // namespace

socks5_peer::socks5_peer(std::optional<login> needed)
    : needed_(std::move(needed)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      listener_(listen_at::ipv4, [this](peer_socket& client, std::size_t) { serve(client); }) {}

socks5_peer::~socks5_peer() {
    // A relay may wait for its target; the descriptor stays until the threads are joined.
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stop_, &one, sizeof one));
}

void socks5_peer::map(std::string host_and_port, std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    mapped_[std::move(host_and_port)] = port;
}

void socks5_peer::refuse_with(std::uint8_t code) {
    const std::lock_guard lock(mutex_);
    refusal_ = code;
}

std::vector<std::string> socks5_peer::targets() const {
    const std::lock_guard lock(mutex_);
    return targets_;
}

std::vector<std::vector<std::uint8_t>> socks5_peer::offered() const {
    const std::lock_guard lock(mutex_);
    return offered_;
}

bool socks5_peer::greet(peer_socket& client) {
    bytes head;
    std::string methods;
    if (!client.read_exactly(1, head) || head[0] != 5 || !read_counted(client, methods)) {
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        offered_.emplace_back(methods.begin(), methods.end());
    }
    const std::uint8_t wanted = needed_ ? with_login : no_login;
    const bool offered = methods.find(static_cast<char>(wanted)) != std::string::npos;
    client.write(bytes{5, offered ? wanted : std::uint8_t{0xFF}});
    return offered && (!needed_ || check_login(client));
}

bool socks5_peer::check_login(peer_socket& client) {
    bytes version;
    login given;
    if (!client.read_exactly(1, version) || version[0] != 1 || !read_counted(client, given.first) ||
        !read_counted(client, given.second)) {
        return false;
    }
    const bool right = given == *needed_;
    client.write(bytes{1, right ? std::uint8_t{0} : std::uint8_t{1}});
    return right;
}

std::uint16_t socks5_peer::request(peer_socket& client) {
    bytes head;
    if (!client.read_exactly(4, head) || head[0] != 5 || head[1] != 1) {
        return 0;
    }
    std::string kind = "name ";
    std::string host;
    if (head[3] == 3) {
        if (!read_counted(client, host)) {
            return 0;
        }
    } else {
        const bool v4 = head[3] == 1;
        bytes address;
        if (!client.read_exactly(v4 ? 4 : 16, address)) {
            return 0;
        }
        std::array<char, INET6_ADDRSTRLEN> text{};
        ::inet_ntop(v4 ? AF_INET : AF_INET6, address.data(), text.data(), text.size());
        kind = v4 ? "ipv4 " : "ipv6 ";
        host = text.data();
    }
    bytes port;
    if (!client.read_exactly(2, port)) {
        return 0;
    }
    host += ':' + std::to_string(port[0] << 8U | port[1]);
    const std::lock_guard lock(mutex_);
    targets_.push_back(kind + host);
    const auto at = mapped_.find(host);
    constexpr std::uint8_t unreachable = 4;
    const std::uint8_t code = refusal_ != 0 ? refusal_ : at == mapped_.end() ? unreachable : 0;
    // The address that it connects from, as a name: clients must read it whatever it is.
    bytes reply{5, code, 0, 3, 5, 'p', 'r', 'o', 'x', 'y', 0, 9};
    client.write(reply);
    return code == 0 ? at->second : 0;
}

void socks5_peer::serve(peer_socket& client) {
    if (!greet(client)) {
        return;
    }
    const auto port = request(client);
    if (port == 0) {
        return;
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    peer_socket target(fd, stop_);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
        return;
    }
    for (bool goes_on = true; goes_on;) {
        std::array<pollfd, 3> all{pollfd{client.fd(), POLLIN, 0}, pollfd{fd, POLLIN, 0},
                                  pollfd{stop_, POLLIN, 0}};
        goes_on = ::poll(all.data(), all.size(), -1) > 0 && all[2].revents == 0 &&
                  (all[0].revents == 0 || relay(client, target)) &&
                  (all[1].revents == 0 || relay(target, client));
    }
}

}  // namespace mongoro::test
