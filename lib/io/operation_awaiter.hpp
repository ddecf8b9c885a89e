#pragma once

#include "io/completion.hpp"
#include "io/interrupt.hpp"
#include "io/kernel_operation.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <coroutine>
#include <memory>
#include <utility>

namespace mongoro::io {

struct operation_release {
    void operator()(kernel_operation* op) const noexcept { op->release(); }
};
using operation_ptr = std::unique_ptr<kernel_operation, operation_release>;

/// `const int r = co_await run_operation(op, context, &why);` starts an operation and waits for it.
/// A coroutine that is destroyed here leaves it to the reactor, which cancels it and keeps its
/// buffer until it has ended.
class [[nodiscard]] operation_awaiter : completion {
 public:
    operation_awaiter(operation_ptr op, const detail::task_context& context, error* why) noexcept
        : op_(std::move(op)), context_(context), why_(why) {}
    operation_awaiter(const operation_awaiter&) = delete;
    operation_awaiter& operator=(const operation_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        handle_ = h;
        fn = [](completion& c, int r) noexcept {
            auto& self = static_cast<operation_awaiter&>(c);
            self.interrupt_.disarm();
            self.result_ = r;
            self.handle_.resume();
        };
        watch_.owner = this;
        watch_.fn = [](completion& c, int e) noexcept {
            auto& self = *static_cast<watch&>(c).owner;
            *self.why_ = static_cast<errc>(e);
            self.op_->cancel();
        };
        op_->background = context_.background;
        interrupt_.arm(*op_->core, context_, watch_);
        op_->begin(*this);
    }
    [[nodiscard]] int await_resume() const noexcept { return result_; }

 private:
    struct watch : completion {
        operation_awaiter* owner = nullptr;
    };

    operation_ptr op_;
    const detail::task_context& context_;
    error* why_;
    std::coroutine_handle<> handle_;
    watch watch_;
    interrupt interrupt_;
    int result_ = 0;
};

inline operation_awaiter run_operation(operation_ptr op, const detail::task_context& context,
                                       error& why) noexcept {
    return {std::move(op), context, &why};
}

}  // namespace mongoro::io
