#include "io/connect.hpp"

#include "io/reactor_core.hpp"
#include "io/sleep.hpp"
#include "io/stream_awaiter.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace mongoro::io {

address::address(const sockaddr* a, socklen_t size) noexcept
    : size_(std::min<socklen_t>(size, sizeof storage_)) {
    std::memcpy(&storage_, a, size_);
}

result<address> address::ip(std::string_view literal, std::uint16_t port) {
    const std::string text(literal);
    if (sockaddr_in v4{}; ::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1 &&
                          text.find('\0') == std::string::npos) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    const auto percent = text.find('%');
    const std::string host = text.substr(0, percent);
    if (sockaddr_in6 v6{}; ::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1 &&
                           text.find('\0') == std::string::npos) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        if (percent != std::string::npos) {
            const std::string scope = text.substr(percent + 1);
            const auto end = scope.data() + scope.size();
            unsigned index = ::if_nametoindex(scope.c_str());
            if (index == 0 && std::from_chars(scope.data(), end, index).ptr != end) {
                index = 0;
            }
            if (index == 0) {
                return error(errc::invalid_argument, "no such network interface: " + text);
            }
            v6.sin6_scope_id = index;
        }
        return address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    }
    return error(errc::invalid_argument, "not an IP address: " + text);
}

result<address> address::unix_path(std::string_view path) {
    sockaddr_un un{};
    if (path.empty() || path.size() >= sizeof un.sun_path ||
        path.find('\0') != std::string_view::npos) {
        return error(errc::invalid_argument,
                     "not a path of a Unix-domain socket: " + std::string(path));
    }
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path.data(), path.size());
    return address(reinterpret_cast<const sockaddr*>(&un), sizeof un);
}

std::string address::to_string() const {
    std::array<char, INET6_ADDRSTRLEN + 1> text{};
    if (family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage_, sizeof v4);
        ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        return std::string(text.data()) + ':' + std::to_string(ntohs(v4.sin_port));
    }
    if (family() == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage_, sizeof v6);
        ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
        return '[' + std::string(text.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
    }
    sockaddr_un un{};
    std::memcpy(&un, &storage_, std::min<std::size_t>(size_, sizeof un));
    return un.sun_path;
}

bool has_route(const address& to) noexcept {
    const int fd = ::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    const bool known = ::connect(fd, to.get(), to.size()) == 0;
    ::close(fd);
    return known;
}

namespace {

/// Sets an option to `value` unless the system's default is already smaller.
void at_most(int fd, int option, int value) noexcept {
    int now = 0;
    socklen_t size = sizeof now;
    if (::getsockopt(fd, IPPROTO_TCP, option, &now, &size) == 0 && now > value) {
        static_cast<void>(::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value));
    }
}

void set_tcp_options(int fd) noexcept {
    const int on = 1;
    static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
    at_most(fd, TCP_KEEPIDLE, 120);
    at_most(fd, TCP_KEEPINTVL, 10);
    at_most(fd, TCP_KEEPCNT, 9);
}

error failed(errc code, const address& to, int negated_errno) {
    std::string text = "connecting to " + to.to_string();
    if (negated_errno == 0) {
        return error(code, std::move(text));
    }
    return error(code, std::move(text), std::error_code(-negated_errno, std::system_category()));
}

}  // namespace

task<result<stream_ptr>> connect(reactor_core& core, address to, deadline until) {
    detail::task_context context = co_await detail::this_context{};
    const bool ours = until < context.until;
    context.until = deadline::earlier_of(until, context.until);

    const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        co_return failed(errc::connect_failed, to, -errno);
    }
    if (to.family() != AF_UNIX) {
        set_tcp_options(fd);
    }
    stream_ptr s = stream::make(core, fd);
    s->set_background(context.background);
    for (;;) {
        error why;
        const int r = co_await waiting(
            *s, context, [&](completion& c) { s->connect(to.get(), to.size(), c); }, &why);
        if (why == errc::deadline_exceeded && ours) {
            co_return failed(errc::connect_timed_out, to, 0);
        }
        if (why) {
            co_return why;
        }
        if (r == 0) {
            co_return s;
        }
        if (r != -EAGAIN) {
            co_return failed(errc::connect_failed, to, r);
        }
        // A Unix-domain socket whose backlog is full: the system has no event for its getting
        // shorter.
        const auto soon = deadline::clock::now() + std::chrono::milliseconds(5);
        if (error e = co_await sleeping(core, context, soon)) {
            co_return e == errc::deadline_exceeded&& ours ? failed(errc::connect_timed_out, to, 0)
                                                          : e;
        }
    }
}

bool is_local_failure(const error& e) noexcept {
    constexpr std::array local{EMFILE,          ENFILE,        ENOBUFS, ENOMEM, EAFNOSUPPORT,
                               EPROTONOSUPPORT, EADDRNOTAVAIL, EACCES,  EPERM};
    if (e != errc::connect_failed) {
        return false;
    }
    // Below what says the address, or all of them.
    const auto* below = e.cause();
    while (below != nullptr && *below == errc::connect_failed) {
        below = below->cause();
    }
    return below != nullptr && below->code().category() == std::system_category() &&
           std::ranges::find(local, below->code().value()) != local.end();
}

}  // namespace mongoro::io
