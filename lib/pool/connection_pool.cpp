#include "pool/connection_pool.hpp"

#include "pool/opening.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace mongoro::pool {

namespace {

struct left_cursor {
    std::int64_t id = 0;  // 0: none
    std::string_view name_space;
};

/// The cursor that a reply opens. That of a getMore is there already, and somebody's.
left_cursor opened_by(bson::document_view reply) noexcept {
    const auto cursor = reply["cursor"].get_or<bson::document_view>({});
    if (!cursor["firstBatch"].exists()) {
        return {};
    }
    return {cursor["id"].get_or<std::int64_t>(0), cursor["ns"].get_or<std::string_view>({})};
}

}  // namespace

[[gnu::hot]] void lease::give_back() noexcept {
    auto& c = *std::exchange(connection_, nullptr);
    if (c.status() == connection::state::draining) {
        c.record().given_back = true;  // the pool hears of it again when the reply has been read
    } else {
        pool_->settle(c);
    }
}

void lease::pin(pinned_for what) const noexcept {
    connection_->record().pin = what;
}

// --- the pool -----------------------------------------------------------------------------------

connection_pool::connection_pool(io::reactor_core& core, connection_settings settings,
                                 const pool_settings& options, pool_owner* owner,
                                 pool_listener* listener)
    : core_(core),
      settings_(std::move(settings)),
      address_(settings_.host.to_string()),
      state_(options),
      owner_(owner),
      publisher_(listener, address_),
      alive_(core.alive()),
      turns_(core),
      quiet_(core),
      background_(core, detail::scope::on_failure::escape) {
    background_.set_background();
    settings_.load_balanced = options.load_balanced;
    wake_.pool = this;
    wake_.run = [](detail::ready_node& self) noexcept {
        static_cast<wake_node&>(self).pool->maintain();
    };
    tick_.pool = this;
    tick_.fn = [](io::completion& self, int) noexcept {
        static_cast<tick&>(self).pool->maintain();
    };
    publisher_.publish<pool_created_event>(state_.options());
}

connection_pool::~connection_pool() {
    if (wake_.queued && *alive_) {
        detail::cancel_schedule(core_, wake_);
    }
}

void connection_pool::ready() noexcept {
    if (!state_.ready()) {
        return;
    }
    refused_with_ = error();
    open_failed_ = false;
    publisher_.publish<pool_ready_event>();
    if (state_.needs_maintenance() || state_.settings().min_size != 0) {
        wake();
    }
}

void connection_pool::clear(const error& why, const std::optional<bson::object_id>& service_id,
                            bool interrupt_in_use) noexcept {
    if (closed()) {
        return;
    }
    const bool of_service = state_.settings().load_balanced;
    if (of_service) {
        if (!service_id || !state_.clear_service(*service_id)) {
            return;
        }
        publisher_.publish<pool_cleared_event>(service_id, interrupt_in_use);
        close_idle_of(*service_id);
    } else {
        const bool news = state_.clear();
        timer_.disarm();
        refused_with_ = error(
            errc::pool_cleared,
            "Connection pool for " + address_ + " was cleared because another operation failed",
            why);
        if (news) {
            publisher_.publish<pool_cleared_event>(std::nullopt, interrupt_in_use);
        }
        close_idle(connection_closed_reason::stale);
    }
    if (interrupt_in_use) {
        if (!of_service) {
            abandon_openings(connection_closed_reason::stale);
        }
        for (const auto& c : all_) {
            if (!state_.is_current(c->record())) {
                c->record().interrupted = true;
                interrupting_ = true;
            }
        }
        if (interrupting_) {
            wake();
        }
    }
    if (!of_service) {
        fail_waiters(refused_with_, check_out_failed_reason::connection_error);
    }
}

void connection_pool::close(error why) noexcept {
    if (!state_.close()) {
        return;
    }
    timer_.disarm();
    refused_with_ =
        why ? std::move(why)
            : error(errc::client_closed,
                    "Attempted to check out a connection from closed connection pool " + address_);
    close_idle(connection_closed_reason::pool_closed);
    abandon_openings(connection_closed_reason::pool_closed);
    publisher_.publish<pool_closed_event>();
    fail_waiters(refused_with_, check_out_failed_reason::pool_closed);
}

/// No check-out waits, and nothing is under way on a connection: a cursor, or a transaction, may
/// have some that rest between two commands.
bool connection_pool::is_quiet() const noexcept {
    return turns_.empty() &&
           (all_.size() == idle_.size() ||
            std::all_of(all_.begin(), all_.end(), [this](const auto& c) {
                return (c->record().pin != pinned_for::operation &&
                        (c->status() == connection::state::idle ||
                         c->status() == connection::state::closed)) ||
                       std::find(idle_.begin(), idle_.end(), c.get()) != idle_.end();
            }));
}

task<error> connection_pool::wait_quiet() {
    while (!is_quiet()) {
        io::wait_queue::waiter mine(quiet_);
        auto interrupted = co_await mine;
        // Whoever waits behind is let go in turn: one release wakes one.
        tell_quiet();
        if (interrupted) {
            co_return interrupted;
        }
    }
    co_return error();
}

[[gnu::hot]] void connection_pool::tell_quiet() noexcept {
    if (!quiet_.empty() && is_quiet()) [[unlikely]] {
        quiet_.release_first(nullptr);
    }
}

void connection_pool::abort() noexcept {
    std::vector<connection*> busy;
    busy.reserve(all_.size());
    for (const auto& c : all_) {
        busy.push_back(c.get());
    }
    for (auto* c : busy) {
        // A waiter that resumes may check in, and so destroy, connections of this list.
        if (std::any_of(all_.begin(), all_.end(),
                        [&](const auto& owned) { return owned.get() == c; })) {
            c->abort(errc::client_closed);
        }
    }
}

// --- connections that are there -----------------------------------------------------------------

[[gnu::hot]] lease connection_pool::try_check_out() noexcept {
    if (idle_.empty()) {
        return {};
    }
    auto& c = *idle_.back();
    if (state_.settings().max_idle_time.count() != 0 &&
        state_.idle_too_long(c.record(), clock::now())) [[unlikely]] {
        return {};  // closed by the turn that follows, after the event of its beginning
    }
    idle_.pop_back();
    if (publisher_) [[unlikely]] {
        publisher_.publish<connection_check_out_started_event>();
        publisher_.publish<connection_checked_out_event>(c.id());
    }
    return {*this, c};
}

connection* connection_pool::find_idle() noexcept {
    const bool limited = !idle_.empty() && state_.settings().max_idle_time.count() != 0;
    const auto now = limited ? clock::now() : clock::time_point();
    while (!idle_.empty()) {
        auto& c = *idle_.back();
        idle_.pop_back();
        if (!limited || !state_.idle_too_long(c.record(), now)) {
            return &c;
        }
        forget(c, connection_closed_reason::idle);
    }
    return nullptr;
}

/// One that is still checked out, by a cursor that it is pinned to, is not the pool's to take.
void connection_pool::drained(connection& c, const detail::reply* late) noexcept {
    if (!std::exchange(c.record().given_back, false)) {
        tell_quiet();
        return;
    }
    const auto left = late != nullptr ? opened_by(late->body) : left_cursor();
    if (left.id != 0 && state_.settings().load_balanced) {
        c.abort(errc::operation_cancelled);
    }
    settle(c);
    if (left.id != 0 && owner_ != nullptr && !state_.settings().load_balanced) {
        owner_->cursor_left(*this, left.name_space, left.id);
    }
}

[[gnu::hot]] void connection_pool::settle(connection& c) noexcept {
    if (publisher_) [[unlikely]] {
        publisher_.publish<connection_checked_in_event>(c.id());
    }
    c.record().pin = pinned_for::operation;
    put_back(c);
}

[[gnu::hot]] void connection_pool::put_back(connection& c) noexcept {
    const bool broken = c.status() != connection::state::idle;
    if (broken || closed() || !state_.is_current(c.record())) [[unlikely]] {
        forget(c, state_.perished(c.record(), broken).value_or(connection_closed_reason::stale));
    } else if (!turns_.empty()) {
        turns_.release_first(&c);
    } else {
        if (state_.settings().max_idle_time.count() != 0) {
            c.record().idle_since = clock::now();
        }
        idle_.push_back(&c);
    }
    tell_quiet();
}

/// Precondition: it is not in `idle_` any more.
void connection_pool::forget(connection& c, connection_closed_reason why) noexcept {
    const auto place = c.record().place;
    // Swapped out first: closing it must find the pool as it will be.
    const auto gone = std::move(all_[place]);
    if (place + 1 != all_.size()) {
        all_[place] = std::move(all_.back());
        all_[place]->record().place = place;
    }
    all_.pop_back();
    state_.leave(gone->record());
    publisher_.publish<connection_closed_event>(
        gone->id(), why, why == connection_closed_reason::error ? gone->failure() : error());
    fill();
}

void connection_pool::close_idle(connection_closed_reason why) noexcept {
    while (!idle_.empty()) {
        auto& c = *idle_.back();
        idle_.pop_back();
        forget(c, why);
    }
}

void connection_pool::close_idle_of(const bson::object_id& service) noexcept {
    for (std::size_t i = idle_.size(); i-- > 0;) {
        if (i >= idle_.size()) {
            continue;  // a listener took some
        }
        auto& c = *idle_[i];
        if (c.service_id() == service) {
            idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
            forget(c, connection_closed_reason::stale);
        }
    }
}

// --- what is done from time to time -------------------------------------------------------------

/// Has `maintain()` run in the reactor's next turn. From any thread before the reactor runs.
void connection_pool::wake() noexcept {
    if (!wake_.queued && *alive_) {
        detail::schedule(core_, wake_);
    }
}

void connection_pool::maintain() noexcept {
    if (auto* const marked = first_marked()) {
        // One a turn: whoever waits resumes in the middle of it, and may destroy connections of the
        // list, or let go of the client, and so of this.
        wake();
        // Its command may have been sent: by its cause it can be told from who waited in line.
        const error aborted(errc::network_error, address_,
                            std::error_code(ECONNABORTED, std::system_category()));
        marked->abort({errc::pool_cleared,
                       "Connection to " + address_ + " interrupted due to server monitor timeout",
                       aborted});
        return;
    }
    if (!state_.is_ready()) {
        return;
    }
    if (state_.settings().max_idle_time.count() != 0) {
        // The one that was used least is in front.
        const auto now = clock::now();
        while (!idle_.empty() && state_.idle_too_long(idle_.front()->record(), now)) {
            auto& c = *idle_.front();
            idle_.erase(idle_.begin());
            forget(c, connection_closed_reason::idle);
        }
    }
    open_failed_ = false;
    fill();
    if (state_.needs_maintenance()) {
        timer_.arm(core_, clock::now() + state_.settings().maintenance_interval, tick_,
                   io::timer::keeps_running::no);
    }
}

/// Of the connections whose operations are to end because the pool was cleared.
connection* connection_pool::first_marked() noexcept {
    if (interrupting_) {
        for (const auto& c : all_) {
            if (c->record().interrupted && c->status() != connection::state::closed) {
                return c.get();
            }
        }
    }
    interrupting_ = false;
    return nullptr;
}

}  // namespace mongoro::pool
