#include "io/interrupt.hpp"

#include "io/reactor_core.hpp"

#include <mongoro/detail/frame.hpp>

#include <memory>
#include <new>
#include <utility>

namespace mongoro::io {

void interrupt::on_stop::operator()() const noexcept {
    // Perhaps on another thread, and perhaps inside of arm(): only ever hand over.
    owner->core_->schedule(owner->node_);
}

void interrupt::arm(reactor_core& core, const std::stop_token& stop, deadline until, completion& c,
                    timer::keeps_running keeps) {
    disarm();
    core_ = &core;
    completion_ = &c;
    if (!until.is_never()) {
        expiry_.owner = this;
        expiry_.fn = [](completion& e, int) noexcept {
            static_cast<expiry&>(e).owner->happened(errc::deadline_exceeded);
        };
        timer_.arm(core, until.when(), expiry_, keeps);
    }
    if (stop.stop_possible()) {
        node_.owner = this;
        node_.run = [](ready_node& n) noexcept {
            static_cast<stop_node&>(n).owner->happened(errc::operation_cancelled);
        };
        core.add(*this);
        callback_.emplace(stop, on_stop{this});
    }
}

void interrupt::end() noexcept {
    timer_.disarm();
    if (callback_) {
        // Waits for a call that another thread is in the middle of; after that the node is queued
        // or never is.
        callback_.reset();
        if (node_.queued) {
            core_->unschedule(node_);
        }
        core_->remove(*this);
    }
    completion_ = nullptr;
    core_ = nullptr;
}

/// The reactor goes: a later stop finds nobody.
void interrupt::detach() noexcept {
    disarm();
}

void interrupt::happened(errc what) noexcept {
    completion* c = std::exchange(completion_, nullptr);
    disarm();
    if (c != nullptr) {
        c->fn(*c, static_cast<int>(what));
    }
}

void lazy_interrupt::arm(reactor_core& core, const std::stop_token& stop, deadline until,
                         completion& c, timer::keeps_running keeps) {
    if (made_ == nullptr) {
        made_ = ::new (detail::allocate_frame(sizeof(interrupt))) interrupt;
    }
    made_->arm(core, stop, until, c, keeps);
}

void lazy_interrupt::drop() noexcept {
    auto* const made = std::exchange(made_, nullptr);
    std::destroy_at(made);
    detail::free_frame(made, sizeof *made);
}

}  // namespace mongoro::io
