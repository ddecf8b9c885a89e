#pragma once

#include "io/completion.hpp"
#include "io/interrupt.hpp"
#include "io/stream.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/error.hpp>

#include <coroutine>
#include <optional>

namespace mongoro::io {

/// `const int r = co_await waiting(s, context, [&](completion& c) { s.receive(bytes, mode, c); });`
///
/// Starts an operation of a stream and waits for its completion. When the context's deadline passes
/// or its stop is requested the operation is cancelled; `r` is what it came to, and `why` says what
/// was first. A coroutine that is destroyed here is not called any more, and the operation is
/// cancelled.
/// `Stream` is a `stream`, or has its `core`, `cancel` and `abandon`.
template <typename Stream, typename Start>
class [[nodiscard]] stream_awaiter : completion {
 public:
    stream_awaiter(Stream& s, const detail::task_context& context, Start start, error* why) noexcept
        : stream_(s), context_(context), start_(start), why_(why) {}
    stream_awaiter(const stream_awaiter&) = delete;
    stream_awaiter& operator=(const stream_awaiter&) = delete;
    ~stream_awaiter() {
        if (waiting_) {
            stream_.abandon(*this);
            stream_.cancel();
        }
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        handle_ = h;
        fn = [](completion& c, int r) noexcept {
            auto& self = static_cast<stream_awaiter&>(c);
            self.waiting_ = false;
            self.result_ = r;
            self.watch_.reset();
            self.handle_.resume();
        };
        if (!context_.until.is_never() || context_.stop.stop_possible()) {
            watch_.emplace();
            watch_->owner = this;
            watch_->fn = [](completion& c, int e) noexcept {
                auto& self = *static_cast<watch&>(c).owner;
                if (self.why_ != nullptr) {
                    *self.why_ = static_cast<errc>(e);
                }
                self.stream_.cancel();
            };
            watch_->interruption.arm(*stream_.core(), context_, *watch_);
        }
        start_(static_cast<completion&>(*this));
        waiting_ = true;
    }
    [[nodiscard]] int await_resume() const noexcept { return result_; }

 private:
    struct watch : completion {
        stream_awaiter* owner = nullptr;
        interrupt interruption;
    };

    Stream& stream_;
    const detail::task_context& context_;
    Start start_;
    error* why_;
    std::coroutine_handle<> handle_;
    std::optional<watch> watch_;
    int result_ = 0;
    bool waiting_ = false;
};

template <typename Stream, typename Start>
stream_awaiter<Stream, Start> waiting(Stream& s, const detail::task_context& context, Start start,
                                      error* why = nullptr) noexcept {
    return stream_awaiter<Stream, Start>(s, context, start, why);
}

}  // namespace mongoro::io
