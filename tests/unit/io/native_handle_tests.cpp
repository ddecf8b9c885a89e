#include "io_support.hpp"

#include <mongoro/sync_wait.hpp>

#include <poll.h>

#include <atomic>
#include <stdexcept>
#include <thread>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::task;
using mode = mongoro::io::stream::receive_mode;

namespace {

/// Polls only when the handle asks for it, until `done()`; false: it fell silent first.
template <typename Done>
bool poll_when_readable(reactor& r, int fd, Done done) {
    while (!done()) {
        pollfd p{fd, POLLIN, 0};
        if (::poll(&p, 1, 5'000) != 1) {
            return false;
        }
        r.poll();
    }
    return true;
}

bool readable(int fd, int milliseconds) {
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, milliseconds) == 1;
}

}  // namespace

TEST_CASE("a foreign loop that polls only the native handle gets timers, sockets and posts") {
    on_each_backend([](reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        const int fd = r.native_handle();
        CHECK(r.native_handle() == fd);
        std::array<std::uint8_t, 16> in{};
        recorder received;
        s->receive(in, mode::some, received);
        mongoro::io::timer t;
        recorder rang;
        const auto start = std::chrono::steady_clock::now();
        t.arm(r.core(), start + 30ms, rang);
        std::atomic<bool> posted{false};

        std::thread other([&] {
            std::this_thread::sleep_for(10ms);
            r.post([&] { posted = true; });
            std::this_thread::sleep_for(10ms);
            pair.write("hello");
        });
        while ((!posted || received.calls == 0 || rang.calls == 0) &&
               std::chrono::steady_clock::now() < start + 20s) {
            REQUIRE(readable(fd, 20'000));
            r.poll();
        }
        other.join();
        CHECK(posted);
        CHECK(received.result == 5);
        CHECK(rang.calls == 1);
        CHECK(std::chrono::steady_clock::now() - start >= 30ms);

        // An idle reactor leaves the handle quiet, or the foreign loop would spin. The kernel may
        // put one last signal off.
        int spurious = 0;
        while (spurious < 5 && readable(fd, 20)) {
            r.poll();
            ++spurious;
        }
        CHECK(spurious < 5);
        // What is started outside of poll() makes it readable.
        recorder again;
        s->receive(in, mode::some, again);
        CHECK(readable(fd, 20'000));
        r.poll();
        CHECK(again.calls == 0);
        pair.write("x");
        CHECK(readable(fd, 20'000));
        r.poll();
        CHECK(again.result == 1);
    });
}

TEST_CASE("a timer behind one that was disarmed still makes the handle readable") {
    on_each_backend([](reactor& r) {
        const int fd = r.native_handle();
        const auto start = std::chrono::steady_clock::now();
        mongoro::io::timer first;
        mongoro::io::timer second;
        recorder never;
        recorder rang;
        first.arm(r.core(), start + 10ms, never);
        second.arm(r.core(), start + 30ms, rang);
        r.poll();
        first.disarm();
        CHECK(poll_when_readable(r, fd, [&] { return rang.calls == 1; }));
        CHECK(never.calls == 0);
    });
}

TEST_CASE("posts of another thread never leave the handle silent") {
    on_each_backend([](reactor& r) {
        const int fd = r.native_handle();
        constexpr int count = 20'000;
        int ran = 0;
        std::thread other([&] {
            for (int i = 0; i < count; ++i) {
                r.post([&] { ++ran; });
            }
        });
        CHECK(poll_when_readable(r, fd, [&] { return ran == count; }));
        other.join();
    });
}

TEST_CASE("an exception that leaves poll() leaves the handle readable for what is left") {
    on_each_backend([](reactor& r) {
        const int fd = r.native_handle();
        int ran = 0;
        r.post([&] {
            std::thread([&] { r.post([&] { ++ran; }); }).join();
            throw std::runtime_error("one");
        });
        CHECK_THROWS_WITH_AS(r.poll(), "one", std::runtime_error);
        CHECK(poll_when_readable(r, fd, [&] { return ran == 1; }));
        r.post([] { throw std::runtime_error("two"); });
        r.post([] { throw std::runtime_error("three"); });
        CHECK_THROWS_WITH_AS(r.poll(), "two", std::runtime_error);
        REQUIRE(readable(fd, 5'000));
        CHECK_THROWS_WITH_AS(r.poll(), "three", std::runtime_error);
    });
}

TEST_CASE("a timer that was there before the handle shows on it") {
    on_each_backend([](reactor& r) {
        mongoro::io::timer t;
        recorder rang;
        t.arm(r.core(), std::chrono::steady_clock::now() + 10ms, rang);
        const int fd = r.native_handle();
        CHECK(poll_when_readable(r, fd, [&] { return rang.calls == 1; }));
    });
}

TEST_CASE("what run() and sync_wait leave behind shows on the handle") {
    on_each_backend([](reactor& r) {
        const int fd = r.native_handle();
        mongoro::io::timer t;
        recorder rang;
        int ran = 0;
        const auto starts_timer = [&]() -> task<void> {
            t.arm(r.core(), std::chrono::steady_clock::now() + 10ms, rang);
            co_return;
        };
        sync_wait(r, starts_timer());
        CHECK(poll_when_readable(r, fd, [&] { return rang.calls == 1; }));
        r.post([&] {
            r.post([&] { ++ran; });
            r.stop();
        });
        r.run();
        CHECK(poll_when_readable(r, fd, [&] { return ran == 1; }));
        r.post([&] {
            r.post([&] { ++ran; });
            throw std::runtime_error("left");
        });
        CHECK_THROWS_AS(r.run(), std::runtime_error);
        CHECK(poll_when_readable(r, fd, [&] { return ran == 2; }));
    });
}
