#include "io_support.hpp"

#include "io/connect.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::deadline;
using mongoro::errc;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::io::address;

namespace {

/// A listening socket on a free port of the loopback address, or on a path.
struct listener {
    explicit listener(int family, int backlog = 8) {
        fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_storage to{};
        socklen_t size = sizeof to;
        if (family == AF_UNIX) {
            auto& un = reinterpret_cast<sockaddr_un&>(to);
            un.sun_family = AF_UNIX;
            path = "/tmp/mongoro-io-test-" + std::to_string(::getpid()) + ".sock";
            ::unlink(path.c_str());
            std::memcpy(un.sun_path, path.c_str(), path.size());
            size = sizeof un;
        } else if (family == AF_INET) {
            auto& v4 = reinterpret_cast<sockaddr_in&>(to);
            v4.sin_family = AF_INET;
            v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            size = sizeof v4;
        } else {
            auto& v6 = reinterpret_cast<sockaddr_in6&>(to);
            v6.sin6_family = AF_INET6;
            v6.sin6_addr = in6addr_loopback;
            size = sizeof v6;
        }
        usable = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&to), size) == 0 &&
                 ::listen(fd, backlog) == 0;
        size = sizeof to;
        if (usable && family != AF_UNIX) {
            REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&to), &size) == 0);
            port = ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in&>(to).sin_port
                                           : reinterpret_cast<sockaddr_in6&>(to).sin6_port);
        }
    }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener() {
        close();
        if (!path.empty()) {
            ::unlink(path.c_str());
        }
    }
    void close() {
        if (fd >= 0) {
            ::close(std::exchange(fd, -1));
        }
    }
    int fd = -1;
    bool usable = false;
    std::uint16_t port = 0;
    std::string path;
};

int option_of(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(fd, level, name, &value, &size) == 0);
    return value;
}

}  // namespace

TEST_CASE("an address is an IP literal or a path, and says so") {
    CHECK(address::ip("127.0.0.1", 27017)->to_string() == "127.0.0.1:27017");
    CHECK(address::ip("::1", 1)->to_string() == "[::1]:1");
    CHECK(address::ip("fe80::1%lo", 1).has_value());
    CHECK(address::unix_path("/tmp/x.sock")->to_string() == "/tmp/x.sock");
    for (const char* bad :
         {"", "localhost", "127.0.0.1.5", "[::1]", "::1%nosuchthing0", "1.2.3.4 "}) {
        CHECK(address::ip(bad, 1).error() == errc::invalid_argument);
    }
    CHECK(address::unix_path("").error() == errc::invalid_argument);
    CHECK(address::unix_path(std::string(200, 'a')).error() == errc::invalid_argument);
    CHECK(address::unix_path(std::string_view("a\0b", 3)).error() == errc::invalid_argument);
}

TEST_CASE("connecting over IPv4, IPv6 and a Unix-domain socket") {
    on_each_backend([](reactor& r) {
        for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
            listener l(family);
            if (!l.usable) {
                MESSAGE("skipped: no sockets of this family here");
                continue;
            }
            const auto to = family == AF_UNIX
                                ? address::unix_path(l.path)
                                : address::ip(family == AF_INET ? "127.0.0.1" : "::1", l.port);
            auto connected = sync_wait(r, mongoro::io::connect(r.core(), *to));
            REQUIRE(connected.has_value());
            auto& s = *connected;
            const int peer = ::accept(l.fd, nullptr, nullptr);
            REQUIRE(peer >= 0);
            if (family != AF_UNIX) {
                CHECK(option_of(s->fd(), IPPROTO_TCP, TCP_NODELAY) == 1);
                CHECK(option_of(s->fd(), SOL_SOCKET, SO_KEEPALIVE) == 1);
                CHECK(option_of(s->fd(), IPPROTO_TCP, TCP_KEEPIDLE) <= 120);
                CHECK(option_of(s->fd(), IPPROTO_TCP, TCP_KEEPINTVL) <= 10);
                CHECK(option_of(s->fd(), IPPROTO_TCP, TCP_KEEPCNT) <= 9);
            }
            REQUIRE(::write(peer, "hi", 2) == 2);
            std::array<std::uint8_t, 8> in{};
            const std::array out{part("hello")};
            recorder done;
            s->exchange(out, in, done);
            r.run();
            CHECK(done.result == 2);
            ::close(peer);
            CHECK(r.in_flight() == 0);
        }
    });
}

TEST_CASE("a peer that has sent and closed before the connection was seen is read to its end") {
    on_each_backend([](reactor& r) {
        listener l(AF_INET);
        REQUIRE(l.usable);
        const auto to = address::ip("127.0.0.1", l.port);
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REQUIRE(fd >= 0);
        auto s = stream::make(r.core(), fd);
        recorder connected;
        s->connect(to->get(), to->size(), connected);
        if (r.backend() == mongoro::reactor_backend::io_uring) {
            REQUIRE(poll_until(r, [&] { return connected.calls == 1; }));
        }
        const int peer = ::accept(l.fd, nullptr, nullptr);
        REQUIRE(peer >= 0);
        REQUIRE(::write(peer, "bye", 3) == 3);
        ::close(peer);
        REQUIRE(poll_until(r, [&] { return connected.calls == 1; }));
        CHECK(connected.result == 0);
        std::array<std::uint8_t, 16> in{};
        for (const int expected : {3, 0}) {
            recorder received;
            s->receive(in, stream::receive_mode::some, received);
            REQUIRE(poll_until(r, [&] { return received.calls == 1; }));
            CHECK(received.result == expected);
        }
    });
}

TEST_CASE("a refused connection names the address and the system's reason") {
    on_each_backend([](reactor& r) {
        listener l(AF_INET);
        const auto to = address::ip("127.0.0.1", l.port);
        l.close();
        const auto refused = sync_wait(r, mongoro::io::connect(r.core(), *to));
        CHECK(refused.error() == errc::connect_failed);
        CHECK(refused.error().to_string().find(to->to_string()) != std::string::npos);
        REQUIRE(refused.error().cause() != nullptr);
        CHECK(refused.error().cause()->code() == std::errc::connection_refused);

        const auto missing = sync_wait(
            r, mongoro::io::connect(r.core(), *address::unix_path("/tmp/mongoro-no-such.sock")));
        CHECK(missing.error() == errc::connect_failed);
        CHECK(missing.error().cause()->code() == std::errc::no_such_file_or_directory);
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("a connection that hangs ends at its time limit, its task's deadline or its stop") {
    on_each_backend([](reactor& r) {
        // A listener whose backlog is full drops what comes: the kernel answers nothing on TCP, and
        // EAGAIN on a Unix-domain socket.
        for (const int family : {AF_INET, AF_UNIX}) {
            listener l(family, 0);
            REQUIRE(l.usable);
            const auto to =
                family == AF_UNIX ? address::unix_path(l.path) : address::ip("127.0.0.1", l.port);
            std::vector<mongoro::io::stream_ptr> filling;
            mongoro::error hung;
            for (int i = 0; i < 8 && !hung; ++i) {
                auto some =
                    sync_wait(r, mongoro::io::connect(r.core(), *to, deadline::after(100ms)));
                if (some) {
                    filling.push_back(std::move(*some));
                }
                hung = some.error();
            }
            CHECK(hung == errc::connect_timed_out);
            CHECK(sync_wait(r, mongoro::with_deadline(mongoro::io::connect(r.core(), *to), 20ms))
                      .error() == errc::deadline_exceeded);
            CHECK(sync_wait(r, mongoro::with_deadline(
                                   mongoro::io::connect(r.core(), *to, deadline::after(10ms)), 1h))
                      .error() == errc::connect_timed_out);
            std::stop_source source;
            mongoro::io::timer t;
            struct stops : completion {
                std::stop_source* source;
            } stop;
            stop.source = &source;
            stop.fn = [](completion& c, int) noexcept {
                static_cast<stops&>(c).source->request_stop();
            };
            t.arm(r.core(), std::chrono::steady_clock::now() + 10ms, stop);
            CHECK(sync_wait(r, mongoro::with_stop(mongoro::io::connect(r.core(), *to),
                                                  source.get_token()))
                      .error() == errc::operation_cancelled);
            r.poll();
            CHECK(r.in_flight() == 0);
        }
    });
}

TEST_CASE("what this host has no socket for is its own failure, what another one refuses is not") {
    using mongoro::error;
    using mongoro::io::is_local_failure;
    const auto of = [](int number) {
        return error(errc::connect_failed, "connecting to 127.0.0.1:1",
                     std::error_code(number, std::system_category()));
    };
    for (const int number : {EMFILE, ENFILE, ENOBUFS, EAFNOSUPPORT}) {
        CHECK(is_local_failure(of(number)));
        CHECK(is_local_failure(error(errc::connect_failed, "tried two", of(number))));
    }
    for (const int number : {ECONNREFUSED, ENETUNREACH, ECONNRESET, ETIMEDOUT}) {
        CHECK_FALSE(is_local_failure(of(number)));
    }
    CHECK_FALSE(is_local_failure(errc::connect_failed));
    CHECK_FALSE(is_local_failure(error(errc::network_error, {}, of(EMFILE))));
}
