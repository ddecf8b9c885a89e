#pragma once

#include <mongoro/detail/promise.hpp>

#include <coroutine>
#include <type_traits>
#include <utility>

namespace mongoro {

/// A coroutine that starts when it is awaited, and gives its value, or its exception, to the one
/// that awaits it.
///
/// * Lazy: nothing runs until `co_await std::move(t)`. It can be awaited once.
/// * Owning: destroying a task that is suspended in the middle cancels what it waits for and
/// destroys its
///   locals; a connection or a buffer that the kernel still uses stays with the reactor until its
///   completion has come. Destroy a started task on its reactor's thread.
/// * It inherits the reactor, `std::stop_token` and deadline of the coroutine that awaits it
///   (`sync_wait`, `task_scope`, `with_deadline`, `with_stop` make new ones).
/// * Any coroutine type can await it. From a coroutine that is no task of ours it runs on the
///   calling thread until it first waits for an operation, and goes on where that ended, on the
///   thread of that operation's reactor; its continuation resumes where the task itself ends: on
///   the thread of the reactor that it waited for last, or, if it never waited, on the calling one.
/// * Frames come from a free list of the thread: no allocation once warm.
/// * A long loop over tasks that complete without waiting uses no stack, with either compiler and
/// at any
///   level of optimisation, inside a reactor. Outside of one g++ needs -O2 for that.
template <typename T = void>
class [[nodiscard]] task {
 public:
    using value_type = T;

    class promise_type : public detail::promise_value<T> {
     public:
        task get_return_object() noexcept {
            return task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
    };

    /// Holds no coroutine; awaiting it is an error of the program.
    task() noexcept = default;
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            reset();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~task() { reset(); }

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    class awaiter {
     public:
        explicit awaiter(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}

        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <typename Promise, int /*Way*/ = MONGORO_DETAIL_CALL_CHILD>
        auto await_suspend(std::coroutine_handle<Promise> parent) noexcept {
            auto& p = handle_.promise();
            p.set_continuation(parent);
            p.set_context(detail::context_of(parent.promise()));
#if MONGORO_DETAIL_CALL_CHILD
            return detail::promise_base::call(handle_);
#else
            return std::coroutine_handle<>(handle_);
#endif
        }
        T await_resume() { return handle_.promise().take(); }

     private:
        std::coroutine_handle<promise_type> handle_;
    };

    /// Runs the task; gives its value or throws what it threw.
    [[nodiscard]] awaiter operator co_await() && noexcept { return awaiter(handle_); }

    /// For the library's own awaiters: the coroutine, still owned by this task.
    [[nodiscard]] std::coroutine_handle<promise_type> handle() const noexcept { return handle_; }

 private:
    explicit task(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
    void reset() noexcept {
        if (handle_) {
            std::exchange(handle_, nullptr).destroy();
        }
    }

    std::coroutine_handle<promise_type> handle_;
};

}  // namespace mongoro
