#include "io/timer.hpp"

#include "io/reactor_core.hpp"

#include <utility>

namespace mongoro::io {

void timer::arm(reactor_core& core, clock::time_point when, completion& c,
                keeps_running keeps) noexcept {
    disarm();
    core.timers().insert(*this, when, c, keeps);
    core.started_outside();
}

[[gnu::hot]] void timer::disarm() noexcept {
    if (heap_ != nullptr) {
        heap_->remove(*this);
    }
}

timer_heap::~timer_heap() {
    while (root_ != nullptr) {
        remove(*root_);
    }
}

void timer_heap::insert(timer& t, timer::clock::time_point when, completion& c,
                        timer::keeps_running keeps) noexcept {
    t.when_ = when;
    t.completion_ = &c;
    t.heap_ = this;
    t.keeps_ = keeps;
    t.child_ = t.next_ = t.prev_ = nullptr;
    root_ = merge(root_, &t);
    keeping_ += keeps == timer::keeps_running::yes ? 1 : 0;
}

void timer_heap::remove(timer& t) noexcept {
    if (&t == root_) {
        root_ = merge_pairs(t.child_);
    } else {
        if (t.prev_->child_ == &t) {
            t.prev_->child_ = t.next_;
        } else {
            t.prev_->next_ = t.next_;
        }
        if (t.next_ != nullptr) {
            t.next_->prev_ = t.prev_;
        }
        root_ = merge(root_, merge_pairs(t.child_));
    }
    t.heap_ = nullptr;
    t.child_ = t.next_ = t.prev_ = nullptr;
    keeping_ -= t.keeps_ == timer::keeps_running::yes ? 1 : 0;
}

std::size_t timer_heap::expire(timer::clock::time_point now) noexcept {
    // A timer that is armed again from its own call, for a time already past, waits for the next
    // turn at the latest after so many: the sockets get theirs.
    constexpr std::size_t most = 4096;
    std::size_t count = 0;
    while (root_ != nullptr && root_->when_ <= now && count < most) {
        timer& t = *root_;
        remove(t);
        ++count;
        t.completion_->fn(*t.completion_, 0);
    }
    return count;
}

timer* timer_heap::merge(timer* a, timer* b) noexcept {
    if (a == nullptr || b == nullptr) {
        return a != nullptr ? a : b;
    }
    if (b->when_ < a->when_) {
        std::swap(a, b);
    }
    b->prev_ = a;
    b->next_ = a->child_;
    if (a->child_ != nullptr) {
        a->child_->prev_ = b;
    }
    a->child_ = b;
    a->next_ = a->prev_ = nullptr;
    return a;
}

timer* timer_heap::merge_pairs(timer* first) noexcept {
    // Two passes, as the structure asks: pairs from the left, then all of them from the right.
    timer* pairs = nullptr;
    while (first != nullptr) {
        timer* a = first;
        timer* b = a->next_;
        first = b != nullptr ? b->next_ : nullptr;
        a->next_ = a->prev_ = nullptr;
        if (b != nullptr) {
            b->next_ = b->prev_ = nullptr;
        }
        timer* merged = merge(a, b);
        merged->next_ = pairs;
        pairs = merged;
    }
    timer* root = nullptr;
    while (pairs != nullptr) {
        timer* rest = pairs->next_;
        pairs->next_ = nullptr;
        root = merge(root, pairs);
        pairs = rest;
    }
    return root;
}

}  // namespace mongoro::io
