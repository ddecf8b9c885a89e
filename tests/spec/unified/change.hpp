#pragma once

#include <mongoro/as_result.hpp>
#include <mongoro/deadline.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/task.hpp>
#include <mongoro/with_stop.hpp>

#include <stop_token>
#include <utility>

namespace mongoro::spec::unified {

/// Lets coroutines of one reactor wait until something may have changed.
class change {
 public:
    explicit change(reactor& r) noexcept : reactor_(&r) {}

    /// Wakes all that wait now.
    void announce() noexcept { std::exchange(source_, std::stop_source()).request_stop(); }

    /// Waits until `holds()`; gives false when `until` came first. Throws when the awaiting task
    /// was stopped.
    template <typename Predicate>
    task<bool> wait(Predicate holds, deadline until) {
        while (!holds()) {
            const auto woken = source_.get_token();
            auto slept = co_await as_result(with_stop(sleep_until(*reactor_, until.when()), woken));
            if (slept) {
                co_return holds();
            }
            if (!woken.stop_requested()) {
                throw exception(slept.error());
            }
        }
        co_return true;
    }

 private:
    reactor* reactor_;
    std::stop_source source_;
};

}  // namespace mongoro::spec::unified
