#pragma once

#include <mongoro/detail/remote_start.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <coroutine>
#include <memory>
#include <utility>

namespace mongoro {

/// A public operation that has not started: `co_await op` gives its value or throws
/// `mongoro::exception`; `co_await as_result(std::move(op))` gives a `result<T>` and throws nothing
/// but `std::bad_alloc`.
///
/// Lazy: it starts when awaited, once, and may be destroyed unstarted. Movable.
///
/// It knows its reactor, and runs there: awaited anywhere else it is handed over, and that reactor
/// must be run until it has ended. Where the awaiting coroutine resumes: a task of a reactor
/// resumes on its own reactor's thread, whose `run()` goes on for it meanwhile; a coroutine of any
/// other kind resumes on the thread of the operation's reactor.
///
/// Destroying a task that awaits an operation of another thread's reactor stops the operation and
/// blocks until it has ended there; request the task's stop where that matters. A coroutine of any
/// other kind must not be destroyed before it resumes.
template <typename T>
class [[nodiscard]] awaitable {
 public:
    using value_type = T;

    /// For the library. `core` is the reactor that it runs on; null: that of the awaiting
    /// coroutine.
    awaitable(task<result<T>> operation,  // NOLINT: an operation is its coroutine
              detail::reactor_core* core = nullptr) noexcept
        : operation_(std::move(operation)), core_(core) {}

    /// Gives `result<T>`.
    class result_awaiter {
     public:
        explicit result_awaiter(awaitable& op) noexcept
            : handle_(op.operation_.handle()), core_(op.core_) {}

        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <typename Promise, int /*Way*/ = MONGORO_DETAIL_CALL_CHILD>
        auto await_suspend(std::coroutine_handle<Promise> parent) {
            const detail::task_context* context = detail::context_of(parent.promise());
            auto& p = handle_.promise();
            p.set_continuation(parent);
            if (core_ == nullptr || context->core == core_) [[likely]] {
                p.set_context(context);
            } else if (elsewhere().hand_over(*core_, *context, p, handle_, parent)) {
#if MONGORO_DETAIL_CALL_CHILD
                return true;
#else
                return std::coroutine_handle<>(std::noop_coroutine());
#endif
            }
#if MONGORO_DETAIL_CALL_CHILD
            return detail::promise_base::call(handle_);
#else
            return std::coroutine_handle<>(handle_);
#endif
        }
        result<T> await_resume() { return handle_.promise().take(); }

     private:
        detail::remote_start& elsewhere() {
            remote_.reset(new detail::remote_start);
            return *remote_;
        }

        std::coroutine_handle<typename task<result<T>>::promise_type> handle_;
        detail::reactor_core* core_;
        // Only made where it is needed: this object stands in the frame of who awaits.
        std::unique_ptr<detail::remote_start, detail::remote_start::letting_go> remote_;
    };

    /// Gives `T`, or throws `mongoro::exception`.
    class awaiter : public result_awaiter {
     public:
        using result_awaiter::result_awaiter;
        T await_resume() {
            if constexpr (std::is_void_v<T>) {
                result_awaiter::await_resume().value();
            } else {
                return std::move(result_awaiter::await_resume()).value();
            }
        }
    };

    [[nodiscard]] awaiter operator co_await() && noexcept { return awaiter(*this); }

    [[nodiscard]] detail::reactor_core* core() const noexcept { return core_; }
    /// For the library: the operation as a plain task, to be run on its reactor.
    [[nodiscard]] task<result<T>> release() && noexcept { return std::move(operation_); }

 private:
    task<result<T>> operation_;
    detail::reactor_core* core_;
};

}  // namespace mongoro
