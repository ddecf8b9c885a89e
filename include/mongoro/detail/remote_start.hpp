#pragma once

#include <mongoro/detail/promise.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace mongoro::detail {

/// Starts a coroutine on a reactor that its parent does not run on, and brings the parent back to
/// its own reactor afterwards if it has one. An awaiter owns it.
///
/// The child refers to what stands in its parent's frame. When a parent of a reactor is destroyed
/// first, a child that has started is stopped and waited for, and one that has not never does.
class remote_start {
 public:
    struct letting_go {
        void operator()(remote_start* r) const noexcept { r->let_go(); }
    };

    remote_start() noexcept = default;
    remote_start(const remote_start&) = delete;
    remote_start& operator=(const remote_start&) = delete;

    /// True: `child` was handed over to `core`'s thread. False: the caller starts it here and now.
    /// Throws `std::bad_alloc`.
    [[nodiscard]] bool hand_over(reactor_core& core, const task_context& parent_context,
                                 promise_base& promise, std::coroutine_handle<> child,
                                 std::coroutine_handle<> parent) {
        // A deadline is a plain value, a stop token is safe to share: both go along.
        context_ = parent_context;
        context_.core = &core;
        promise.set_context(&context_);
        if (parent_context.core != nullptr) {
            stop_ = std::stop_source();
            context_.stop = stop_.get_token();
            forward_.emplace(parent_context.stop, forward{this});
            away_ = &core;
            home_ = parent_context.core;
            if (!context_.background) {
                add_work(*home_);
            }
            back_.owner = this;
            back_.coroutine = parent;
            back_.run = [](ready_node& node) noexcept {
                const hop& self = static_cast<hop&>(node);
                self.owner->come_home();
                self.coroutine.resume();
            };
            back_.drop = [](ready_node& node) noexcept {
                static_cast<hop&>(node).owner->home_ = nullptr;
            };
            promise.set_hop(home_, &back_);
        } else if (inside_reactor(core)) {
            return false;
        }
        start_.owner = this;
        start_.coroutine = child;
        start_.run = [](ready_node& node) noexcept {
            const hop& self = static_cast<hop&>(node);
            if (self.owner->leave_line(state::started)) {
                self.coroutine.resume();
            }
        };
        start_.drop = [](ready_node& node) noexcept {
            static_cast<void>(static_cast<hop&>(node).owner->leave_line(state::dropped));
        };
        schedule(core, start_);
        return true;
    }

 private:
    struct hop : ready_node {
        remote_start* owner = nullptr;
        std::coroutine_handle<> coroutine;
    };
    struct forward {
        remote_start* owner;
        void operator()() const noexcept { owner->stop_.request_stop(); }
    };
    enum class state : std::uint8_t { in_line, started, dropped, abandoned };

    ~remote_start() = default;

    /// On the child's reactor, or when that goes. False: nobody waits any more.
    bool leave_line(state to) noexcept {
        state now = state::in_line;
        if (state_.compare_exchange_strong(now, to, std::memory_order_acq_rel)) {
            return true;
        }
        delete this;
        return false;
    }

    void come_home() noexcept {
        if (!context_.background) {
            drop_work(*home_);
        }
        home_ = nullptr;
    }

    void let_go() noexcept {
        if (home_ != nullptr) {  // else it came back, or was never to
            forward_.reset();
            reactor_core& home = *home_;
            reactor_core& away = *away_;
            come_home();
            state now = state::in_line;
            if (state_.compare_exchange_strong(now, state::abandoned, std::memory_order_acq_rel)) {
                return;  // the other reactor frees it
            }
            if (now == state::started && nobody_else_runs(away)) {
                cancel_schedule(home, back_);  // the child goes with its parent
            } else if (now == state::started) {
                stop_.request_stop();
                await_schedule(home, back_);
            }
        }
        delete this;
    }

    hop start_;
    hop back_;
    task_context context_;
    reactor_core* home_ = nullptr;  // the parent's, until it is back
    reactor_core* away_ = nullptr;
    std::stop_source stop_{std::nostopstate};
    std::optional<std::stop_callback<forward>> forward_;
    std::atomic<state> state_{state::in_line};
};

}  // namespace mongoro::detail
