#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace mongoro {

/// An `awaitable` whose value may be here already: then `co_await` takes it without a coroutine,
/// and without suspending. It is lazy all the same: nothing is taken before it is awaited.
///
/// Becomes an `awaitable`, which is a coroutine, where one is asked for; that may throw
/// `std::bad_alloc`. Awaited twice, it gives the next value.
///
/// `Source` has a `value_type`; `bool ready()`, whether the value is here, and if so
/// `error take(value_type&)` (without the argument if that is void), which puts it into a new one;
/// `task<result<value_type>> fetch()`; and `core()`.
template <typename Source>
class [[nodiscard]] buffered_awaitable {
 public:
    using value_type = typename Source::value_type;

    /// For the library.
    explicit buffered_awaitable(Source source) noexcept : source_(std::move(source)) {}
    buffered_awaitable(buffered_awaitable&&) noexcept = default;
    buffered_awaitable& operator=(buffered_awaitable&&) noexcept = default;
    buffered_awaitable(const buffered_awaitable&) = delete;
    buffered_awaitable& operator=(const buffered_awaitable&) = delete;
    ~buffered_awaitable() = default;

    /// Gives `result<value_type>`.
    class result_awaiter {
     public:
        explicit result_awaiter(buffered_awaitable& op) noexcept : source_(op.source_) {}

        [[nodiscard]] bool await_ready() const noexcept {
            return detail::inside_reactor(*source_.core()) && source_.ready();
        }
        template <typename Promise>
        auto await_suspend(std::coroutine_handle<Promise> parent) {
            operation_.emplace(source_.fetch(), source_.core());
            return fetching_.emplace(*operation_).await_suspend(parent);
        }
        result<value_type> await_resume() {
            if (fetching_) {
                return fetching_->await_resume();
            }
            result<value_type> here;
            if (auto failed = take(here)) [[unlikely]] {
                here = std::move(failed);
            }
            return here;
        }

     protected:
        using operation = awaitable<value_type>;

        Source& source_;
        std::optional<operation> operation_;
        std::optional<typename operation::result_awaiter> fetching_;

     private:
        error take(result<value_type>& here) {
            if constexpr (std::is_void_v<value_type>) {
                return source_.take();
            } else {
                return source_.take(*here);
            }
        }
    };

    /// Gives `value_type`, or throws `mongoro::exception`.
    class awaiter : public result_awaiter {
     public:
        using result_awaiter::result_awaiter;
        value_type await_resume() {
            if constexpr (std::is_void_v<value_type>) {
                result_awaiter::await_resume().value();
            } else {
                if (this->fetching_) {
                    return std::move(this->fetching_->await_resume()).value();
                }
                // Decoded where it goes: the moves of a struct's strings cost more than reading it.
                value_type here;
                if (const auto failed = this->source_.take(here)) [[unlikely]] {
                    detail::throw_error(failed);
                }
                return here;
            }
        }
    };

    [[nodiscard]] awaiter operator co_await() && noexcept { return awaiter(*this); }

    [[nodiscard]] detail::reactor_core* core() const noexcept { return source_.core(); }
    /// For the library: the operation as a plain task, to be run on its reactor.
    [[nodiscard]] task<result<value_type>> release() && { return source_.fetch(); }
    operator awaitable<value_type>() && { return {source_.fetch(), source_.core()}; }  // NOLINT

 private:
    Source source_;
};

}  // namespace mongoro
