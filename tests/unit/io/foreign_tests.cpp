#include "io_support.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/when_any.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <exception>
#include <stdexcept>
#include <stop_token>
#include <thread>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::errc;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::task;

namespace {

/// A coroutine of somebody else's: eager, knows nothing of reactors.
struct foreign {
    struct promise_type {
        foreign get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

foreign awaits_operation(reactor& r, std::atomic<bool>& done, bool& in_thread) {
    co_await mongoro::sleep_for(r, 1ms);
    in_thread = r.in_reactor_thread();
    done = true;
}

task<int> sleeps_twice(reactor& r) {
    co_await mongoro::sleep_for(r, 1ms);
    co_await mongoro::sleep_for(r, 1ms);
    co_return 5;
}

foreign awaits_task(reactor& r, std::atomic<int>& value) {
    value = co_await sleeps_twice(r);
}

task<int> sleeps_a_little(reactor& r) {
    co_await mongoro::sleep_for(r, 0s);
    co_return 5;
}

foreign awaits_wrapped(reactor& r, int how, std::atomic<int>& value) {
    std::stop_source source;
    if (how == 0) {
        value = co_await mongoro::with_deadline(sleeps_a_little(r), 1h);
    } else if (how == 1) {
        value = co_await mongoro::with_stop(sleeps_a_little(r), source.get_token());
    } else {
        value = std::get<0>(co_await mongoro::when_any(sleeps_a_little(r)));
    }
}

foreign without_reactor(mongoro::error& why) {
    why = (co_await mongoro::as_result(mongoro::sleep_for(1ms))).error();
}

/// A reactor that runs on a thread of its own until the end of the scope.
struct running_reactor {
    explicit running_reactor(mongoro::reactor_backend kind) : made({.backend = kind}) {
        mongoro::detail::add_work(made.core());
        thread = std::thread([this] { made.run(); });
    }
    running_reactor(const running_reactor&) = delete;
    running_reactor& operator=(const running_reactor&) = delete;
    ~running_reactor() {
        made.stop();
        thread.join();
    }
    reactor& get() { return made; }

    reactor made;
    std::thread thread;
};

}  // namespace

TEST_CASE("a foreign coroutine awaits an operation and resumes on the reactor's thread") {
    on_each_backend([](reactor& r) {
        std::atomic<bool> done{false};
        bool in_thread = false;
        awaits_operation(r, done, in_thread);
        CHECK_FALSE(done);
        r.run();
        CHECK(done);
        CHECK(in_thread);

        running_reactor other(r.backend());
        done = false;
        in_thread = false;
        awaits_operation(other.get(), done, in_thread);
        while (!done) {
            std::this_thread::yield();
        }
        CHECK(in_thread);
    });
}

TEST_CASE("a foreign coroutine awaits a task whose operations run on another thread") {
    on_each_backend([](reactor& r) {
        running_reactor other(r.backend());
        for (int i = 0; i < 20; ++i) {
            std::atomic<int> value{0};
            awaits_task(other.get(), value);
            while (value == 0) {
                std::this_thread::yield();
            }
            CHECK(value == 5);
        }
    });
}

TEST_CASE("a task that awaits another reactor's operation comes back to its own thread") {
    on_each_backend([](reactor& r) {
        running_reactor other(r.backend());
        const auto visits = [](reactor& home, reactor& away) -> task<bool> {
            bool always = true;
            for (int i = 0; i < 20; ++i) {
                co_await mongoro::sleep_for(away, 100us);
                always = always && home.in_reactor_thread();
                const auto e = co_await mongoro::as_result(mongoro::sleep_for(home, 10us));
                always = always && e.has_value() && home.in_reactor_thread();
            }
            co_return always;
        };
        CHECK(sync_wait(r, visits(r, other.get())));
    });
}

TEST_CASE("a foreign coroutine's deadline, token or choice does not lose where it goes on") {
    on_each_backend([](reactor& r) {
        running_reactor other(r.backend());
        for (int i = 0; i < 3000; ++i) {
            std::atomic<int> value{0};
            awaits_wrapped(other.get(), i % 3, value);
            const auto start = std::chrono::steady_clock::now();
            while (value == 0 && std::chrono::steady_clock::now() - start < 10s) {
                std::this_thread::yield();
            }
            REQUIRE(value == 5);
        }
    });
}

TEST_CASE("run() goes on while a task waits for another reactor's operation") {
    on_each_backend([](reactor& r) {
        running_reactor other(r.backend());
        mongoro::task_scope scope(r);
        scope.spawn(mongoro::sleep_for(other.get(), 5ms));
        r.run();
        CHECK(scope.size() == 0);
    });
}

namespace {

errc code_of_sync_wait(reactor& r, mongoro::awaitable<void> operation) {
    try {
        sync_wait(r, std::move(operation));
    } catch (const mongoro::exception& e) {
        return static_cast<errc>(e.code().value());
    }
    return {};
}

}  // namespace

TEST_CASE("another reactor's operation ends before the task that waits for it is gone") {
    on_each_backend([](reactor& r) {
        running_reactor other(r.backend());
        for (int i = 0; i < 50; ++i) {
            // Before it has started there, meanwhile, or well after.
            std::thread stopper([&] {
                std::this_thread::sleep_for(50us * (i % 10));
                r.stop();
            });
            const auto code = code_of_sync_wait(r, mongoro::sleep_for(other.get(), 1h));
            stopper.join();
            CHECK(code == errc::reactor_stopped);
        }
        r.post([] { throw std::runtime_error("left"); });
        CHECK_THROWS_WITH_AS(sync_wait(r, mongoro::sleep_for(other.get(), 1h)), "left",
                             std::runtime_error);
        {
            mongoro::task_scope scope(r);
            scope.spawn(mongoro::sleep_for(other.get(), 1h));
            r.poll();
        }
        r.run();
        CHECK(code_of_sync_wait(r, mongoro::sleep_for(other.get(), 1ms)) == errc{});
    });
}

TEST_CASE("an operation of a reactor that does not run is let go of unstarted") {
    on_each_backend([](reactor& r) {
        {
            reactor idle({.backend = r.backend()});
            for (int i = 0; i < 2; ++i) {
                r.post([&] { r.post([&] { r.stop(); }); });
                CHECK(code_of_sync_wait(r, mongoro::sleep_for(idle, 1ms)) == errc::reactor_stopped);
                if (i == 0) {
                    idle.run();
                }
            }
        }
        // One thread for both.
        reactor second({.backend = r.backend()});
        r.post([&] {
            r.post([&] {
                second.poll();
                r.stop();
            });
        });
        CHECK(code_of_sync_wait(r, mongoro::sleep_for(second, 1h)) == errc::reactor_stopped);
        second.run();
        r.run();
    });
}

TEST_CASE("an operation of a reactor whose thread has ended goes with the task that awaits it") {
    on_each_backend([](reactor& r) {
        reactor away({.backend = r.backend()});
        mongoro::task_scope scope(r);
        scope.spawn(mongoro::sleep_for(away, 1h));
        r.poll();
        std::thread([&] { CHECK(away.poll() != 0); }).join();
        r.stop();
    });
}

TEST_CASE("a stop of the awaiting task reaches the other reactor") {
    on_each_backend([](reactor& r) {
        running_reactor other(r.backend());
        std::stop_source source;
        r.post([&] { r.post([&] { source.request_stop(); }); });
        const auto slept = sync_wait(r, mongoro::as_result(mongoro::with_stop(
                                            [](reactor& away) -> task<void> {
                                                co_await mongoro::sleep_for(away, 1h);
                                            }(other.get()),
                                            source.get_token())));
        CHECK(slept.error() == errc::operation_cancelled);
    });
}

TEST_CASE("sleeping without any reactor is an error, not a crash") {
    mongoro::error why;
    without_reactor(why);
    CHECK(why == mongoro::errc::invalid_argument);
}
