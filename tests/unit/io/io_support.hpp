#pragma once

#include "backends.hpp"

#include "io/completion.hpp"
#include "io/reactor_core.hpp"
#include "io/stream.hpp"

#include <mongoro/reactor.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace io_test {

using mongoro::io::completion;
using mongoro::io::stream;

/// Runs `body(reactor&)` on each backend of the row, but a refused one.
template <typename Body>
void on_each_backend(Body body) {
    for (const auto kind : mongoro::test::backends()) {
        const auto made = mongoro::test::make_reactor({.backend = kind});
        if (!made) {
            continue;
        }
        const std::string name = kind == mongoro::reactor_backend::io_uring ? "io_uring" : "epoll";
        CAPTURE(name);
        body(*made);
    }
}

/// A completion that remembers what it was told.
struct recorder : completion {
    recorder() noexcept {
        fn = [](completion& c, int r) noexcept {
            auto& self = static_cast<recorder&>(c);
            self.result = r;
            ++self.calls;
        };
    }
    int result = -1;
    int calls = 0;
};

/// A pair of connected sockets: one for a stream, one for the test.
struct socket_pair {
    explicit socket_pair(int type = SOCK_STREAM) {
        std::array<int, 2> fds{};
        REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds.data()) == 0);
        ours = fds[0];
        theirs = fds[1];
    }
    socket_pair(const socket_pair&) = delete;
    socket_pair& operator=(const socket_pair&) = delete;
    ~socket_pair() {
        close_ours();
        close_theirs();
    }
    /// For a stream: it owns the descriptor.
    int release_ours() { return std::exchange(ours, -1); }
    void close_ours() {
        if (ours >= 0) {
            ::close(std::exchange(ours, -1));
        }
    }
    void close_theirs() {
        if (theirs >= 0) {
            ::close(std::exchange(theirs, -1));
        }
    }
    void write(std::string_view text) const {
        REQUIRE(::write(theirs, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] std::string read(std::size_t most = 65536) const {
        std::string text(most, '\0');
        const auto n = ::read(theirs, text.data(), most);
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }
    int ours = -1;
    int theirs = -1;
};

inline iovec part(std::string_view text) {
    return {const_cast<char*>(text.data()), text.size()};
}

/// Polls until `done()`; a reactor that makes no progress fails the test instead of hanging it.
template <typename Done>
bool poll_until(mongoro::reactor& r, Done done) {
    for (int i = 0; i < 5000; ++i) {
        if (done()) {
            return true;
        }
        r.poll();
        ::usleep(done() ? 0 : 200);
    }
    return done();
}

}  // namespace io_test
