#pragma once

#include <mongoro/detail/promise.hpp>

#include <coroutine>

namespace mongoro::detail {

/// Starts a coroutine on a reactor that its parent does not run on, and brings the parent back to
/// its own reactor afterwards if it has one. Part of an awaiter, so it lives in the parent's frame.
class remote_start {
 public:
    /// True: `child` was handed over to `core`'s thread. False: the caller starts it here and now.
    [[nodiscard]] bool hand_over(reactor_core& core, const task_context* parent_context,
                                 promise_base& promise, std::coroutine_handle<> child,
                                 std::coroutine_handle<> parent) noexcept {
        promise.set_context(&root_context(core));
        if (parent_context != nullptr) {
            // A deadline is a plain value, a stop token is safe to share: both go along.
            context_ = *parent_context;
            context_.core = &core;
            promise.set_context(&context_);
        }
        if (parent_context != nullptr && parent_context->core != nullptr) {
            back_.parent = parent;
            back_.run = [](ready_node& node) noexcept { static_cast<hop&>(node).parent.resume(); };
            promise.set_hop(parent_context->core, &back_);
        } else if (inside_reactor(core)) {
            return false;
        }
        start_.parent = child;
        start_.run = [](ready_node& node) noexcept { static_cast<hop&>(node).parent.resume(); };
        schedule(core, start_);
        return true;
    }

 private:
    struct hop : ready_node {
        std::coroutine_handle<> parent;
    };
    hop start_;
    hop back_;
    task_context context_;
};

}  // namespace mongoro::detail
