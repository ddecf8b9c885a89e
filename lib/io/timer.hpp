#pragma once

#include "io/completion.hpp"

#include <chrono>
#include <cstddef>

namespace mongoro::io {

class reactor_core;
class timer_heap;

/// One moment to be called at. Armed or not; destroying it disarms it. Arming allocates nothing and
/// makes no system call, and so does disarming: the usual deadline that never passes costs a few
/// dozen instructions.
class timer {
 public:
    using clock = std::chrono::steady_clock;
    /// Whether `run()` goes on for it.
    enum class keeps_running { yes, no };

    timer() noexcept = default;
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    ~timer() { disarm(); }

    /// Calls `c` with 0, once, from the reactor, at `when` or soon after; at once in the next turn
    /// if that is past. Arming again moves it. On the reactor's thread.
    void arm(reactor_core& core, clock::time_point when, completion& c,
             keeps_running keeps = keeps_running::yes) noexcept;
    /// Nothing is called any more. A no-op when it is not armed, and after its reactor is gone.
    void disarm() noexcept;
    [[nodiscard]] bool armed() const noexcept { return heap_ != nullptr; }
    [[nodiscard]] clock::time_point when() const noexcept { return when_; }

 private:
    friend class timer_heap;

    clock::time_point when_{};
    completion* completion_ = nullptr;
    timer_heap* heap_ = nullptr;
    timer* child_ = nullptr;
    timer* next_ = nullptr;
    timer* prev_ = nullptr;  // the parent for a first child, else the sibling before
    keeps_running keeps_ = keeps_running::yes;
};

/// The armed timers of a reactor: an intrusive pairing heap. A deadline that is later than the
/// earliest one goes in and out in constant time, which is the common case.
class timer_heap {
 public:
    timer_heap() noexcept = default;
    timer_heap(const timer_heap&) = delete;
    timer_heap& operator=(const timer_heap&) = delete;
    /// Disarms all that are left; calls nobody.
    ~timer_heap();

    void insert(timer& t, timer::clock::time_point when, completion& c,
                timer::keeps_running keeps) noexcept;
    void remove(timer& t) noexcept;
    /// `time_point::max()` without any.
    [[nodiscard]] timer::clock::time_point earliest() const noexcept {
        return root_ ? root_->when_ : timer::clock::time_point::max();
    }
    [[nodiscard]] bool empty() const noexcept { return root_ == nullptr; }
    /// How many of them keep `run()` running.
    [[nodiscard]] std::size_t keeping() const noexcept { return keeping_; }
    /// Disarms and calls those that are due at `now`; returns how many.
    std::size_t expire(timer::clock::time_point now) noexcept;

 private:
    static timer* merge(timer* a, timer* b) noexcept;
    static timer* merge_pairs(timer* first) noexcept;

    timer* root_ = nullptr;
    std::size_t keeping_ = 0;
};

}  // namespace mongoro::io
