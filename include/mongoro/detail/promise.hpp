#pragma once

#include <mongoro/detail/context.hpp>
#include <mongoro/detail/frame.hpp>

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

// g++ makes a tail call of a symmetric transfer only at -O2 and without sanitizers: below, a loop
// over tasks that complete at once would grow the stack with every round. There the awaiting
// coroutine calls its child and looks whether it came back finished. clang always makes the tail
// call.
//
// So the `await_suspend` of an awaitable gives a bool for the one and a handle for the other. It
// has this number among its template arguments: a program of the one compiler and a library of the
// other would otherwise have two functions of one name, of which a linker keeps either.
#if defined(__GNUC__) && !defined(__clang__)
#define MONGORO_DETAIL_CALL_CHILD 1
#else
#define MONGORO_DETAIL_CALL_CHILD 0
#endif

namespace mongoro::detail {

/// What every task's promise has, whatever its value.
class promise_base {
 public:
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    struct final_awaiter {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> h) const noexcept {
            return h.promise().finished();
        }
        void await_resume() const noexcept {}
    };

    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] final_awaiter final_suspend() const noexcept { return {}; }

    [[nodiscard]] const task_context* context() const noexcept { return context_; }
    void set_context(const task_context* c) noexcept { context_ = c; }
    [[nodiscard]] std::coroutine_handle<> continuation() const noexcept { return continuation_; }
    void set_continuation(std::coroutine_handle<> h) noexcept { continuation_ = h; }
    /// Instead of resuming the continuation: schedule `node` on `core`.
    void set_hop(reactor_core* core, ready_node* node) noexcept {
        hop_core_ = core;
        hop_ = node;
    }

    /// Starts `child`, whose parent `parent` has just suspended; false: it finished, go on.
    template <typename Promise>
    static bool call(std::coroutine_handle<Promise> child) noexcept {
        promise_base& p = child.promise();
        if (p.context_->core == nullptr) {
            // Outside of a reactor, be it under a deadline or a token, the child may end on another
            // thread before resume() returns here.
            child.resume();
            return true;
        }
        p.call_ = call_state::starting;
        child.resume();
        if (p.call_ == call_state::finished) {
            return false;
        }
        p.call_ = call_state::none;
        return true;
    }

 private:
    enum class call_state : std::uint8_t { none, starting, finished };

    std::coroutine_handle<> finished() noexcept {
        if (call_ == call_state::starting) {
            call_ = call_state::finished;
            return std::noop_coroutine();
        }
        if (hop_ != nullptr) [[unlikely]] {
            schedule(*hop_core_, *hop_);
            return std::noop_coroutine();
        }
        return continuation_;
    }

    std::coroutine_handle<> continuation_ = std::noop_coroutine();
    const task_context* context_ = nullptr;
    reactor_core* hop_core_ = nullptr;
    ready_node* hop_ = nullptr;
    call_state call_ = call_state::none;
};

/// A promise's value: nothing yet, a value or an exception.
template <typename T>
class promise_value : public promise_base {
 public:
    promise_value() noexcept {}  // NOLINT: the union stays empty
    promise_value(const promise_value&) = delete;
    promise_value& operator=(const promise_value&) = delete;
    ~promise_value() {
        if (state_ == state::value) {
            std::destroy_at(std::addressof(value_));
        } else if (state_ == state::failed) {
            std::destroy_at(std::addressof(failure_));
        }
    }

    template <typename U = T>
        requires std::convertible_to<U&&, T>
    void return_value(U&& value) noexcept(std::is_nothrow_constructible_v<T, U&&>) {
        std::construct_at(std::addressof(value_), std::forward<U>(value));
        state_ = state::value;
    }
    void unhandled_exception() noexcept {
        std::construct_at(std::addressof(failure_), std::current_exception());
        state_ = state::failed;
    }
    T take() {
        if (state_ == state::failed) [[unlikely]] {
            std::rethrow_exception(std::move(failure_));
        }
        return std::move(value_);
    }

 private:
    enum class state : std::uint8_t { empty, value, failed };
    union {
        T value_;
        std::exception_ptr failure_;
    };
    state state_ = state::empty;
};

template <>
class promise_value<void> : public promise_base {
 public:
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { failure_ = std::current_exception(); }
    void take() {
        if (failure_) [[unlikely]] {
            std::rethrow_exception(std::move(failure_));
        }
    }

 private:
    std::exception_ptr failure_;
};

}  // namespace mongoro::detail
