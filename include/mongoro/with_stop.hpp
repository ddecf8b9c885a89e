#pragma once

#include <mongoro/detail/branch.hpp>
#include <mongoro/task.hpp>

#include <optional>
#include <stop_token>
#include <utility>

namespace mongoro {

namespace detail {

/// One token of two.
class merged_stop {
 public:
    merged_stop(std::stop_token a, std::stop_token b) {
        if (a.stop_possible() && b.stop_possible()) {
            auto& both = source_.emplace();
            first_.emplace(std::move(a), forward{&both});
            second_.emplace(std::move(b), forward{&both});
            token_ = both.get_token();
        } else {
            token_ = a.stop_possible() ? std::move(a) : std::move(b);
        }
    }
    [[nodiscard]] const std::stop_token& token() const noexcept { return token_; }

 private:
    struct forward {
        std::stop_source* to;
        void operator()() const noexcept { to->request_stop(); }
    };
    std::optional<std::stop_source> source_;
    std::optional<std::stop_callback<forward>> first_;
    std::optional<std::stop_callback<forward>> second_;
    std::stop_token token_;
};

}  // namespace detail

/// Awaits `work` so that `token`, too, stops it, beside the awaiting task's own. Every wait of it
/// that is under way when the stop is requested fails with `errc::operation_cancelled`. The stop
/// may be requested on any thread.
template <detail::awaitable_like A>
[[nodiscard]] task<detail::await_value_t<A>> with_stop(A work, std::stop_token token) {
    detail::task_context mine = co_await detail::this_context{};
    const detail::merged_stop both(mine.stop, std::move(token));
    mine.stop = both.token();
    co_await detail::use_context{&mine};
    co_return co_await std::move(work);
}

}  // namespace mongoro
