#pragma once

#include "io/backend.hpp"
#include "io/buffer_pool.hpp"
#include "io/forked_backend.hpp"
#include "io/process_generation.hpp"
#include "io/ready_list.hpp"
#include "io/thread_id.hpp"
#include "io/timer.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/detail/scope.hpp>
#include <mongoro/reactor.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

namespace mongoro::io {

class interrupt;

/// The inside of a `reactor`: its queue, timers, buffers and backend.
class reactor_core {
 public:
    /// `not_supported` with the system's error as its cause when the backend is refused.
    [[nodiscard]] static result<std::unique_ptr<reactor_core>> create(
        const reactor_options& options);
    ~reactor_core();
    reactor_core(const reactor_core&) = delete;
    reactor_core& operator=(const reactor_core&) = delete;

    // The loop. Each throws `mongoro::exception` on the wrong thread, from inside, or in a child
    // process, and what escaped.
    void run();
    std::size_t poll();
    /// Until `done`; false: `stop()` came first.
    bool run_until(const bool& done);
    /// Binds to this thread; throws as `run()` does where it may not run.
    void check_enter() { enter(); }
    /// Binds to this thread if none is bound yet; whether it is this one now.
    bool claim() noexcept;
    void stop() noexcept;
    [[nodiscard]] int native_handle();

    // Scheduling.
    void schedule(ready_node& node) noexcept;  // from any thread
    void unschedule(ready_node& node) noexcept;
    /// Blocks until another thread has scheduled `node`, and unschedules it.
    void await_schedule(ready_node& node) noexcept;
    /// On the reactor's own thread: run `node` in this turn or the next.
    void defer(ready_node& node) noexcept {
        ready_.push_back(node);
        started_outside();
    }
    void escape(std::exception_ptr e) noexcept;
    /// The backend can wait for nothing any more: something has closed its descriptor. Leaves
    /// `run()`, `poll()` or `sync_wait` as an exception.
    void lost_backend(int negated_errno) noexcept;

    [[nodiscard]] bool in_thread() const noexcept {
        return owner_.load(std::memory_order_relaxed) == this_thread_id();
    }
    /// Whether a thread has claimed it that is gone by now. From any thread.
    [[nodiscard]] bool owner_has_ended() const noexcept {
        const auto* const ended = owner_ended_.load(std::memory_order_acquire);
        return ended != nullptr && ended->load(std::memory_order_acquire);
    }
    [[nodiscard]] bool inside() const noexcept { return in_thread() && running_; }
    [[nodiscard]] const detail::task_context& root_context() const noexcept { return root_; }
    [[nodiscard]] reactor_backend kind() const noexcept { return kind_; }

    /// What `detail::attach()` keeps here.
    [[nodiscard]] std::atomic<detail::attachment*>& attached() noexcept { return attachment_; }

    // Parts.
    [[nodiscard]] timer_heap& timers() noexcept { return timers_; }
    /// Coroutines that the reactor itself owns.
    [[nodiscard]] detail::scope& background() noexcept { return *background_scope_; }
    [[nodiscard]] buffer_pool& buffers() noexcept { return buffers_; }
    [[nodiscard]] backend& back() noexcept { return forked() ? forked_backend() : *backend_; }
    /// This is a child of the process that made it: the sockets, the ring and the epoll set belong
    /// to the parent as well. Nothing may be done with them but closing the descriptors.
    [[nodiscard]] bool forked() const noexcept { return !generation_.is_current(); }

    // Accounting.
    void add_work() noexcept { ++work_; }
    void drop_work() noexcept { --work_; }
    void began(bool background) noexcept {
        ++in_flight_;
        background_ += background ? 1 : 0;
        if (!running_) [[unlikely]] {
            started_outside();
        }
    }
    void ended(bool background) noexcept {
        --in_flight_;
        background_ -= background ? 1 : 0;
        ++statistics_.completions;
    }
    /// Something was prepared outside of `run()` and `poll()`: whoever polls the handle must call
    /// us.
    void started_outside() noexcept {
        if (!running_ && has_handle_) {
            back().wake();
        }
    }
    /// The backend's timeout went off.
    void timers_due() noexcept {
        timers_due_ = true;
        armed_ = timer::clock::time_point::max();
    }
    [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_; }
    [[nodiscard]] reactor_statistics& statistics() noexcept { return statistics_; }
    /// The reactor is being destroyed: nobody is to be called.
    [[nodiscard]] bool closing() const noexcept { return closing_; }

    /// Points at true until the reactor is destroyed: for what may outlive it.
    [[nodiscard]] std::shared_ptr<const bool> alive() const noexcept { return alive_; }

    // What must be told when the reactor is destroyed.
    void add(stream& s) noexcept;
    void remove(stream& s) noexcept;
    void add(kernel_operation& op) noexcept;
    void remove(kernel_operation& op) noexcept;
    void add(interrupt& i) noexcept;
    void remove(interrupt& i) noexcept;

 private:
    class loop_guard;

    explicit reactor_core(const reactor_options& options);

    void enter();
    [[nodiscard]] bool take_stop() noexcept;
    bool loop(const bool* done);
    std::size_t step(backend::wait w) noexcept;
    std::size_t run_ready() noexcept;
    void take_posts() noexcept;
    void forget_parts() noexcept;
    void drop_ready() noexcept;
    void throw_escaped();
    [[nodiscard]] bool outstanding() const noexcept;
    /// There is something that neither the ring nor the epoll set knows of.
    [[nodiscard]] bool pending() const noexcept {
        return !ready_.empty() || posts_.load(std::memory_order_relaxed) != nullptr ||
               timers_.earliest() < armed_;
    }
    [[nodiscard]] bool drain_kernel() noexcept;

    std::unique_ptr<backend> backend_;
    process_generation generation_;
    reactor_backend kind_ = reactor_backend::io_uring;
    bool running_ = false;
    bool has_handle_ = false;
    bool timers_due_ = false;
    bool closing_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::atomic<bool> stop_{false};
    std::atomic<thread_id> owner_{no_thread};
    std::shared_ptr<const std::atomic<bool>> owner_flag_;
    std::atomic<const std::atomic<bool>*> owner_ended_{nullptr};  // null: it cannot be known
    // What was scheduled from outside of the loop: a stack that the reactor takes whole. The push
    // that finds it empty wakes, and who takes it runs it or wakes again; so no flag says whether
    // the reactor sleeps.
    std::atomic<ready_node*> posts_{nullptr};
    std::atomic<std::uint32_t> visitors_{0};  // threads that are in the middle of schedule()
    std::atomic<detail::attachment*> attachment_{nullptr};
    ready_list ready_;
    ready_list current_;
    timer_heap timers_;
    timer::clock::time_point armed_ = timer::clock::time_point::max();
    buffer_pool buffers_;
    detail::task_context root_;
    std::size_t in_flight_ = 0;
    std::size_t background_ = 0;
    std::size_t work_ = 0;
    reactor_statistics statistics_;
    std::exception_ptr escaped_;  // the first one; it needs no memory
    std::vector<std::exception_ptr> escaped_later_;
    std::unique_ptr<detail::scope> background_scope_;
    stream* streams_ = nullptr;
    kernel_operation* operations_ = nullptr;
    interrupt* interrupts_ = nullptr;
};

/// Null, and a negated errno in `refused`, when no descriptor is left.
[[nodiscard]] std::unique_ptr<backend> make_epoll_backend(reactor_core& core, int& refused);

}  // namespace mongoro::io
