#include "operation/time_limit.hpp"

#include "operation/operations.hpp"
#include "wire/server_error.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

namespace mongoro::operation {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int max_time_expired = 50;

/// The server's time was up: of the command, of a write, or of a write concern.
bool server_gave_up(const error& e) {
    const auto& writes = e.write_errors();
    return e.server_code() == max_time_expired ||
           (e.write_concern() != nullptr && e.write_concern()->code == max_time_expired) ||
           std::any_of(writes.begin(), writes.end(),
                       [](const write_error& w) { return w.code == max_time_expired; });
}

/// A time of the client's other than the operation's was up.
bool is_other_timeout(const error& e) {
    return e == errc::server_selection_timeout || e == errc::wait_queue_timeout ||
           e == errc::connect_timed_out || e == errc::socket_timed_out ||
           (e == errc::network_error && e.cause() != nullptr &&
            e.cause()->code() == std::errc::timed_out) ||
           ((e == errc::name_resolution_failed || e == errc::proxy_failed) &&
            e.cause() != nullptr && *e.cause() == errc::connect_timed_out);
}

std::string in_milliseconds(milliseconds time) {
    return std::to_string(time.count()) + " ms";
}

void set(command& to, milliseconds timeout) {
    if (timeout.count() < 0) {
        to.fail({errc::invalid_argument, "a timeout is negative"});
    }
    to.set_limit({.timeout = timeout});
}

}  // namespace

void begin_limit(command& to, const std::optional<milliseconds>& timeout, const target& t) {
    if (timeout) {
        set(to, *timeout);
    } else if (t.settings != nullptr && (*t.settings)->timeout) {
        set(to, *(*t.settings)->timeout);
    }
}

void begin_limit(command& to, const cursor_times& times, const target& t) {
    begin_limit(to, times.timeout, t);
    const auto refuse = [&](const char* why) { to.fail({errc::invalid_argument, why}); };
    const bool tailable = times.type != cursor_type::non_tailable;
    if (tailable && times.mode == timeout_mode::cursor_lifetime) {
        refuse("a tailable cursor has no timeout_mode::cursor_lifetime");
    }
    if (!to.limit()) {
        if (times.mode) {
            refuse("a timeout_mode without a timeout");
        }
        return;
    }
    auto limit = *to.limit();
    if (times.max_await && limit.timeout.count() != 0 && *times.max_await >= limit.timeout) {
        refuse("max_await_time is not less than the timeout");
    }
    limit.each_call = tailable || times.mode == timeout_mode::iteration;
    // The server would hold it for the time of the whole cursor.
    if (limit.each_call && times.type != cursor_type::tailable_await) {
        limit.longest = milliseconds(0);
    }
    to.set_limit(limit);
}

running_limit::running_limit(const wire::command& c, const detail::task_context& outer,
                             milliseconds server_selection_timeout) noexcept
    : context_(outer),
      limit_(*c.limit()),
      server_selection_timeout_(server_selection_timeout),
      own_(!limit_.until.is_never()      ? limit_.until
           : limit_.timeout.count() == 0 ? deadline::never()
                                         : deadline::after(limit_.timeout)),
      choose_until_(deadline::after(server_selection_timeout)),
      name_(c.name()) {
    context_.until = deadline::earlier_of(context_.until, own_);
}

deadline running_limit::selected(const server_description& server) noexcept {
    server_known_ = true;
    round_trip_ = server.min_round_trip_time;
    sends_max_time_ = !server.is_cryptd;
    return choose_until_;
}

void running_limit::failed(const error& why) {
    last_try_ = why;
    server_known_ = false;
    choose_until_ = deadline::after(server_selection_timeout_);
}

error running_limit::append_max_time(wire::command& c, const server_description& server) {
    if (!server_known_) {
        selected(server);
    }
    max_time_place_ = 0;
    const auto longest = max_time();
    if (!longest) {
        return longest.error();
    }
    if (longest->count() != 0) {
        max_time_place_ = c.append_number("maxTimeMS", longest->count());
    }
    return {};
}

bool running_limit::begin_batch(wire::command& c, error& failed) const {
    const auto longest = max_time();
    if (!longest) {
        failed = longest.error();
        return false;
    }
    if (max_time_place_ != 0) {
        c.set_number(max_time_place_, longest->count());
    }
    return true;
}

result<milliseconds> running_limit::max_time() const {
    auto longest = limit_.longest;
    if (!context_.until.is_never()) {
        const auto left = context_.until.remaining();
        if (left <= round_trip_) {
            const std::chrono::duration<double, std::milli> trip = round_trip_;
            return error(errc::deadline_exceeded,
                         "before it was sent: " +
                             in_milliseconds(std::chrono::duration_cast<milliseconds>(left)) +
                             " were left, and the least round trip takes " +
                             std::to_string(trip.count()) + " ms");
        }
        // Rounded up: 0 would be no limit at all.
        longest = std::min(longest, std::chrono::ceil<milliseconds>(left - round_trip_));
    }
    // More than that, which is 24 days, a server does not take.
    const bool fits = longest.count() <= std::numeric_limits<std::int32_t>::max();
    return sends_max_time_ && fits ? longest : milliseconds(0);
}

error running_limit::result_of(const error& e) const {
    error::details d;
    d.cause = e;
    d.message = std::string(name_);
    if (e == errc::deadline_exceeded) {
        if (own_ > context_.until || own_.is_never()) {
            return e;  // another deadline's
        }
        d.message += ": timeoutMS, " + in_milliseconds(limit_.timeout) + ", passed";
        const bool silent = e.message().empty() && e.cause() == nullptr;
        if (silent) {
            d.message += " while its reply was waited for";
        }
        if (last_try_ && e.cause() == nullptr) {
            d.cause = silent ? last_try_ : error(e.code(), std::string(e.message()), last_try_);
        } else if (silent) {
            d.cause = {};
        }
    } else if (server_gave_up(e)) {
        d.message += ": the server's time for it passed";
    } else if (!is_other_timeout(e)) {
        return e;
    }
    d.code = make_error_code(errc::deadline_exceeded);
    d.labels.assign(e.labels().begin(), e.labels().end());
    // Of a write in several batches, of which one was too late: what became of the others.
    d.write_errors.assign(e.write_errors().begin(), e.write_errors().end());
    if (const auto* const concern = e.write_concern()) {
        d.write_concern = std::make_unique<write_concern_error>(*concern);
    }
    if (const auto* const applied = e.partial()) {
        d.partial = std::make_unique<partial_write>(*applied);
    }
    return error(std::move(d));
}

}  // namespace mongoro::operation
