#include "io/on_thread.hpp"

#include "backends.hpp"
#include "io/reactor_core.hpp"

#include <mongoro/sleep_for.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

using namespace mongoro;
using namespace mongoro::test;
using namespace std::chrono_literals;

namespace {

/// A function that blocks until it is let go, and says so when it is gone.
class held {
 public:
    void let_go() { open_->set_value(); }
    [[nodiscard]] bool is_gone() const { return alive_->expired(); }
    /// What the thread gets.
    [[nodiscard]] auto work() {
        auto token = std::make_shared<int>(0);
        *alive_ = token;
        return [gate = gate_, token = std::move(token)]() -> result<std::string> {
            gate.wait();
            return std::string("done");
        };
    }

 private:
    std::shared_ptr<std::promise<void>> open_ = std::make_shared<std::promise<void>>();
    std::shared_future<void> gate_ = open_->get_future().share();
    std::shared_ptr<std::weak_ptr<int>> alive_ = std::make_shared<std::weak_ptr<int>>();
};

bool until_gone(const held& h) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!h.is_gone() && std::chrono::steady_clock::now() < limit) {
        std::this_thread::sleep_for(1ms);
    }
    return h.is_gone();
}

template <typename Work>
auto on_thread(reactor& r, Work work) -> task<typename std::invoke_result_t<Work&>::value_type> {
    auto running = io::on_thread(r.core(), std::move(work));
    auto came = co_await std::move(running);
    co_return std::move(came).value();
}

task<int> tick_until(const bool& over) {
    int ticks = 0;
    while (!over) {
        co_await sleep_for(1ms);
        ++ticks;
    }
    co_return ticks;
}

}  // namespace

TEST_CASE("what blocks is done on a thread of its own, and the reactor goes on meanwhile") {
    on_each_backend([](reactor& r) {
        held h;
        bool over = false;
        running ticking(r, tick_until(over));
        running work(r, on_thread(r, h.work()));
        const auto until = deadline::after(30ms);
        REQUIRE(poll_until(r, [&] { return until.expired(); }));
        CHECK(!work.done());
        h.let_go();
        CHECK(work.wait().value() == "done");
        over = true;
        CHECK(ticking.wait().value() > 5);
        CHECK(h.is_gone());
    });
}

TEST_CASE("a deadline, a stop and a destruction do not wait for what blocks") {
    on_each_backend([](reactor& r) {
        enum class end { deadline, stop, destroyed };
        for (const auto by : {end::deadline, end::stop, end::destroyed}) {
            CAPTURE(static_cast<int>(by));
            held h;
            if (by == end::deadline) {
                CHECK(error_of(r, with_deadline(on_thread(r, h.work()), 5ms)) ==
                      errc::deadline_exceeded);
            } else if (by == end::stop) {
                std::stop_source stop;
                running work(r, with_stop(on_thread(r, h.work()), stop.get_token()));
                r.poll();
                stop.request_stop();
                REQUIRE(poll_until(r, [&] { return work.done(); }));
                CHECK(work.failure() == errc::operation_cancelled);
            } else {
                const running work(r, on_thread(r, h.work()));
                r.poll();
            }
            REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
            CHECK(!h.is_gone());
            h.let_go();
            CHECK(until_gone(h));
        }
    });
}

TEST_CASE("a thread that goes on outlives its reactor") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        held h;
        {
            const running work(*r, on_thread(*r, h.work()));
            r->poll();
        }
        r.reset();
        h.let_go();
        CHECK(until_gone(h));
    });
}

TEST_CASE("a process that is forked meanwhile does not hold up who waits") {
    on_each_backend([](reactor& r) {
        held h;
        running work(r, on_thread(r, h.work()));
        r.poll();
        const pid_t child = ::fork();
        if (child == 0) {
            ::pause();
            ::_exit(0);
        }
        REQUIRE(child > 0);
        h.let_go();
        CHECK(work.wait().value() == "done");
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
    });
}

TEST_CASE("an error of what blocks is the task's, and so is a want of memory") {
    on_each_backend([](reactor& r) {
        CHECK(error_of(r, on_thread(r, []() -> result<int> {
                           return error(errc::authentication_failed);
                       })) == errc::authentication_failed);
        CHECK(error_of(r, on_thread(r, []() -> result<int> { throw std::bad_alloc(); })) ==
              std::make_error_code(std::errc::not_enough_memory));
    });
}

TEST_CASE("signals are not handled on a thread of the library's") {
    on_each_backend([](reactor& r) {
        const auto blocked = sync_wait(r, on_thread(r, []() -> result<bool> {
                                           sigset_t mask{};
                                           ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
                                           return ::sigismember(&mask, SIGTERM) == 1;
                                       }));
        CHECK(blocked);
        sigset_t mask{};
        ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        CHECK(::sigismember(&mask, SIGTERM) == 0);
    });
}
