#pragma once

#include "io/completion.hpp"
#include "io/interrupt.hpp"
#include "io/timer.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <coroutine>

namespace mongoro::io {

/// `error e = co_await sleeping(core, context, when);` waits until `when`, or for the context's
/// deadline or stop, whichever is first; no error for `when`.
class [[nodiscard]] sleep_awaiter : completion {
 public:
    sleep_awaiter(reactor_core& core, const detail::task_context& context,
                  timer::clock::time_point when) noexcept
        : core_(core), context_(context), when_(when) {}
    sleep_awaiter(const sleep_awaiter&) = delete;
    sleep_awaiter& operator=(const sleep_awaiter&) = delete;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        handle_ = h;
        fn = [](completion& c, int) noexcept { static_cast<sleep_awaiter&>(c).end(error()); };
        stopped_.owner = this;
        stopped_.fn = [](completion& c, int e) noexcept {
            static_cast<watch&>(c).owner->end(static_cast<errc>(e));
        };
        // The deadline needs its timer only if it is the earlier one.
        const bool shorter = context_.until.when() < when_;
        const auto keeps =
            context_.background ? timer::keeps_running::no : timer::keeps_running::yes;
        interrupt_.arm(core_, context_.stop, shorter ? context_.until : deadline::never(), stopped_,
                       keeps);
        if (!shorter) {
            timer_.arm(core_, when_, *this, keeps);
        }
    }
    [[nodiscard]] error await_resume() const noexcept { return why_; }

 private:
    struct watch : completion {
        sleep_awaiter* owner = nullptr;
    };
    void end(error why) noexcept {
        timer_.disarm();
        interrupt_.disarm();
        why_ = std::move(why);
        handle_.resume();
    }

    reactor_core& core_;
    const detail::task_context& context_;
    timer::clock::time_point when_;
    std::coroutine_handle<> handle_;
    error why_;
    timer timer_;
    watch stopped_;
    interrupt interrupt_;
};

inline sleep_awaiter sleeping(reactor_core& core, const detail::task_context& context,
                              timer::clock::time_point when) noexcept {
    return {core, context, when};
}

}  // namespace mongoro::io
