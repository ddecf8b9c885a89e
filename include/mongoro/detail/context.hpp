#pragma once

#include <mongoro/deadline.hpp>
#include <mongoro/error.hpp>

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <stop_token>

namespace mongoro::io {
class reactor_core;
}

namespace mongoro::detail {

using io::reactor_core;

/// What a coroutine inherits from the one that awaits it: by one pointer, so that a chain of tasks
/// pays nothing for it. It lives in the frame of whoever made it (`sync_wait`, `with_deadline`, a
/// scope).
struct task_context {
    reactor_core* core = nullptr;
    std::stop_token stop;
    deadline until;
    /// What waits under it does not keep `run()` running: the work of monitors and of pools.
    bool background = false;

    /// It has a deadline, or can be stopped.
    [[nodiscard]] bool is_bounded() const noexcept {
        return !until.is_never() || stop.stop_possible();
    }
    /// `operation_cancelled`, `deadline_exceeded`, or no error.
    [[nodiscard]] error interrupted() const noexcept {
        if (stop.stop_requested()) {
            return errc::operation_cancelled;
        }
        return until.expired() ? error(errc::deadline_exceeded) : error();
    }
};

/// A promise that hands a context down.
template <typename Promise>
concept has_context = requires(const Promise& p) {
    { p.context() } -> std::convertible_to<const task_context*>;
};

/// The context of a coroutine that is no task of ours: no reactor, no deadline, no stop.
[[nodiscard]] const task_context& outside_context() noexcept;

/// Never null, so that one look at its `core` says whether there is a reactor.
template <typename Promise>
[[nodiscard]] const task_context* context_of(const Promise& p) noexcept {
    if constexpr (has_context<Promise>) {
        return p.context();
    } else {
        return &outside_context();
    }
}

/// An entry of a reactor's queue of things to run: linked, never allocated here. While it is queued
/// it must stay where it is; `cancel_schedule()` takes it out.
struct ready_node {
    void (*run)(ready_node&) noexcept = nullptr;
    /// Called instead of `run` when the reactor is destroyed first; null: nothing to clean up.
    void (*drop)(ready_node&) noexcept = nullptr;
    ready_node* next = nullptr;
    ready_node* prev = nullptr;  // null while the node is not in a reactor's own list
    bool queued = false;
};

/// Runs `node` from `run()` or `poll()`. From any thread.
void schedule(reactor_core& core, ready_node& node) noexcept;
/// Takes a scheduled node out again. Only on the reactor's thread, once nobody can schedule it any
/// more.
void cancel_schedule(reactor_core& core, ready_node& node) noexcept;
/// Blocks until another thread has scheduled `node`, and takes it out again. On the reactor's
/// thread.
void await_schedule(reactor_core& core, ready_node& node) noexcept;
[[nodiscard]] bool in_reactor_thread(const reactor_core& core) noexcept;
/// Nobody else can be running it: this is its thread, or that has ended. Of one that has been run.
[[nodiscard]] bool nobody_else_runs(const reactor_core& core) noexcept;
/// True while `run()`, `poll()` or `sync_wait()` of this reactor is on the stack of this thread.
[[nodiscard]] bool inside_reactor(const reactor_core& core) noexcept;
/// The context of a coroutine that nothing bounds: no deadline, no stop.
[[nodiscard]] const task_context& root_context(reactor_core& core) noexcept;
/// Keeps `run()` from returning for want of work. On the reactor's thread.
void add_work(reactor_core& core) noexcept;
void drop_work(reactor_core& core) noexcept;
/// An exception with no awaiting coroutine to go to: it leaves `run()` or `poll()` at the end of
/// this turn.
void escape(reactor_core& core, std::exception_ptr e) noexcept;

/// What another layer keeps beside a reactor. It is destroyed first when the reactor is.
struct attachment {
    attachment() noexcept = default;
    attachment(const attachment&) = delete;
    attachment& operator=(const attachment&) = delete;
    virtual ~attachment() = default;
};
/// The attachment of `core` (there is one), made on the first call. From any thread.
[[nodiscard]] attachment& attach(reactor_core& core,
                                 std::unique_ptr<attachment> (*make)(reactor_core&));

/// `co_await this_context{}`: the context of the awaiting coroutine; outside of any reactor it has
/// no `core`.
struct this_context {
    const task_context* context = nullptr;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
        context = context_of(h.promise());
        return false;
    }
    [[nodiscard]] const task_context& await_resume() const noexcept { return *context; }
};

/// `co_await use_context{&c}`: from here on, what this coroutine awaits inherits `c`.
struct use_context {
    const task_context* context;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <has_context Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) noexcept {
        h.promise().set_context(context);
        return false;
    }
    void await_resume() const noexcept {}
};

}  // namespace mongoro::detail
