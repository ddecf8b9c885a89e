#pragma once

#include <mongoro/error.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace mongoro::io {

class reactor_core;

namespace impl {

/// What a thread does. It and the coroutine that waits for it have a share each.
class thread_job {
 public:
    thread_job() noexcept = default;
    thread_job(const thread_job&) = delete;
    thread_job& operator=(const thread_job&) = delete;
    virtual ~thread_job() = default;

    virtual void run() noexcept = 0;

    std::atomic<bool> done = false;  ///< what `run()` wrote may be read
};

/// Has a new thread run it, and waits until it has. Errors: those of `on_thread` itself.
[[nodiscard]] task<error> run_on_thread(reactor_core& core, std::shared_ptr<thread_job> job);

template <typename Work>
class job_of final : public thread_job {
 public:
    explicit job_of(Work work) : work_(std::move(work)) {}

    void run() noexcept override {
        try {
            result.emplace(work_());
        } catch (const std::bad_alloc&) {
            result.reset();
        }
    }

    std::optional<std::invoke_result_t<Work&>> result;  ///< none: there was no memory

 private:
    Work work_;
};

}  // namespace impl

/// Calls `work()`, which blocks and gives a `result<T>`, on a thread of its own: for libraries that
/// know no other way. The reactor goes on meanwhile.
///
/// It throws nothing but `std::bad_alloc`, owns all that it works with, and must not touch the
/// reactor. A task that is stopped or destroyed, or whose deadline passes, does not wait: the
/// thread ends when `work()` does, which is destroyed there, and nobody hears of what came of it.
/// Signals are blocked in it, but for its own faults. A thread for each call: not for what happens
/// often.
///
/// Errors: those of `work()`, and `not_enough_memory` if it throws; the system's, if there is no
/// thread or no descriptor to be had; `deadline_exceeded`, `operation_cancelled`. Throws
/// `std::bad_alloc` before there is a thread. Must be awaited by a task of `core`.
template <typename Work>
[[nodiscard]] task<std::invoke_result_t<Work&>> on_thread(reactor_core& core, Work work) {
    auto job = std::make_shared<impl::job_of<Work>>(std::move(work));
    auto running = impl::run_on_thread(core, job);
    if (auto failed = co_await std::move(running)) {
        co_return failed;
    }
    if (!job->result) {
        co_return error(std::make_error_code(std::errc::not_enough_memory));
    }
    co_return std::move(*job->result);
}

}  // namespace mongoro::io
