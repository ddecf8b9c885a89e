#include "operation/waiting_place.hpp"

namespace mongoro::operation {

[[gnu::hot]] void waiting_place::clear() noexcept {
    if (holds_ == holds::exchange) {
        std::destroy_at(&exchange_);
    } else {
        std::destroy_at(&turn_);
    }
    holds_ = holds::nothing;
}

void waiting_place::send_at_once(detail::command_handle& c) noexcept {
    command_ = &c;
    turn_.set_release_hook([](io::wait_queue::waiter& released) noexcept {
        return static_cast<queued_turn&>(released).place.send();
    });
}

/// What does not go well here the operation finds out when it resumes and tries the same.
[[gnu::hot]] bool waiting_place::send() noexcept {
    auto& command = *command_;
    auto& connection = *static_cast<pool::connection*>(turn_.granted());
    if (turn_.is_observed() || command->failure() || !command->fits(connection.limits()))
        [[unlikely]] {
        return false;
    }
    const auto h = turn_.handle();
    auto lease = turn_.take();
    make_exchange(connection, command, 0);
    try {
        has_sent_ = exchange_.begin(h, *context_);
    } catch (...) {  // it stays unsent
    }
    if (!has_sent_) [[unlikely]] {
        reset();
        std::construct_at(&turn_, std::move(lease), h, *this);
        holds_ = holds::turn;
        return true;
    }
    *into_ = std::move(lease);
    return true;
}

error waiting_place::line::take_turn() {
    auto failed = place_.turn_.await_resume();
    if (!failed) {
        *place_.into_ = place_.turn_.take();
    }
    return failed;
}

}  // namespace mongoro::operation
