#pragma once

#include <mongoro/detail/branch.hpp>
#include <mongoro/task.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <stop_token>
#include <utility>

namespace mongoro::detail {

/// Coroutines that run side by side under one owner; what `task_scope` and the reactor's own
/// background work stand on. On the reactor's thread, but for `spawn()` before it runs.
class scope {
 public:
    /// What a failed child does.
    enum class on_failure {
        cancel_others,  ///< the first failure is kept for `join()`, and the others are stopped
        escape,         ///< it leaves `run()` or `poll()`
    };

    scope(reactor_core& core, on_failure policy);
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    /// Destroys what still runs.
    ~scope();

    template <typename A>
    void spawn(A a) {
        auto made = std::make_unique<child_of<await_value_t<A>>>();
        made->work = branch_of(std::move(a), &made->to);
        adopt(made.release());
    }
    void cancel() noexcept { stop_.request_stop(); }
    /// What its children wait for does not keep `run()` running. Before the first of them.
    void set_background() noexcept { context_.background = true; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] task<void> join();

 private:
    struct child : branch_listener, ready_node {
        virtual ~child() = default;
        [[nodiscard]] virtual std::exception_ptr failure() const noexcept = 0;
        scope* owner = nullptr;
        child* next_child = nullptr;
        child* prev_child = nullptr;
        branch work;
    };
    template <typename T>
    struct child_of final : child {
        ~child_of() override { this->work = branch(); }  // before what it writes to
        [[nodiscard]] std::exception_ptr failure() const noexcept override { return to.failure(); }
        outcome<T> to;
    };
    struct join_awaiter;

    void adopt(child* c);
    void remove(child& c) noexcept;
    void reap(child& c) noexcept;

    reactor_core& core_;
    on_failure policy_;
    std::stop_source stop_;
    task_context context_;
    child* first_ = nullptr;
    std::size_t size_ = 0;
    std::exception_ptr failure_;
    join_awaiter* joiner_ = nullptr;
};

/// Runs `a` in the background of a reactor, which owns it: an exception that leaves it leaves
/// `run()` or `poll()`; the reactor's destruction destroys it. From the reactor's thread, or before
/// that runs.
scope& background_of(reactor_core& core);

template <typename A>
void spawn(reactor_core& core, A a) {
    background_of(core).spawn(std::move(a));
}

}  // namespace mongoro::detail
