#include "io_support.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/when_all.hpp>
#include <mongoro/when_any.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::as_result;
using mongoro::errc;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::task;
using mongoro::task_scope;
using mongoro::when_all;
using mongoro::when_any;
using mongoro::with_deadline;
using mongoro::with_stop;

namespace {

template <typename T>
task<T> later(T value, std::chrono::milliseconds span) {
    co_await mongoro::sleep_for(span);
    co_return value;
}

task<int> now(int value) {
    co_return value;
}

task<int> fails(std::string why, std::chrono::milliseconds span) {
    co_await mongoro::sleep_for(span);
    throw std::runtime_error(why);
}

/// Counts itself while it lives, and says how its sleep ended.
task<void> sleeper(int& alive, mongoro::error& why, std::chrono::milliseconds span) {
    ++alive;
    struct leave {
        int& n;
        ~leave() { --n; }
    } const guard{alive};
    const auto r = co_await as_result(mongoro::sleep_for(span));
    why = r.error();
    r.value();
}

}  // namespace

TEST_CASE("when_all gives every value, in order") {
    on_each_backend([](reactor& r) {
        const auto [a, b, c] =
            sync_wait(r, when_all(later<std::string>("one", 2ms), now(2), mongoro::sleep_for(1ms)));
        CHECK(a == "one");
        CHECK(b == 2);
        CHECK(c == std::monostate());
        std::vector<task<int>> many;
        for (int i = 0; i < 100; ++i) {
            many.push_back(later(i, std::chrono::milliseconds(i % 3)));
        }
        const auto values = sync_wait(r, when_all(std::move(many)));
        REQUIRE(values.size() == 100);
        CHECK(values[99] == 99);
        CHECK(sync_wait(r, when_all(std::vector<task<int>>())).empty());
    });
}

TEST_CASE("when_all waits for all of them, and then throws the first failure") {
    on_each_backend([](reactor& r) {
        int alive = 0;
        mongoro::error why = errc::wrong_type;
        CHECK_THROWS_WITH_AS(sync_wait(r, when_all(fails("first", 3ms), fails("second", 1ms),
                                                   sleeper(alive, why, 6ms))),
                             "first", std::runtime_error);
        CHECK(alive == 0);
        CHECK_FALSE(why);
    });
}

TEST_CASE("when_any stops the losers and joins them") {
    on_each_backend([](reactor& r) {
        int alive = 0;
        mongoro::error why;
        const auto won =
            sync_wait(r, when_any(sleeper(alive, why, 3600s), later<std::string>("won", 1ms)));
        CHECK(won.index() == 1);
        CHECK(std::get<1>(won) == "won");
        CHECK(alive == 0);
        CHECK(why == errc::operation_cancelled);

        std::vector<task<int>> many;
        many.push_back(later(1, 3600s));
        many.push_back(now(2));
        many.push_back(later(3, 3600s));
        const auto [index, value] = sync_wait(r, when_any(std::move(many)));
        CHECK(index == 1);
        CHECK(value == 2);
        CHECK_THROWS_AS(sync_wait(r, when_any(std::vector<task<int>>())), mongoro::exception);
        CHECK_THROWS_WITH_AS(sync_wait(r, when_any(fails("lost", 1ms), later(1, 3600s))), "lost",
                             std::runtime_error);
    });
}

TEST_CASE("a deadline ends what waits, and an inner one can only shorten") {
    on_each_backend([](reactor& r) {
        const auto start = std::chrono::steady_clock::now();
        CHECK(sync_wait(r, as_result(with_deadline(mongoro::sleep_for(1h), 5ms))).error() ==
              errc::deadline_exceeded);
        CHECK(sync_wait(r, as_result(with_deadline(with_deadline(mongoro::sleep_for(1h), 1h), 5ms)))
                  .error() == errc::deadline_exceeded);
        CHECK(sync_wait(r, as_result(with_deadline(with_deadline(mongoro::sleep_for(1h), 5ms), 1h)))
                  .error() == errc::deadline_exceeded);
        CHECK(sync_wait(r, as_result(with_deadline(mongoro::sleep_for(1h), -1s))).error() ==
              errc::deadline_exceeded);
        CHECK(std::chrono::steady_clock::now() - start < 30s);
        CHECK(sync_wait(r, with_deadline(now(7), 1h)) == 7);
        // The deadline is inherited through tasks, and ends with its scope.
        const auto nested = [](reactor&) -> task<bool> {
            const auto inner = co_await as_result(with_deadline(later(1, 1000s), 2ms));
            co_await mongoro::sleep_for(4ms);
            co_return inner.error() == errc::deadline_exceeded;
        };
        CHECK(sync_wait(r, nested(r)));
    });
}

TEST_CASE("a stop that is requested on another thread ends what waits, on the reactor's thread") {
    on_each_backend([](reactor& r) {
        for (int i = 0; i < 30; ++i) {
            std::stop_source source;
            int alive = 0;
            mongoro::error why;
            std::thread other([&] {
                if (i % 2 == 0) {
                    std::this_thread::sleep_for(std::chrono::microseconds(i * 20));
                }
                source.request_stop();
            });
            const auto result =
                sync_wait(r, as_result(with_stop(sleeper(alive, why, 3600s), source.get_token())));
            other.join();
            CHECK(result.error() == errc::operation_cancelled);
            CHECK(why == errc::operation_cancelled);
            CHECK(alive == 0);
        }
    });
}

TEST_CASE("either of two nested stop tokens stops what waits") {
    on_each_backend([](reactor& r) {
        for (const bool outer : {true, false}) {
            std::stop_source a;
            std::stop_source b;
            r.post([&] { (outer ? a : b).request_stop(); });
            CHECK(sync_wait(r, as_result(with_stop(with_stop(mongoro::sleep_for(1h), b.get_token()),
                                                   a.get_token())))
                      .error() == errc::operation_cancelled);
        }
    });
}

TEST_CASE("a stop that races the end of a wait harms nobody") {
    on_each_backend([](reactor& r) {
        for (int i = 0; i < 100; ++i) {
            std::stop_source source;
            std::thread other([&] { source.request_stop(); });
            const auto result =
                sync_wait(r, as_result(with_stop(mongoro::sleep_for(std::chrono::microseconds(i)),
                                                 source.get_token())));
            other.join();
            CHECK((result || result.error() == errc::operation_cancelled));
        }
        r.run();
    });
}

TEST_CASE("a scope joins what it spawned") {
    on_each_backend([](reactor& r) {
        task_scope scope(r);
        int alive = 0;
        mongoro::error why;
        for (int i = 0; i < 10; ++i) {
            scope.spawn(sleeper(alive, why, std::chrono::milliseconds(i % 3)));
        }
        scope.spawn(now(1));
        CHECK(scope.size() == 11);
        sync_wait(r, scope.join());
        CHECK(alive == 0);
        CHECK(scope.size() == 0);
        sync_wait(r, scope.join());
    });
}

TEST_CASE("the first failure of a scope stops the others, and join() throws it") {
    on_each_backend([](reactor& r) {
        task_scope scope(r);
        int alive = 0;
        mongoro::error why;
        scope.spawn(sleeper(alive, why, 3600s));
        scope.spawn(fails("broken", 1ms));
        CHECK_THROWS_WITH_AS(sync_wait(r, scope.join()), "broken", std::runtime_error);
        CHECK(alive == 0);
        CHECK(why == errc::operation_cancelled);
    });
}

TEST_CASE("a joining task that is stopped or out of time stops the children and waits for them") {
    on_each_backend([](reactor& r) {
        int alive = 0;
        mongoro::error why;
        task_scope scope(r);
        const auto child = [&]() -> task<void> {
            const auto slept = co_await as_result(sleeper(alive, why, 3600s));
            static_cast<void>(slept);
        };
        scope.spawn(child());
        CHECK(sync_wait(r, as_result(with_deadline(scope.join(), 3ms))).error() ==
              errc::deadline_exceeded);
        CHECK(alive == 0);
        CHECK(why == errc::operation_cancelled);
    });
}

TEST_CASE("a scope that is destroyed destroys what still waits") {
    on_each_backend([](reactor& r) {
        int alive = 0;
        mongoro::error why = errc::wrong_type;
        {
            task_scope scope(r);
            scope.spawn(sleeper(alive, why, 3600s));
            scope.spawn(sleeper(alive, why, 3600s));
            r.poll();
            CHECK(alive == 2);
            scope.spawn(sleeper(alive, why, 3600s));  // not started yet
        }
        CHECK(alive == 0);
        CHECK(why == errc::wrong_type);
        r.run();
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("what runs in the background belongs to the reactor, and its failure leaves run()") {
    on_each_backend([](reactor& other) {
        int alive = 0;
        mongoro::error why;
        {
            reactor r({.backend = other.backend()});
            mongoro::detail::spawn(r.core(), sleeper(alive, why, 3600s));
            mongoro::detail::spawn(r.core(), fails("background", 1ms));
            CHECK_THROWS_WITH_AS(r.run(), "background", std::runtime_error);
            CHECK(alive == 1);
        }
        CHECK(alive == 0);
    });
}

TEST_CASE("a stop that is requested after the reactor has gone finds nobody") {
    on_each_backend([](reactor& other) {
        std::stop_source source;
        int alive = 0;
        mongoro::error why = errc::wrong_type;
        auto r = std::make_unique<reactor>(mongoro::reactor_options{.backend = other.backend()});
        auto left = with_stop(sleeper(alive, why, 3600s), source.get_token());
        left.handle().promise().set_context(&r->core().root_context());
        left.handle().resume();
        r->poll();
        CHECK(alive == 1);
        r.reset();
        source.request_stop();
        CHECK(alive == 1);
        left = {};
        CHECK(alive == 0);
        CHECK(why == errc::wrong_type);
    });
}
