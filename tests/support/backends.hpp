#pragma once

#include <mongoro/as_result.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task_scope.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace doctest {
template <>
struct StringMaker<mongoro::error> {
    static String convert(const mongoro::error& e) { return e.to_string().c_str(); }
};
template <>
struct StringMaker<mongoro::errc> {
    static String convert(mongoro::errc e) { return mongoro::error(e).to_string().c_str(); }
};
}  // namespace doctest

namespace mongoro::test {

/// The backend of MONGORO_BACKEND, which tests/run.sh sets for each of its rows; both without it.
inline std::vector<reactor_backend> backends() {
    const char* const chosen = std::getenv("MONGORO_BACKEND");  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name = chosen == nullptr ? "" : chosen;
    if (name == "epoll") {
        return {reactor_backend::epoll};
    }
    if (name == "io_uring") {
        return {reactor_backend::io_uring};
    }
    return {reactor_backend::io_uring, reactor_backend::epoll};
}

/// A reactor on one of `backends()`. Null where io_uring is refused and nobody has asked for it:
/// the case then counts as skipped, and its errno is said.
inline std::unique_ptr<reactor> make_reactor(reactor_options options) {
    auto made = reactor::create(options);
    if (made) {
        return std::move(*made);
    }
    const auto why = made.error().to_string();
    CAPTURE(why);
    REQUIRE(options.backend == reactor_backend::io_uring);
    REQUIRE(backends().size() > 1);
    static const void* said = nullptr;  // once a case
    if (const void* const now = doctest::getContextOptions()->currentTest; said != now) {
        said = now;
        std::printf("[skip] on io_uring: %s\n", why.c_str());
        std::fflush(stdout);
    }
    return nullptr;
}

/// Runs `body(std::unique_ptr<reactor>)` on each of them, but a refused one.
template <typename Body>
void on_each_backend_owned(Body body) {
    for (const auto kind : backends()) {
        auto made = make_reactor({.backend = kind});
        if (!made) {
            continue;
        }
        const std::string backend = kind == reactor_backend::io_uring ? "io_uring" : "epoll";
        CAPTURE(backend);
        body(std::move(made));
    }
}

/// Runs `body(reactor&)` on each of them. By the end nothing of it may be in flight.
template <typename Body>
void on_each_backend(Body body) {
    on_each_backend_owned([&](const std::unique_ptr<reactor>& r) {
        body(*r);
        r->poll();
        CHECK(r->in_flight() == 0);
    });
}

/// The error that an operation ends with; none if it succeeds.
template <typename Operation>
[[nodiscard]] error error_of(reactor& r, Operation operation) {
    auto got = sync_wait(r, as_result(std::move(operation)));
    return got ? error() : error(got.error());
}

/// Polls until `done()`; false if that takes half a minute.
template <typename Done>
[[nodiscard]] bool poll_until(reactor& r, Done done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done()) {
        if (std::chrono::steady_clock::now() > limit) {
            return false;
        }
        if (r.poll() == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    }
    return true;
}

/// An operation that runs beside the test, from the next poll on. Destroying it destroys the
/// operation where it waits.
template <typename T>
class running {
 public:
    template <typename Operation>
    running(reactor& r, Operation operation) : reactor_(r), scope_(r) {
        scope_.spawn(keep(std::move(operation), this));
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;

    [[nodiscard]] bool done() const noexcept { return result_.has_value(); }
    /// Polls until it has ended.
    result<T>& wait() {
        REQUIRE(poll_until(reactor_, [&] { return done(); }));
        return *result_;
    }
    /// The error that it has ended with; none if it goes on or has succeeded.
    [[nodiscard]] error failure() const {
        return result_ && !*result_ ? error(result_->error()) : error();
    }

 private:
    template <typename Operation>
    static task<> keep(Operation operation, running* self) {
        self->result_.emplace(co_await as_result(std::move(operation)));
    }

    reactor& reactor_;
    std::optional<result<T>> result_;
    task_scope scope_;  // last: it writes to the result
};
template <typename Operation>
running(reactor&, Operation) -> running<detail::await_value_t<Operation>>;

}  // namespace mongoro::test
