#pragma once

#include <mongoro/detail/promise.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace mongoro::detail {

template <typename A>
decltype(auto) awaiter_of(A&& a) {
    if constexpr (requires { std::forward<A>(a).operator co_await(); }) {
        return std::forward<A>(a).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<A>(a)); }) {
        return operator co_await(std::forward<A>(a));
    } else {
        return std::forward<A>(a);
    }
}

/// What `co_await std::declval<A>()` gives, without reference.
template <typename A>
using await_value_t = std::remove_cvref_t<
    decltype(std::declval<decltype(awaiter_of(std::declval<A>()))&>().await_resume())>;

/// Something that `co_await` takes as an rvalue.
template <typename A>
concept awaitable_like =
    requires(A a) { awaiter_of(std::move(a)); } && requires { typename await_value_t<A>; };

/// `T` in a tuple or a variant: `void` is `std::monostate`.
template <typename T>
using element_t = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Where a branch leaves what it came to.
template <typename T>
class outcome {
 public:
    template <typename U>
    void set(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    void fail(std::exception_ptr e) noexcept { failure_ = std::move(e); }
    [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
    element_t<T> take() {
        if (failure_) {
            std::rethrow_exception(std::move(failure_));
        }
        return std::move(*value_);
    }

 private:
    std::optional<element_t<T>> value_;
    std::exception_ptr failure_;
};

/// Is told that a branch has ended.
struct branch_listener {
    /// Gives the coroutine to go on with, or the no-op coroutine.
    std::coroutine_handle<> (*ended)(branch_listener& self) noexcept = nullptr;
};

/// A coroutine that somebody other than an awaiting coroutine owns and is told of.
class [[nodiscard]] branch {
 public:
    class promise_type : public promise_base {
     public:
        struct final_awaiter {
            [[nodiscard]] bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(
                std::coroutine_handle<promise_type> h) const noexcept {
                branch_listener& told = *h.promise().listener;
                return told.ended(told);
            }
            void await_resume() const noexcept {}
        };
        branch get_return_object() noexcept {
            return branch(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        [[nodiscard]] final_awaiter final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }  // its body catches all

        branch_listener* listener = nullptr;
    };

    branch() noexcept = default;
    branch(branch&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    branch& operator=(branch&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~branch() {
        if (handle_) {
            handle_.destroy();
        }
    }

    /// Says who is told and what is inherited, before `start()`.
    void prepare(branch_listener& listener, const task_context* context) const noexcept {
        handle_.promise().listener = &listener;
        handle_.promise().set_context(context);
    }
    /// Runs it until it first waits, or to its end.
    void start() const { handle_.resume(); }
    [[nodiscard]] std::coroutine_handle<> handle() const noexcept { return handle_; }
    [[nodiscard]] bool done() const noexcept { return !handle_ || handle_.done(); }

 private:
    explicit branch(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}

    std::coroutine_handle<promise_type> handle_;
};

/// Awaits `a` and leaves what it came to in `to`, which must outlive the branch.
template <typename A, typename T = await_value_t<A>>
branch branch_of(A a, outcome<T>* to) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(a);
            to->set(std::monostate());
        } else {
            to->set(co_await std::move(a));
        }
    } catch (...) {
        to->fail(std::current_exception());
    }
}

}  // namespace mongoro::detail
