#include "io_support.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::as_result;
using mongoro::awaitable;
using mongoro::errc;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::task;

namespace {

task<int> one() {
    co_return 1;
}

task<int> sum_of_synchronous(int rounds) {
    int sum = 0;
    for (int i = 0; i < rounds; ++i) {
        sum += co_await one();
    }
    co_return sum;
}

task<mongoro::result<int>> answer(mongoro::error e) {
    if (e) {
        co_return e;
    }
    co_return 42;
}

task<int> throws_own(errc e) {
    throw mongoro::exception(e);
    co_return 0;
}

task<void> throws_bad_alloc() {
    throw std::bad_alloc();
    co_return;
}

/// Whether `co_return value;` compiles in a `task<T>`.
template <typename T, typename Value>
concept co_returns = requires(typename task<T>::promise_type& promise, Value&& value) {
    promise.return_value(std::forward<Value>(value));
};

struct counted {
    explicit counted(int& n) noexcept : count(&n) { ++n; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --*count; }
    int* count;
};

task<void> holds(int& alive, std::chrono::milliseconds span) {
    const counted here(alive);
    co_await mongoro::sleep_for(span);
}

task<void> nests(int& alive, std::chrono::milliseconds span) {
    const counted here(alive);
    co_await holds(alive, span);
}

}  // namespace

TEST_CASE("a loop over a million tasks that never wait uses no stack") {
    on_each_backend(
        [](reactor& r) { CHECK(sync_wait(r, sum_of_synchronous(1'000'000)) == 1'000'000); });
}

TEST_CASE("a task gives its value, or its exception, to the one that awaits it") {
    on_each_backend([](reactor& r) {
        CHECK(sync_wait(r, one()) == 1);
        CHECK_THROWS_AS(sync_wait(r, throws_bad_alloc()), std::bad_alloc);
        CHECK_THROWS_AS(sync_wait(r, throws_own(errc::wrong_type)), mongoro::exception);
    });
}

TEST_CASE("a task gives only what its value can be made of without being named") {
    static_assert(!co_returns<std::unique_ptr<int>, int*>);
    static_assert(!co_returns<std::vector<int>, int>);
    static_assert(!co_returns<mongoro::result<std::vector<int>>, int>);
    static_assert(!co_returns<bool, mongoro::result<int>>);
    static_assert(co_returns<std::unique_ptr<int>, std::unique_ptr<int>>);
    static_assert(co_returns<double, int>);
    static_assert(co_returns<mongoro::result<int>, errc>);
    static_assert(co_returns<mongoro::result<bool>, std::error_code>);
    const auto refuses = []() -> task<mongoro::result<bool>> {
        co_return std::make_error_code(std::errc::timed_out);
    };
    on_each_backend([&](reactor& r) {
        CHECK(sync_wait(r, refuses()).error() == std::make_error_code(std::errc::timed_out));
    });
}

TEST_CASE("an operation unwraps, and as_result does not throw") {
    on_each_backend([](reactor& r) {
        CHECK(sync_wait(r, awaitable<int>(answer({}))) == 42);
        try {
            sync_wait(r, awaitable<int>(answer(errc::pool_cleared)));
            FAIL("it must throw");
        } catch (const mongoro::exception& e) {
            CHECK(e.error() == errc::pool_cleared);
        }
        CHECK(*sync_wait(r, as_result(awaitable<int>(answer({})))) == 42);
        CHECK(sync_wait(r, as_result(awaitable<int>(answer(errc::pool_cleared)))).error() ==
              errc::pool_cleared);
        CHECK(sync_wait(r, as_result(throws_own(errc::wrong_type))).error() == errc::wrong_type);
        CHECK_THROWS_AS(static_cast<void>(sync_wait(r, as_result(throws_bad_alloc()))),
                        std::bad_alloc);
    });
}

TEST_CASE("an operation may be destroyed unstarted") {
    on_each_backend([](reactor& r) {
        int alive = 0;
        {
            const auto never = nests(alive, 1h);
            const auto slept = mongoro::sleep_for(r, 1h);
        }
        CHECK(alive == 0);
        r.run();
    });
}

TEST_CASE("sync_wait from inside of its reactor is an error, and the reactor goes on") {
    on_each_backend([](reactor& r) {
        errc code{};
        r.post([&] {
            try {
                sync_wait(r, one());
            } catch (const mongoro::exception& e) {
                code = static_cast<errc>(e.code().value());
            }
        });
        r.run();
        CHECK(code == errc::inside_reactor);
        CHECK(sync_wait(r, one()) == 1);
    });
}

TEST_CASE("stop() ends sync_wait, and what it waited for is destroyed") {
    on_each_backend([](reactor& r) {
        int alive = 0;
        r.post([&] { r.stop(); });
        try {
            sync_wait(r, nests(alive, 1h));
            FAIL("it must throw");
        } catch (const mongoro::exception& e) {
            CHECK(e.error() == errc::reactor_stopped);
        }
        CHECK(alive == 0);
        CHECK(sync_wait(r, one()) == 1);
    });
}

TEST_CASE("sleeping waits for its time") {
    on_each_backend([](reactor& r) {
        const auto start = std::chrono::steady_clock::now();
        sync_wait(r, mongoro::sleep_for(20ms));
        sync_wait(r, mongoro::sleep_for(r, 5ms));
        sync_wait(r, mongoro::sleep_for(-1s));
        const auto spent = std::chrono::steady_clock::now() - start;
        CHECK(spent >= 25ms);
        CHECK(spent < 5s);
    });
}
