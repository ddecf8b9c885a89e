#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/buffered_awaitable.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <type_traits>
#include <utility>

namespace mongoro {

namespace detail {

/// Of an `awaitable` or a `buffered_awaitable`.
template <typename Operation>
class [[nodiscard]] operation_as_result {
 public:
    explicit operation_as_result(Operation op) noexcept : op_(std::move(op)) {}
    [[nodiscard]] typename Operation::result_awaiter operator co_await() && noexcept {
        return typename Operation::result_awaiter(op_);
    }

 private:
    Operation op_;
};

template <typename T>
class [[nodiscard]] task_as_result {
 public:
    explicit task_as_result(task<T> t) noexcept : task_(std::move(t)) {}

    class awaiter : public task<T>::awaiter {
     public:
        using task<T>::awaiter::awaiter;
        result<T> await_resume() {
            try {
                if constexpr (std::is_void_v<T>) {
                    task<T>::awaiter::await_resume();
                    return {};
                } else {
                    return task<T>::awaiter::await_resume();
                }
            } catch (const exception& e) {
                return e.error();
            }
        }
    };
    [[nodiscard]] awaiter operator co_await() && noexcept { return awaiter(task_.handle()); }

 private:
    task<T> task_;
};

}  // namespace detail

/// `co_await as_result(op)`: the operation's `result<T>`, with nothing thrown but `std::bad_alloc`.
template <typename T>
[[nodiscard]] auto as_result(awaitable<T>&& op) noexcept {
    return detail::operation_as_result<awaitable<T>>(std::move(op));
}
template <typename Source>
[[nodiscard]] auto as_result(buffered_awaitable<Source>&& op) noexcept {
    return detail::operation_as_result<buffered_awaitable<Source>>(std::move(op));
}

/// The same of a task: a `mongoro::exception` that leaves it becomes the result's error; every
/// other exception passes through.
template <typename T>
[[nodiscard]] auto as_result(task<T>&& t) noexcept {
    return detail::task_as_result<T>(std::move(t));
}

}  // namespace mongoro
