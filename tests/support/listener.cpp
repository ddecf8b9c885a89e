#include "listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace mongoro::test {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void raise_event(int fd) {
    const std::uint64_t one = 1;
    if (::write(fd, &one, sizeof one) < 0) {
        fail("eventfd write");
    }
}

template <typename Address>
void bind_to(int fd, const Address& address) {
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        fail("bind");
    }
}

template <typename Address>
Address bound_address(int fd) {
    Address address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) < 0) {
        fail("getsockname");
    }
    return address;
}

int make_socket(int family) {
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fail("socket");
    }
    return fd;
}

}  // namespace

peer_socket::~peer_socket() {
    close();
}

bool peer_socket::wait_for(short events) {
    for (;;) {
        pollfd fds[2] = {{fd_, events, 0}, {stop_fd_, POLLIN, 0}};
        if (::poll(fds, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        if (fds[1].revents != 0) {
            return false;
        }
        return true;
    }
}

ssize_t peer_socket::read_raw(std::span<std::uint8_t> into) {
    return wait_for(POLLIN) ? ::recv(fd_, into.data(), into.size(), 0) : -1;
}

ssize_t peer_socket::read_some(std::span<std::uint8_t> into) {
    return layer_ ? layer_->read(*this, into) : read_raw(into);
}

bool peer_socket::read_exactly(std::size_t size, std::vector<std::uint8_t>& into) {
    std::uint8_t chunk[16 * 1024];
    while (size != 0) {
        const ssize_t got = read_some(std::span(chunk).first(std::min(size, sizeof chunk)));
        if (got <= 0) {
            return false;
        }
        into.insert(into.end(), chunk, chunk + got);
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

bool peer_socket::read_message(std::vector<std::uint8_t>& into) {
    const std::size_t start = into.size();
    if (!read_exactly(16, into)) {
        return false;
    }
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        length |= static_cast<std::uint32_t>(into[start + i]) << (8 * i);
    }
    return length >= 16 && length <= 64'000'000 && read_exactly(length - 16, into);
}

void peer_socket::read_to_end(std::vector<std::uint8_t>& into) {
    std::uint8_t chunk[16 * 1024];
    for (;;) {
        const ssize_t got = read_some(chunk);
        if (got <= 0) {
            return;
        }
        into.insert(into.end(), chunk, chunk + got);
    }
}

bool peer_socket::write(std::span<const std::uint8_t> bytes) {
    return layer_ ? layer_->write(*this, bytes) : write_raw(bytes);
}

bool peer_socket::write_raw(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
        if (!wait_for(POLLOUT)) {
            return false;
        }
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                continue;
            }
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

bool peer_socket::wait(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            return true;
        }
        pollfd stop{stop_fd_, POLLIN, 0};
        if (::poll(&stop, 1, static_cast<int>(left.count())) > 0) {
            return false;
        }
    }
}

void peer_socket::hang() {
    pollfd stop{stop_fd_, POLLIN, 0};
    while (::poll(&stop, 1, -1) < 0 && errno == EINTR) {
    }
}

void peer_socket::shut_down_writing() noexcept {
    ::shutdown(fd_, SHUT_WR);
}

void peer_socket::close() noexcept {
    if (fd_ >= 0) {
        if (const auto layer = std::move(layer_)) {
            layer->end(*this);
        }
        ::close(fd_);
        fd_ = -1;
    }
}

void peer_socket::reset() noexcept {
    if (fd_ >= 0) {
        layer_.reset();
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
}

reserved_port::reserved_port() : fd_(make_socket(AF_INET)) {
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind_to(fd_, address);
    number_ = ntohs(bound_address<sockaddr_in>(fd_).sin_port);
}

reserved_port::~reserved_port() {
    ::close(fd_);
}

listener::listener(listen_at where, serve_function serve, std::uint16_t port)
    : serve_(std::move(serve)),
      stop_fd_(::eventfd(0, EFD_CLOEXEC)),
      stop_accept_fd_(::eventfd(0, EFD_CLOEXEC)) {
    switch (where) {
        case listen_at::ipv4: {
            fd_ = make_socket(AF_INET);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(port);
            if (port != 0) {
                // Connections of the one that was here before may linger.
                const int on = 1;
                ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            }
            bind_to(fd_, address);
            host_ = "127.0.0.1";
            port_ = ntohs(bound_address<sockaddr_in>(fd_).sin_port);
            break;
        }
        case listen_at::ipv6: {
            fd_ = make_socket(AF_INET6);
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            address.sin6_addr = in6addr_loopback;
            bind_to(fd_, address);
            host_ = "::1";
            port_ = ntohs(bound_address<sockaddr_in6>(fd_).sin6_port);
            break;
        }
        case listen_at::unix_socket: {
            char folder[] = "/tmp/mongoro-test-XXXXXX";
            if (::mkdtemp(folder) == nullptr) {
                fail("mkdtemp");
            }
            folder_ = folder;
            host_ = folder_ + "/peer.sock";
            fd_ = make_socket(AF_UNIX);
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            std::memcpy(address.sun_path, host_.c_str(), host_.size() + 1);
            bind_to(fd_, address);
            break;
        }
    }
    if (stop_fd_ < 0 || stop_accept_fd_ < 0) {
        fail("eventfd");
    }
    if (::listen(fd_, 512) < 0) {
        fail("listen");
    }
    accepting_ = std::thread([this] { accept_loop(); });
}

listener::~listener() {
    raise_event(stop_fd_);
    stop_accepting();
    for (auto& connection : connections_) {
        connection.join();
    }
    ::close(stop_fd_);
    ::close(stop_accept_fd_);
    if (!folder_.empty()) {
        ::unlink(host_.c_str());
        ::rmdir(folder_.c_str());
    }
}

void listener::stop_accepting() {
    if (accepting_.joinable()) {
        raise_event(stop_accept_fd_);
        accepting_.join();
        ::close(fd_);
        fd_ = -1;
    }
}

void listener::accept_loop() {
    for (;;) {
        pollfd fds[2] = {{fd_, POLLIN, 0}, {stop_accept_fd_, POLLIN, 0}};
        if (::poll(fds, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return;
        }
        if (fds[1].revents != 0) {
            return;
        }
        const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        // A reply in pieces must go out as the script says, not as Nagle's algorithm likes.
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::size_t index = accepted_++;
        const std::lock_guard lock(mutex_);
        connections_.emplace_back([this, fd, index] {
            peer_socket socket(fd, stop_fd_);
            serve_(socket, index);
        });
    }
}

std::string listener::host_and_port() const {
    if (port_ == 0) {
        std::string encoded;
        for (const char c : host_) {
            if (c == '/') {
                encoded += "%2F";
            } else {
                encoded += c;
            }
        }
        return encoded;
    }
    const bool v6 = host_.find(':') != std::string::npos;
    return (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

std::string listener::uri() const {
    return "mongodb://" + host_and_port() + "/";
}

std::string listener::refused_uri() {
    listener gone(listen_at::ipv4, [](peer_socket&, std::size_t) {});
    return gone.uri();
}

}  // namespace mongoro::test
