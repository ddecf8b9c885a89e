#pragma once

#include <mongoro/detail/branch.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

namespace mongoro::detail {

/// Starts every branch and resumes when all have ended. The count is atomic since branches that are
/// awaited outside of a reactor may end on several threads.
class join_all : branch_listener {
 public:
    explicit join_all(std::span<const branch> branches) noexcept : branches_(branches) {}

    [[nodiscard]] bool await_ready() const noexcept { return branches_.empty(); }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) {
        parent_ = h;
        ended = [](branch_listener& l) noexcept -> std::coroutine_handle<> {
            auto& self = static_cast<join_all&>(l);
            return self.one_less() ? self.parent_ : std::noop_coroutine();
        };
        // One more than the branches, so that none of them resumes the parent from inside of this
        // loop.
        left_.store(branches_.size() + 1, std::memory_order_relaxed);
        for (const branch& b : branches_) {
            b.prepare(*this, context_of(h.promise()));
            b.start();
        }
        return !one_less();
    }
    void await_resume() const noexcept {}

 private:
    bool one_less() noexcept { return left_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

    std::span<const branch> branches_;
    std::coroutine_handle<> parent_;
    std::atomic<std::size_t> left_{0};
};

/// Starts the branches until one has ended, stops the others, and resumes with the index of the
/// first one when all that were started have ended.
class join_any {
 public:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    explicit join_any(std::span<const branch> branches)
        : branches_(branches), listeners_(std::make_unique<listener[]>(branches.size())) {}

    [[nodiscard]] bool await_ready() const noexcept { return branches_.empty(); }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) {
        parent_ = h;
        context_ = *context_of(h.promise());
        forward_.emplace(context_.stop, forward{this});
        context_.stop = stop_.get_token();
        left_.store(1, std::memory_order_relaxed);
        for (std::size_t i = 0; i < branches_.size(); ++i) {
            if (winner_.load(std::memory_order_relaxed) != none) {
                break;  // what has not started is simply destroyed
            }
            listeners_[i].owner = this;
            listeners_[i].index = i;
            listeners_[i].ended = &branch_ended;
            left_.fetch_add(1, std::memory_order_relaxed);
            branches_[i].prepare(listeners_[i], &context_);
            branches_[i].start();
        }
        return !one_less();
    }
    [[nodiscard]] std::size_t await_resume() const noexcept {
        return winner_.load(std::memory_order_relaxed);
    }

 private:
    struct listener : branch_listener {
        join_any* owner = nullptr;
        std::size_t index = 0;
    };
    struct forward {
        join_any* owner;
        void operator()() const noexcept { owner->stop_.request_stop(); }
    };

    static std::coroutine_handle<> branch_ended(branch_listener& l) noexcept {
        auto& self = static_cast<listener&>(l);
        join_any& any = *self.owner;
        std::size_t nobody = none;
        if (any.winner_.compare_exchange_strong(nobody, self.index, std::memory_order_relaxed)) {
            any.stop_.request_stop();
        }
        return any.one_less() ? any.parent_ : std::noop_coroutine();
    }
    bool one_less() noexcept { return left_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

    std::span<const branch> branches_;
    std::unique_ptr<listener[]> listeners_;
    std::coroutine_handle<> parent_;
    std::stop_source stop_;
    task_context context_;
    std::optional<std::stop_callback<forward>> forward_;
    std::atomic<std::size_t> winner_{none};
    std::atomic<std::size_t> left_{0};
};

}  // namespace mongoro::detail
