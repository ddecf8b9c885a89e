#include "pool/opening.hpp"

#include "io/connect.hpp"
#include "wire/server_error.hpp"

#include "error/retry_tables.hpp"

#include <mongoro/with_stop.hpp>

#include <algorithm>

namespace mongoro::pool {

namespace {

/// A network error before hello was answered may be the server's way to say that it has too much to
/// do: labelled so, it clears no pool. Not what never comes of that: a name that is not found, a
/// certificate, a proxy, and what this host has no socket for.
error label_overload(const error& e) {
    const auto* const below = e.cause();
    const bool of_network = (e == errc::connect_failed && !io::is_local_failure(e)) ||
                            e == errc::connect_timed_out || e == errc::socket_timed_out ||
                            e == errc::network_error || e == errc::connection_closed ||
                            (e == errc::tls_failed && below != nullptr &&
                             (*below == errc::network_error || *below == errc::connection_closed ||
                              below->code().category() == std::system_category()));
    if (!of_network) {
        return e;
    }
    auto d = detail::details_of(e);
    d.labels.emplace_back(detail::label::system_overloaded_error);
    d.labels.emplace_back(detail::label::retryable_error);
    return error(std::move(d));
}

}  // namespace

/// Opens as many connections as may be and are wanted. One that fails at once comes back here: it
/// is the loop that goes on then, and the stack does not grow.
void connection_pool::fill() noexcept {
    if (filling_ || !*alive_) {
        return;
    }
    filling_ = true;
    for (;;) {
        pool_state::counts now;
        now.total = size();
        now.pending = pending();
        now.useful = static_cast<std::size_t>(
            std::count_if(openings_.begin(), openings_.end(),
                          [this](const auto& one) { return state_.is_current(one->record); }));
        now.waiting = turns_.size();
        if (!state_.may_open(now, !open_failed_)) {
            break;
        }
        try {
            // Each in line has one of those that are under way, and the next one has none yet.
            begin_opening(static_cast<turn*>(turns_.at(now.useful)));
        } catch (const std::bad_alloc&) {
            if (!turns_.empty()) {
                const auto since = static_cast<turn&>(*turns_.first()).started_;
                const error why = std::make_error_code(std::errc::not_enough_memory);
                turns_.fail_first(why);
                publisher_.check_out_failed(check_out_failed_reason::connection_error, since, why);
            }
            break;
        }
    }
    filling_ = false;
}

void connection_pool::begin_opening(const turn* wanting) {
    auto one = std::make_shared<opening>(*this);
    if (wanting != nullptr) {
        one->waited_for = true;
        one->timed = wanting->until_.has_value();
        one->wanted_by = wanting->wanted_by_;
    }
    one->record.id = last_id_ + 1;
    one->record.generation = state_.generation();
    one->record.created = clock::now();
    openings_.push_back(one);
    try {
        auto work = open(one);
        ++last_id_;
        publisher_.publish<connection_created_event>(one->record.id);
        background_.spawn(std::move(work));
    } catch (...) {
        take_out(*one);
        throw;
    }
}

task<void> connection_pool::open(std::shared_ptr<opening> mine) {
    std::unique_ptr<connection> c;
    error why;
    first_hello said;
    try {
        auto settings = settings_;
        // The client's timeoutMS, and not that of whoever waits, which may be next to nothing: the
        // connection is everybody's. But none who has more time loses it.
        settings.callback_timeout = settings.handshake_timeout;
        settings.callback_wanted_by = mine->wanted_by;
        // An operation leaves the line when its own time is up, which may be longer. Spec:
        // client-side-operations-timeout, "Server Selection", "Background Connection Pooling".
        if (mine->waited_for && settings.connect_timeout.count() != 0) {
            settings.handshake_timeout = {};
            if (mine->timed) {
                settings.socket_timeout = {};
            }
        }
        auto work = with_stop(open_connection(core_, std::move(settings), &said, mine.get()),
                              mine->stop.get_token());
        auto opened = co_await std::move(work);
        if (opened) {
            c = std::move(*opened);
        } else {
            why = mine->record.hello_complete ? opened.error() : label_overload(opened.error());
        }
    } catch (const std::bad_alloc&) {
        why = std::make_error_code(std::errc::not_enough_memory);
    }
    if (c && owner_ != nullptr && !mine->abandoned && state_.is_current(mine->record)) {
        owner_->hello_answered(*this, said.reply, mine->answered);
    }
    if (mine->abandoned) {
        co_return;
    }
    if (c) {
        opened(*mine, std::move(c));
    } else {
        open_failed(*mine, std::move(why));
    }
    fill();
}

void connection_pool::opened(opening& mine, std::unique_ptr<connection> c) {
    if (!state_.is_current(mine.record)) {
        take_out(mine);
        state_.leave(mine.record);
        publisher_.publish<connection_closed_event>(mine.record.id,
                                                    connection_closed_reason::stale);
        return;
    }
    auto& ready = *c;
    ready.set_socket_timeout(settings_.socket_timeout);
    idle_.reserve(all_.size() + 1);  // so that put_back() need not allocate
    ready.record() = mine.record;
    ready.record().place = all_.size();
    all_.push_back(std::move(c));
    ready.set_owner(this);
    take_out(mine);
    ++created_;
    last_error_ = error();
    publisher_.ready(ready.id(), ready.record().created);
    put_back(ready);
}

void connection_pool::open_failed(opening& mine, error why) {
    take_out(mine);
    const auto closed_of = [&] {
        state_.leave(mine.record);
        publisher_.publish<connection_closed_event>(mine.record.id, connection_closed_reason::error,
                                                    why);
    };
    if (!state_.is_current(mine.record)) {
        closed_of();
        return;
    }
    open_failed_ = true;
    last_error_ = why;
    // Whoever waits resumes in a later turn, and so after the owner has heard of it. It is taken
    // out of the line first: if the owner clears the pool, this one's error is its own.
    const bool waited_for = !turns_.empty();
    clock::time_point since;
    if (waited_for) {
        since = static_cast<turn&>(*turns_.first()).started_;
        turns_.fail_first(why);
    }
    if (owner_ != nullptr) {
        owner_->open_failed(*this, why, mine.record.generation, mine.record.service_id);
    }
    closed_of();
    if (waited_for) {
        publisher_.check_out_failed(check_out_failed_reason::connection_error, since, why);
    }
    tell_quiet();
}

void connection_pool::take_out(const opening& mine) noexcept {
    const auto at = std::find_if(openings_.begin(), openings_.end(),
                                 [&](const auto& one) { return one.get() == &mine; });
    if (at != openings_.end()) {
        openings_.erase(at);
    }
}

void connection_pool::abandon_openings(connection_closed_reason why) noexcept {
    while (!openings_.empty()) {
        const auto one = std::move(openings_.back());
        openings_.pop_back();
        one->abandoned = true;
        state_.leave(one->record);
        one->stop.request_stop();  // its coroutine ends in a later turn
        publisher_.publish<connection_closed_event>(one->record.id, why);
    }
}

}  // namespace mongoro::pool
