#include "io_support.hpp"

#include <mongoro/sleep_for.hpp>
#include <mongoro/sync_wait.hpp>

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::errc;
using mongoro::reactor;
using mongoro::reactor_backend;
using mongoro::sync_wait;
using mongoro::task;
using mode = mongoro::io::stream::receive_mode;

namespace {

template <typename F>
errc code_of(F f) {
    try {
        f();
    } catch (const mongoro::exception& e) {
        return static_cast<errc>(e.code().value());
    }
    return {};
}

/// A variable of the environment for the length of a test.
struct environment {
    environment(const char* n, const char* value) : name(n) {
        if (const char* before = std::getenv(n)) {
            old = before;
        }
        ::setenv(n, value, 1);
    }
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;
    ~environment() {
        if (old) {
            ::setenv(name, old->c_str(), 1);
        } else {
            ::unsetenv(name);
        }
    }
    const char* name;
    std::optional<std::string> old;
};

/// The rings, or epoll sets, of this process.
std::set<int> waiting_descriptors(reactor_backend kind) {
    const std::string wanted = kind == reactor_backend::io_uring ? "[io_uring]" : "[eventpoll]";
    std::set<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.ends_with(wanted)) {
            found.insert(std::stoi(entry.path().filename()));
        }
    }
    return found;
}

/// What a program closes that takes one of the reactor's descriptors for one of its own. With
/// `other`, its number is another one's afterwards.
void close_descriptor_of(const reactor& r, const std::set<int>& before, bool other) {
    std::set<int> now = waiting_descriptors(r.backend());
    for (const int fd : before) {
        now.erase(fd);
    }
    REQUIRE(now.size() == 1);
    ::close(*now.begin());
    if (other) {
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null != *now.begin()) {
            REQUIRE(::dup2(null, *now.begin()) == *now.begin());
            ::close(null);
        }
    }
}

}  // namespace

TEST_CASE("run() returns at once when nothing is outstanding") {
    on_each_backend([](reactor& r) {
        r.run();
        CHECK(r.poll() == 0);
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("posted functions run in order, those posted meanwhile too") {
    on_each_backend([](reactor& r) {
        std::vector<int> seen;
        r.post([&] {
            seen.push_back(1);
            r.post([&] { seen.push_back(3); });
        });
        r.post([&] { seen.push_back(2); });
        r.run();
        CHECK(seen == std::vector{1, 2, 3});
    });
}

TEST_CASE("an exception of a posted function leaves run() and poll(), and the rest still runs") {
    on_each_backend([](reactor& r) {
        int ran = 0;
        r.post([] { throw std::runtime_error("one"); });
        r.post([&] { ++ran; });
        r.post([] { throw std::runtime_error("two"); });
        CHECK_THROWS_WITH_AS(r.run(), "one", std::runtime_error);
        CHECK_THROWS_WITH_AS(r.poll(), "two", std::runtime_error);
        CHECK(ran == 1);
        r.post([&] { ++ran; });
        r.run();
        CHECK(ran == 2);
    });
}

TEST_CASE("run() and poll() from inside are errors") {
    on_each_backend([](reactor& r) {
        errc of_run{};
        errc of_poll{};
        r.post([&] {
            of_run = code_of([&] { r.run(); });
            of_poll = code_of([&] { r.poll(); });
        });
        r.run();
        CHECK(of_run == errc::inside_reactor);
        CHECK(of_poll == errc::inside_reactor);
    });
}

TEST_CASE("on a thread that is not the reactor's run(), poll() and native_handle() are errors") {
    on_each_backend([](reactor& r) {
        r.poll();
        CHECK(r.in_reactor_thread());
        std::array<errc, 4> codes{};
        bool here = true;
        std::thread([&] {
            here = r.in_reactor_thread();
            codes[0] = code_of([&] { r.run(); });
            codes[1] = code_of([&] { r.poll(); });
            codes[2] = code_of([&] { static_cast<void>(r.native_handle()); });
            codes[3] = code_of([&] { sync_wait(r, mongoro::sleep_for(1ms)); });
        }).join();
        CHECK_FALSE(here);
        for (const errc code : codes) {
            CHECK(code == errc::wrong_thread);
        }
        r.run();
    });
}

TEST_CASE("a thread that comes after the reactor's has ended is not taken for it") {
    on_each_backend([](reactor& r) {
        std::thread([&] { r.poll(); }).join();
        std::array<errc, 2> codes{};
        bool here = true;
        // The system likes to give it the memory of the one before.
        std::thread([&] {
            here = r.in_reactor_thread();
            codes[0] = code_of([&] { r.poll(); });
            codes[1] = code_of([&] { static_cast<void>(r.native_handle()); });
        }).join();
        CHECK_FALSE(here);
        CHECK(codes[0] == errc::wrong_thread);
        CHECK(codes[1] == errc::wrong_thread);
    });
}

TEST_CASE("stop() before run() makes it return at once, and only once") {
    on_each_backend([](reactor& r) {
        int ran = 0;
        r.post([&] { ++ran; });
        r.stop();
        r.run();
        CHECK(ran == 0);
        r.run();
        CHECK(ran == 1);
    });
}

TEST_CASE("other threads post to a reactor that sleeps, and stop it") {
    on_each_backend([](reactor& r) {
        constexpr int threads = 4;
        constexpr int each = 500;
        int total = 0;  // only the reactor's thread writes it
        std::vector<std::thread> posters;
        for (int t = 0; t < threads; ++t) {
            posters.emplace_back([&r, &total] {
                for (int i = 0; i < each; ++i) {
                    r.post([&r, &total] {
                        if (++total == threads * each) {
                            r.post([&r] { std::thread([&r] { r.stop(); }).join(); });
                        }
                    });
                    if (i % 100 == 0) {
                        std::this_thread::sleep_for(1ms);
                    }
                }
            });
        }
        const auto work = [&]() -> task<void> { co_await mongoro::sleep_for(1h); };
        CHECK(code_of([&] { sync_wait(r, work()); }) == errc::reactor_stopped);
        for (auto& t : posters) {
            t.join();
        }
        CHECK(total == threads * each);
    });
}

TEST_CASE("functions that are still queued when the reactor goes are destroyed unrun") {
    on_each_backend([](reactor& other) {
        auto held = std::make_shared<int>(1);
        {
            reactor r({.backend = other.backend()});
            r.post([held] { ++*held; });
            CHECK(held.use_count() == 2);
        }
        CHECK(held.use_count() == 1);
        CHECK(*held == 1);
    });
}

TEST_CASE("signal handlers interrupt nothing, and may stop the reactor") {
    on_each_backend([](reactor& r) {
        static reactor* target = nullptr;
        static std::atomic<int> signals{0};
        target = &r;
        signals = 0;
        struct sigaction action {};
        struct sigaction before {};
        action.sa_handler = [](int) {
            if (++signals == 5) {
                target->stop();
            }
        };
        REQUIRE(::sigaction(SIGALRM, &action, &before) == 0);
        itimerval every{};
        every.it_interval.tv_usec = every.it_value.tv_usec = 2000;
        REQUIRE(::setitimer(ITIMER_REAL, &every, nullptr) == 0);
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        std::array<std::uint8_t, 16> in{};
        recorder received;
        s->receive(in, mode::some, received);
        r.run();  // until the fifth signal
        every = {};
        ::setitimer(ITIMER_REAL, &every, nullptr);
        ::sigaction(SIGALRM, &before, nullptr);
        CHECK(signals >= 5);
        CHECK(received.calls == 0);
        pair.write("ok");
        r.run();
        CHECK(received.result == 2);
    });
}

TEST_CASE("the environment forces a backend, and a bad name is an error") {
    {
        const environment e("MONGORO_BACKEND", "epoll");
        CHECK(reactor().backend() == reactor_backend::epoll);
    }
    {
        const environment e("MONGORO_BACKEND", "select");
        CHECK(code_of([] { reactor r; }) == errc::invalid_argument);
        CHECK(reactor({.backend = reactor_backend::epoll}).backend() == reactor_backend::epoll);
    }
}

TEST_CASE("the reactor says once that io_uring was refused, and not otherwise") {
    int lines = 0;
    const environment e("MONGORO_BACKEND", "");
    reactor r({.log = [](void* data, std::string_view) { ++*static_cast<int*>(data); },
               .log_data = &lines});
    CHECK(lines == (r.backend() == reactor_backend::epoll ? 1 : 0));
}

TEST_CASE("more operations than the submission queue holds are all submitted") {
    for (const auto kind : mongoro::test::backends()) {
        const auto made = mongoro::test::make_reactor({.backend = kind, .entries = 4});
        if (!made) {
            continue;
        }
        auto& r = *made;
        constexpr std::size_t count = 50;
        std::vector<std::unique_ptr<socket_pair>> pairs;
        std::vector<mongoro::io::stream_ptr> streams;
        std::vector<recorder> done(count);
        std::vector<std::array<std::uint8_t, 8>> in(count);
        const std::array out{part("x")};
        for (std::size_t i = 0; i < count; ++i) {
            pairs.push_back(std::make_unique<socket_pair>());
            streams.push_back(stream::make(r.core(), pairs[i]->release_ours()));
            pairs[i]->write("y");
        }
        r.post([&] {
            for (std::size_t i = 0; i < count; ++i) {
                streams[i]->exchange(out, in[i], done[i]);
            }
        });
        r.run();
        for (const auto& d : done) {
            CHECK(d.result == 1);
        }
    }
}

TEST_CASE("a reactor that goes first closes its sockets and calls nobody") {
    on_each_backend([](reactor& other) {
        socket_pair pair;
        recorder received;
        recorder rang;
        std::array<std::uint8_t, 16> in{};
        mongoro::io::timer t;
        mongoro::io::stream_ptr s;
        {
            reactor r({.backend = other.backend()});
            s = stream::make(r.core(), pair.release_ours());
            s->receive(in, mode::some, received);
            t.arm(r.core(), std::chrono::steady_clock::now() + 1h, rang);
            r.poll();
            CHECK(r.in_flight() == 1);
        }
        CHECK(received.calls == 0);
        CHECK(rang.calls == 0);
        CHECK_FALSE(t.armed());
        CHECK(pair.read().empty());  // the end of the stream
        CHECK(s->idle());
        s->receive(in, mode::some, received);  // does nothing
        s.reset();
    });
}

TEST_CASE("a reactor may be destroyed on another thread after its own has ended") {
    on_each_backend([](reactor& other) {
        socket_pair pair;
        std::array<std::uint8_t, 16> in{};
        recorder received;
        mongoro::io::stream_ptr s;
        auto r = std::make_unique<reactor>(mongoro::reactor_options{.backend = other.backend()});
        std::thread([&] {
            s = stream::make(r->core(), pair.release_ours());
            s->receive(in, mode::some, received);
            r->poll();
        }).join();
        r.reset();
        CHECK(received.calls == 0);
        CHECK(pair.read().empty());
    });
}

TEST_CASE("streams and their reactor may go on another thread, whatever the queue holds") {
    for (const auto kind : mongoro::test::backends()) {
        auto made = reactor::create({.backend = kind, .entries = 4});
        if (!made) {
            continue;
        }
        auto r = std::move(*made);
        constexpr std::size_t count = 20;
        std::vector<std::unique_ptr<socket_pair>> pairs;
        std::vector<mongoro::io::stream_ptr> streams;
        std::vector<recorder> received(count);
        std::vector<std::array<std::uint8_t, 8>> in(count);
        for (std::size_t i = 0; i < count; ++i) {
            pairs.push_back(std::make_unique<socket_pair>());
        }
        std::thread([&] {
            for (std::size_t i = 0; i < count; ++i) {
                streams.push_back(stream::make(r->core(), pairs[i]->release_ours()));
            }
            r->post([&] {
                for (std::size_t i = 0; i < count; ++i) {
                    streams[i]->receive(in[i], mode::some, received[i]);
                }
            });
            r->poll();
        }).join();
        streams.clear();
        r.reset();
        for (std::size_t i = 0; i < count; ++i) {
            CHECK(received[i].calls == 0);
            CHECK(pairs[i]->read().empty());
        }
    }
}

TEST_CASE("starting more than the queue holds binds the reactor to the thread that does it") {
    auto made = reactor::create({.backend = reactor_backend::io_uring, .entries = 4});
    if (!made) {
        MESSAGE("skipped: " << made.error().to_string());
        return;
    }
    auto& r = **made;
    socket_pair pair;
    std::vector<mongoro::io::stream_ptr> streams;
    std::vector<recorder> received(8);
    std::array<std::uint8_t, 8> in{};
    for (recorder& one : received) {
        streams.push_back(stream::make(r.core(), ::dup(pair.ours)));
        streams.back()->receive(in, mode::some, one);
    }
    CHECK(r.in_reactor_thread());
    errc code{};
    std::thread([&] { code = code_of([&] { r.poll(); }); }).join();
    CHECK(code == errc::wrong_thread);
    r.poll();
    CHECK(r.in_flight() == 8);
}

TEST_CASE("a stop() in a turn after which run() returns anyway does nothing to the next one") {
    on_each_backend([](reactor& r) {
        int ran = 0;
        r.post([&] { r.stop(); });
        r.run();
        r.post([&] { ++ran; });
        r.run();
        CHECK(ran == 1);
    });
}

TEST_CASE("a stop() that a value of sync_wait, or an exception, hides is left for the next run()") {
    on_each_backend([](reactor& r) {
        int ran = 0;
        const auto stops = [&]() -> task<int> {
            r.stop();
            co_return 5;
        };
        CHECK(sync_wait(r, stops()) == 5);
        r.post([&] { ++ran; });
        r.run();
        CHECK(ran == 0);
        r.run();
        CHECK(ran == 1);
        r.post([&] {
            r.stop();
            throw std::runtime_error("left");
        });
        CHECK_THROWS_WITH_AS(r.run(), "left", std::runtime_error);
        r.post([&] { ++ran; });
        r.run();
        CHECK(ran == 1);
        r.run();
        CHECK(ran == 2);
    });
}

TEST_CASE("a stop() of another thread that comes as run() ends is seen, or there for the next") {
    on_each_backend([](reactor& r) {
        const auto sleeps = []() -> task<void> { co_await mongoro::sleep_for(10s); };
        int lost = 0;
        for (int i = 0; i < 300 && lost == 0; ++i) {
            std::atomic<bool> wanted{false};
            std::thread other([&] {
                wanted.store(true, std::memory_order_relaxed);
                r.stop();
            });
            while (!wanted.load(std::memory_order_relaxed)) {
                r.run();  // it has nothing to do, and may take the stop
                if (!wanted.load(std::memory_order_relaxed)) {
                    const errc ended = code_of([&] { sync_wait(r, sleeps()); });
                    lost += ended == errc::reactor_stopped ? 0 : 1;
                }
            }
            other.join();
            r.run();  // takes it if it came later
        }
        CHECK(lost == 0);
    });
}

TEST_CASE("a reactor whose descriptor the program has closed says so, and does not spin") {
    for (const auto kind : mongoro::test::backends()) {
        for (const bool other : {false, true}) {
            const auto before = waiting_descriptors(kind);
            const auto r = mongoro::test::make_reactor({.backend = kind});
            if (!r) {
                continue;
            }
            CAPTURE(other);
            int ran = 0;
            r->post([&] { ++ran; });
            r->run();
            close_descriptor_of(*r, before, other);
            const auto sleeps = []() -> task<void> { co_await mongoro::sleep_for(60s); };
            try {
                sync_wait(*r, sleeps());
                FAIL("it slept");
            } catch (const mongoro::exception& e) {
                CHECK(e.error() == errc::reactor_stopped);
                REQUIRE(e.error().cause() != nullptr);
                CHECK(e.error().cause()->code().category() == std::system_category());
            }
            r->post([&] { ++ran; });
            CHECK(code_of([&] { r->poll(); }) == errc::reactor_stopped);
            CHECK(ran == 2);
            mongoro::io::timer t;
            mongoro::io::completion nothing{[](mongoro::io::completion&, int) noexcept {}};
            t.arm(r->core(), std::chrono::steady_clock::now() + 60s, nothing);
            CHECK(code_of([&] { r->run(); }) == errc::reactor_stopped);
        }
    }
}
