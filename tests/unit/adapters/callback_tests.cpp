#include <mongoro/adapters/callback.hpp>
#include <mongoro/sleep_for.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace mongoro;
using namespace std::chrono_literals;

namespace {

task<result<int>> give(int n) {
    co_return n;
}
task<result<int>> fail(errc e) {
    co_return e;
}
task<result<void>> nothing() {
    co_return result<void>();
}
task<result<std::optional<std::string>>> maybe(bool found) {
    if (found) {
        co_return std::optional<std::string>("Ada");
    }
    co_return std::optional<std::string>();
}
task<result<int>> give_later(int n) {
    co_await sleep_for(1ms);
    co_return n;
}
task<result<std::unique_ptr<int>>> give_pointer(int n) {
    co_await sleep_for(1ms);
    co_return std::make_unique<int>(n);
}

awaitable<int> op(reactor& r, task<result<int>> t) {
    return {std::move(t), &r.core()};
}

/// Sets a flag when it dies.
struct witness {
    explicit witness(bool& gone) : gone_(&gone) {}
    witness(witness&& other) noexcept : gone_(std::exchange(other.gone_, nullptr)) {}
    ~witness() {
        if (gone_ != nullptr) {
            *gone_ = true;
        }
    }
    bool* gone_;
};

task<result<int>> never(witness) {
    co_await sleep_for(1h);
    co_return 1;
}

/// A callback whose end starts an operation, as an object does that says goodbye to a server.
struct farewell {
    farewell(reactor& on, bool& gone) : r(&on), said(&gone) {}
    farewell(farewell&& other) noexcept : r(std::exchange(other.r, nullptr)), said(other.said) {}
    ~farewell() {
        if (r != nullptr) {
            start(op(*r, never(witness(*said))), [](result<int>) {});
        }
    }
    void operator()(result<int>) const {}
    reactor* r;
    bool* said;
};

}  // namespace

TEST_CASE("a callback gets the value and no error") {
    reactor r;
    int called = 0;
    start(op(r, give_later(7)), [&](std::optional<int> n, const error& e) {
        ++called;
        CHECK(n == 7);
        CHECK(!e);
    });
    CHECK(called == 0);
    r.run();
    CHECK(called == 1);
}

TEST_CASE("a callback gets no value and the error") {
    reactor r;
    int called = 0;
    start(op(r, fail(errc::connect_failed)), [&](std::optional<int> n, const error& e) {
        ++called;
        CHECK(!n);
        CHECK(e == errc::connect_failed);
    });
    r.run();
    CHECK(called == 1);
}

TEST_CASE("a callback may take one result") {
    reactor r;
    int sum = 0;
    start(op(r, give(3)), [&](result<int> n) { sum += *n; });
    start(op(r, fail(errc::network_error)), [&](const result<int>& n) {
        CHECK(n.error() == errc::network_error);
        sum += 10;
    });
    r.run();
    CHECK(sum == 13);
}

TEST_CASE("an operation without a value calls back with the error alone") {
    reactor r;
    int called = 0;
    start(awaitable<void>(nothing(), &r.core()), [&](const error& e) {
        CHECK(!e);
        ++called;
    });
    start(awaitable<void>(nothing(), &r.core()), [&](result<void> done) {
        CHECK(done.has_value());
        ++called;
    });
    r.run();
    CHECK(called == 2);
}

TEST_CASE("an optional value is not wrapped twice") {
    reactor r;
    int called = 0;
    const auto start_one = [&](bool found) {
        start(awaitable<std::optional<std::string>>(maybe(found), &r.core()),
              [&, found](std::optional<std::string> name, const error& e) {
                  CHECK(name.has_value() == found);
                  CHECK(!e);
                  ++called;
              });
    };
    start_one(true);
    start_one(false);
    r.run();
    CHECK(called == 2);
}

TEST_CASE("a value and a callback that can only be moved arrive") {
    reactor r;
    int got = 0;
    auto owned = std::make_unique<int>(2);
    start(awaitable<std::unique_ptr<int>>(give_pointer(40), &r.core()),
          [&got, owned = std::move(owned)](std::optional<std::unique_ptr<int>> n, const error&) {
              got = **n + *owned;
          });
    r.run();
    CHECK(got == 42);
}

TEST_CASE("a task of the user's own is started on a reactor that is named") {
    reactor r;
    int got = 0;
    start(
        r,
        [](reactor& on) -> task<int> {
            const int n = co_await op(on, give_later(20));
            co_return n + 1;
        }(r),
        [&](std::optional<int> n, const error&) { got = *n; });
    r.run();
    CHECK(got == 21);
}

TEST_CASE(
    "an exception of the driver or of the system that leaves a task is the callback's error") {
    reactor r;
    std::vector<std::error_code> codes;
    const auto keep = [&](const error& e) { codes.push_back(e.code()); };
    start(
        r,
        []() -> task<> {
            throw exception(errc::key_not_found);
            co_return;
        }(),
        keep);
    start(
        r,
        []() -> task<> {
            throw std::system_error(std::make_error_code(std::errc::no_space_on_device));
            co_return;
        }(),
        keep);
    r.run();
    REQUIRE(codes.size() == 2);
    CHECK(codes[0] == errc::key_not_found);
    CHECK(codes[1] == std::errc::no_space_on_device);
}

TEST_CASE("any other exception of a task leaves run(), and the reactor stays usable") {
    reactor r;
    bool called = false;
    start(
        r,
        []() -> task<int> {
            throw std::logic_error("mine");
            co_return 1;
        }(),
        [&](result<int>) { called = true; });
    CHECK_THROWS_WITH_AS(r.run(), "mine", std::logic_error);
    CHECK(!called);
    start(op(r, give_later(1)), [&](result<int>) { called = true; });
    r.run();
    CHECK(called);
}

TEST_CASE(
    "a callback that throws: the operation is gone, the exception leaves run(), the reactor goes "
    "on") {
    reactor r;
    bool gone = false;
    bool gone_when_called = false;
    start(
        r,
        [](witness) -> task<int> {
            co_await sleep_for(1ms);
            co_return 1;
        }(witness(gone)),
        [&](result<int>) {
            gone_when_called = gone;
            throw std::runtime_error("from the callback");
        });
    int others = 0;
    start(op(r, give_later(1)), [&](result<int>) { ++others; });
    CHECK_THROWS_WITH_AS(r.run(), "from the callback", std::runtime_error);
    CHECK(gone_when_called);
    r.run();
    CHECK(others == 1);
    CHECK(r.in_flight() == 0);
    start(op(r, give(1)), [&](result<int>) { ++others; });
    r.run();
    CHECK(others == 2);
}

TEST_CASE("an exception of a callback leaves poll() as well") {
    reactor r;
    start(op(r, give(1)), [](result<int>) { throw std::runtime_error("from the callback"); });
    const auto poll_until_thrown = [&] {
        for (int i = 0; i < 10; ++i) {
            r.poll();
        }
    };
    CHECK_THROWS_AS(poll_until_thrown(), std::runtime_error);
    CHECK_NOTHROW(r.poll());
}

TEST_CASE("a callback starts the next operation a hundred thousand times without using the stack") {
    reactor r;
    int left = 100'000;
    struct again {
        reactor& r;
        int& left;
        void operator()(result<int>) const {
            if (--left > 0) {
                start(op(r, give(1)), again{r, left});
            }
        }
    };
    start(op(r, give(1)), again{r, left});
    r.run();
    CHECK(left == 0);
}

TEST_CASE("start never calls back before it returns") {
    reactor r;
    int order = 0;
    r.post([&] {
        start(op(r, give(1)), [&](result<int>) {
            CHECK(order == 1);
            order = 2;
        });
        CHECK(order == 0);
        order = 1;
    });
    r.run();
    CHECK(order == 2);
}

TEST_CASE("a cancelled operation is destroyed and its callback gets operation_cancelled, once") {
    reactor r;
    bool gone = false;
    int called = 0;
    const call_handle handle = start(op(r, never(witness(gone))), [&](const result<int>& n) {
        ++called;
        CHECK(n.error() == errc::operation_cancelled);
        CHECK(gone);
    });
    r.poll();
    CHECK(!gone);
    handle.cancel();
    handle.cancel();
    CHECK(called == 0);
    r.run();
    CHECK(called == 1);
    CHECK(r.in_flight() == 0);
}

TEST_CASE("an operation that is cancelled before it starts does not start") {
    reactor r;
    bool gone = false;
    bool cancelled = false;
    start(op(r, never(witness(gone))), [&](const result<int>& n) {
        cancelled = n.error() == errc::operation_cancelled;
    }).cancel();
    r.run();
    CHECK(cancelled);
    CHECK(gone);
}

TEST_CASE("cancelling what has ended does nothing, whatever took its place") {
    reactor r;
    const call_handle ended = start(op(r, give(1)), [](result<int>) {});
    r.run();
    int got = 0;
    start(op(r, give_later(5)), [&](const result<int>& n) { got = n.value_or(-1); });
    ended.cancel();
    r.run();
    CHECK(got == 5);
    call_handle().cancel();
}

TEST_CASE("a reactor that is destroyed destroys what was started, and calls nobody") {
    bool gone = false;
    bool gone_unstarted = false;
    bool called = false;
    {
        reactor r;
        start(op(r, never(witness(gone))), [&](result<int>) { called = true; });
        r.poll();
        start(op(r, never(witness(gone_unstarted))), [&](result<int>) { called = true; });
    }
    CHECK(gone);
    CHECK(gone_unstarted);
    CHECK(!called);
}

TEST_CASE("what is started as the last act of something that goes with its reactor goes, too") {
    for (const bool begun : {false, true}) {
        CAPTURE(begun);
        bool gone = false;
        bool gone_with_a_post = false;
        {
            reactor r;
            start(op(r, give_later(1)), farewell(r, gone));
            if (begun) {
                r.poll();
            }
            r.post([last = farewell(r, gone_with_a_post)] {});
        }
        CHECK(gone);
        CHECK(gone_with_a_post);
    }
}

TEST_CASE("an operation that belongs to no reactor is refused") {
    CHECK_THROWS_AS(start(awaitable<int>(give(1)), [](result<int>) {}), exception);
}

TEST_CASE("operations start and are cancelled from other threads, and call back on the reactor's") {
    reactor r;
    constexpr int threads = 4;
    constexpr int each_thread = 200;
    std::atomic<int> called = 0;
    std::atomic<int> cancelled = 0;
    std::atomic<int> elsewhere = 0;
    const auto on_reactor = std::this_thread::get_id();
    bool done = false;
    std::vector<std::thread> others;
    for (int t = 0; t < threads; ++t) {
        others.emplace_back([&] {
            for (int i = 0; i < each_thread; ++i) {
                const call_handle handle =
                    start(op(r, i % 4 == 0 ? give_later(i) : give(i)), [&](const result<int>& n) {
                        elsewhere += std::this_thread::get_id() != on_reactor ? 1 : 0;
                        cancelled += n.error() == errc::operation_cancelled ? 1 : 0;
                        done = ++called == threads * each_thread;
                    });
                if (i % 8 == 0) {
                    handle.cancel();
                }
            }
        });
    }
    while (!done) {
        r.run();
    }
    for (std::thread& t : others) {
        t.join();
    }
    CHECK(called == threads * each_thread);
    CHECK(elsewhere == 0);
    CHECK(cancelled <= threads * each_thread / 8);
}

TEST_CASE("callbacks run from a foreign loop that polls the descriptor") {
    reactor r;
    int got = 0;
    start(op(r, give_later(9)), [&](const result<int>& n) { got = *n; });
    pollfd ready{.fd = r.native_handle(), .events = POLLIN, .revents = 0};
    while (got == 0) {
        REQUIRE(poll(&ready, 1, 5000) == 1);
        r.poll();
    }
    CHECK(got == 9);
}

TEST_CASE("open_sync drives the reactor until the operation has ended") {
    reactor r;
    const result<int> n = open_sync(r, op(r, give_later(4)), deadline::after(5s));
    REQUIRE(n);
    CHECK(*n == 4);
}

TEST_CASE("open_sync gives up at its deadline") {
    reactor r;
    bool gone = false;
    const result<int> n = open_sync(r, op(r, never(witness(gone))), deadline::after(5ms));
    CHECK(n.error() == errc::deadline_exceeded);
    CHECK(gone);
}

TEST_CASE("open_sync from inside of the reactor is an error, and the reactor goes on") {
    reactor r;
    error got;
    r.post([&] { got = open_sync(r, op(r, give_later(1)), deadline::never()).error(); });
    r.run();
    CHECK(got == errc::inside_reactor);
}

namespace {

/// The rings that this process has open.
std::vector<int> rings() {
    std::vector<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone) == "anon_inode:[io_uring]") {
            found.push_back(std::stoi(entry.path().filename().string()));
        }
    }
    return found;
}

}  // namespace

TEST_CASE("open_sync gives a ring that the kernel does not let run as an error") {
    const auto before = rings();
    auto made = reactor::create({.backend = reactor_backend::io_uring});
    if (!made) {
        MESSAGE("skipped: " << made.error().to_string());
        return;
    }
    const auto after = rings();
    const auto ring = std::find_if(after.begin(), after.end(), [&](int fd) {
        return std::find(before.begin(), before.end(), fd) == before.end();
    });
    REQUIRE(ring != after.end());
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    REQUIRE(::dup2(nothing, *ring) == *ring);
    ::close(nothing);
    reactor& r = **made;
    CHECK(open_sync(r, op(r, give(1)), deadline::after(5s)).error() == errc::not_supported);
}

TEST_CASE("open_sync lets an exception of a callback pass, whatever its code") {
    reactor r;
    for (const errc code : {errc::not_supported, errc::wrong_thread}) {
        bool gone = false;
        r.post([code] { throw exception(code); });
        error passed;
        try {
            static_cast<void>(open_sync(r, op(r, never(witness(gone))), deadline::after(5s)));
        } catch (const exception& e) {
            passed = e.error();
        }
        CHECK(passed == code);
        CHECK(gone);
    }
}
