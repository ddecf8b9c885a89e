#pragma once

#include "io/completion.hpp"
#include "io/ready_list.hpp"
#include "io/timer.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <optional>
#include <stop_token>

namespace mongoro::io {

class reactor_core;

/// Watches a context's deadline and stop token while something is under way.
///
/// At the first of the two it calls the completion, once, from the reactor, with the `errc` as a
/// number: `deadline_exceeded` or `operation_cancelled`. A stop that is requested on another thread
/// is handed over to the reactor's. Nothing is registered for a deadline of never or a token that
/// cannot be stopped. Destroying it ends the watch; it stays where it is while it watches. On the
/// reactor's thread.
class interrupt {
 public:
    interrupt() noexcept = default;
    interrupt(const interrupt&) = delete;
    interrupt& operator=(const interrupt&) = delete;
    ~interrupt() { disarm(); }

    void arm(reactor_core& core, const detail::task_context& context, completion& c) {
        disarm();
        if (context.is_bounded()) {
            arm(core, context.stop, context.until, c,
                context.background ? timer::keeps_running::no : timer::keeps_running::yes);
        }
    }
    /// Calls from the next turn on, even if the time is past or the stop is requested.
    void arm(reactor_core& core, const std::stop_token& stop, deadline until, completion& c,
             timer::keeps_running keeps = timer::keeps_running::yes);
    void disarm() noexcept {
        if (core_ != nullptr) {
            end();
        }
    }

 private:
    struct stop_node : ready_node {
        interrupt* owner = nullptr;
    };
    struct expiry : completion {
        interrupt* owner = nullptr;
    };
    struct on_stop {
        interrupt* owner;
        void operator()() const noexcept;
    };
    void end() noexcept;
    void happened(errc what) noexcept;
    void detach() noexcept;
    friend class reactor_core;

    reactor_core* core_ = nullptr;  // null: it does not watch
    completion* completion_ = nullptr;
    timer timer_;
    expiry expiry_;
    stop_node node_;
    std::optional<std::stop_callback<on_stop>> callback_;
    interrupt* next_ = nullptr;  // the reactor's list of those with a stop token
    interrupt* prev_ = nullptr;
};

/// An interrupt that is made when there is something to watch: an operation without a deadline and
/// a stop token has a pointer in its frame, and not three lines of the cache more, which thousands
/// that wait add up.
class lazy_interrupt {
 public:
    lazy_interrupt() noexcept = default;
    lazy_interrupt(const lazy_interrupt&) = delete;
    lazy_interrupt& operator=(const lazy_interrupt&) = delete;
    ~lazy_interrupt() { disarm(); }

    /// As that of `interrupt`. Throws `bad_alloc`, and does not watch then.
    void arm(reactor_core& core, const std::stop_token& stop, deadline until, completion& c,
             timer::keeps_running keeps);
    void disarm() noexcept {
        if (made_ != nullptr) [[unlikely]] {
            drop();
        }
    }

 private:
    void drop() noexcept;

    interrupt* made_ = nullptr;
};

}  // namespace mongoro::io
