#include "pool/connection_pool.hpp"

#include <new>
#include <system_error>

namespace mongoro::pool {

[[gnu::hot]] bool connection_pool::turn::enter(std::coroutine_handle<> h,
                                               const detail::task_context& context) {
    ended_ = false;
    if (pool_.publisher_) [[unlikely]] {
        tell_started();
    }
    if (!pool_.is_ready()) [[unlikely]] {
        be_refused();
        return false;
    }
    if (pool_.turns_.empty()) {
        if (auto* idle = pool_.find_idle()) {
            grant(idle);
            return false;
        }
    }
    const auto limit = pool_.state_.settings().wait_queue_timeout;
    const auto until = until_               ? *until_
                       : limit.count() == 0 ? deadline::never()
                                            : deadline::after(limit);
    own_timeout_ = until < context.until;
    wanted_by_ = context.until;
    try {
        if (!begin(h, context, until)) {
            return false;
        }
    } catch (const std::bad_alloc&) {
        ended_ = true;
        pool_.publisher_.check_out_failed(check_out_failed_reason::connection_error, started_,
                                          std::make_error_code(std::errc::not_enough_memory));
        throw;
    }
    if (!pool_.state_.is_full(pool_.size())) {
        pool_.fill();
    }
    return true;
}

[[gnu::hot]] error connection_pool::turn::await_resume() {
    auto why = waiter::await_resume();
    if (!why) {
        return why;
    }
    if (interrupted()) {
        const bool timeout = why == errc::deadline_exceeded;
        if (timeout) {
            why =
                pool_.timed_out(own_timeout_ ? errc::wait_queue_timeout : errc::deadline_exceeded);
        }
        pool_.publisher_.check_out_failed(
            timeout ? check_out_failed_reason::timeout : check_out_failed_reason::connection_error,
            started_, why);
    }
    ended_ = true;
    pool_.tell_quiet();
    return why;
}

void connection_pool::turn::be_refused() {
    auto why = pool_.refusal();
    ended_ = true;
    pool_.publisher_.check_out_failed(pool_.closed() ? check_out_failed_reason::pool_closed
                                                     : check_out_failed_reason::connection_error,
                                      started_, why);
    refuse(std::move(why));
}

void connection_pool::turn::tell_started() noexcept {
    started_ = pool_.publisher_.now();
    pool_.publisher_.publish<connection_check_out_started_event>();
}

void connection_pool::turn::tell_checked_out(const connection& c) const noexcept {
    pool_.publisher_.checked_out(c.id(), started_);
}

/// Destroyed in line, or with a connection that was granted and nobody took.
void connection_pool::turn::give_up() noexcept {
    const bool waited = waiting();
    leave();
    if (waited || released()) {
        pool_.publisher_.check_out_failed(check_out_failed_reason::connection_error, started_,
                                          errc::operation_cancelled);
    }
    if (released()) {
        pool_.put_back(*static_cast<connection*>(granted()));
    } else {
        pool_.tell_quiet();
    }
}

error connection_pool::refusal() const {
    return refused_with_
               ? refused_with_
               : error(errc::pool_cleared, "Connection pool for " + address_ + " is paused");
}

void connection_pool::fail_waiters(const error& why, check_out_failed_reason reason) noexcept {
    while (!turns_.empty()) {
        const auto since = static_cast<turn&>(*turns_.first()).started_;
        turns_.fail_first(why);
        publisher_.check_out_failed(reason, since, why);
    }
    tell_quiet();
}

error connection_pool::timed_out(errc code) const {
    pool_usage usage;
    usage.connections = size();
    usage.opening = pending();
    for (const auto& c : all_) {
        switch (c->record().pin) {
            case pinned_for::operation:
                ++usage.operations;
                break;
            case pinned_for::cursor:
                ++usage.cursors;
                break;
            case pinned_for::transaction:
                ++usage.transactions;
                break;
        }
    }
    usage.operations -= idle_.size();
    return {code, timeout_text(address_, state_.settings(), usage), last_error_};
}

task<result<lease>> connection_pool::check_out() {
    if (auto idle = try_check_out()) {
        co_return std::move(idle);
    }
    turn mine(*this);
    if (auto failed = co_await mine) {
        co_return failed;
    }
    co_return mine.take();
}

}  // namespace mongoro::pool
