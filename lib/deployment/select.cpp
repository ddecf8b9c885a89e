#include "deployment/deployment.hpp"

#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <utility>

namespace mongoro::deployment {

namespace {

using clock = deadline::clock;

task<error> wait_in(io::wait_queue& line) {
    io::wait_queue::waiter mine(line);
    co_return co_await mine;
}

}  // namespace

/// An operation without a server, under way while it lives.
class deployment::selection {
 public:
    explicit selection(deployment& d) noexcept : d_(d) { ++d_.selecting_; }
    selection(const selection&) = delete;
    selection& operator=(const selection&) = delete;
    ~selection() {
        --d_.selecting_;
        d_.tell_quiet();
    }

 private:
    deployment& d_;
};

server* deployment::find(std::uint64_t id) const noexcept {
    const auto found = std::ranges::find(servers_, id, [](const auto& s) { return s->id(); });
    return found == servers_.end() ? nullptr : found->get();
}

server* deployment::at(std::string_view address) const noexcept {
    const auto found = std::ranges::find(
        servers_, address, [](const auto& s) { return std::string_view(s->address()); });
    return found == servers_.end() ? nullptr : found->get();
}

result<server*> deployment::try_select(const topology::selection_criteria& criteria) {
    const auto description = this->description();
    const auto known = [this](const server_description& s) -> server* {
        for (const auto& one : servers_) {
            if (one->description_.get() == &s) {
                return one.get();
            }
        }
        return at(s.address);
    };
    const auto count = [&known](const server_description& s) {
        const auto* const one = known(s);
        return one == nullptr ? std::size_t{0} : one->operation_count();
    };
    auto chosen = topology::select(*description, criteria, count, random_, scratch_);
    if (!chosen) {
        return chosen.error();
    }
    return *chosen == nullptr ? nullptr : known(**chosen);
}

task<result<server_use>> deployment::select(topology::selection_criteria criteria,
                                            selecting_operation& of) {
    criteria.local_threshold = settings_.local_threshold;
    criteria.heartbeat_frequency = settings_.monitoring.heartbeat_frequency;
    const selection under_way(*this);
    const auto begin = clock::now();
    const auto limit = deadline::after(settings_.server_selection_timeout);
    open();
    const auto* const log = settings_.selections;
    if (criteria.preference.hedge && settings_.warn && !std::exchange(warned_of_hedge_, true)) {
        settings_.warn(
            "the read preference option hedge is deprecated: MongoDB 8.0 deprecates hedged reads, "
            "and a later version will have none");
    }
    if (log != nullptr && of.id == 0) {
        of.id = ++last_operation_id_;
    }
    const monitoring::selection logged{of.name, of.id, criteria};
    if (log != nullptr) {
        log->started(logged, *description());
    }
    const auto fail = [&](error why) {
        if (log != nullptr) {
            log->failed(logged, *description(), why);
        }
        return result<server_use>(std::move(why));
    };
    // Begun by a listener of a change: it heard of that before the servers are ready for it.
    while (applying_) {
        held_ = true;
        auto interrupted = co_await wait_for_change();
        if (interrupted) {
            co_return fail(std::move(interrupted));
        }
    }
    const auto timed_out = [&] {
        auto why = topology::selection_timeout(
            *description(), criteria,
            std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begin));
        if (preparing_) {
            return error(
                why.code(),
                std::string(why.message()) + "; DNS has not said yet which hosts there are",
                prepare_failed_);  // if it was asked before
        }
        return why;
    };
    for (;;) {
        if (closed_) {
            co_return fail(errc::client_closed);
        }
        if (!machine_ && !preparing_) {
            co_return fail(prepare_failed_);
        }
        auto found = try_select(criteria);
        if (!found) {
            co_return fail(found.error());
        }
        if (*found != nullptr) {
            if (log != nullptr) {
                log->succeeded(logged, *description(), (*found)->address());
            }
            co_return server_use(**found);
        }
        if (limit.expired()) {
            co_return fail(timed_out());
        }
        if (log != nullptr && !std::exchange(of.waited, true)) {
            const detail::task_context& context = co_await detail::this_context{};
            const auto until = deadline::earlier_of(limit, context.until);
            log->waiting(logged, *description(),
                         std::chrono::duration_cast<std::chrono::milliseconds>(until.remaining()));
        }
        for (const auto& s : servers_) {
            if (s->monitor_) {
                s->monitor_->request_check(topology::request_check::when::after_pause);
            }
        }
        const auto interrupted = co_await with_deadline(wait_for_change(), limit);
        if (interrupted == errc::deadline_exceeded && !limit.expired()) {
            co_return fail({errc::deadline_exceeded, "while a server was selected", timed_out()});
        }
        if (interrupted && !(interrupted == errc::deadline_exceeded)) {
            co_return fail(interrupted);
        }
    }
}

task<server_use> deployment::find_ready(std::uint64_t id, deadline until) {
    while (!refuses_) {
        auto* const s = find(id);
        if (s == nullptr || s->pool_->is_ready()) {
            co_return s == nullptr ? server_use() : server_use(*s);
        }
        if (s->monitor_) {
            s->monitor_->request_check(topology::request_check::when::after_pause);
        }
        if (co_await with_deadline(wait_for_change(), until)) {
            break;
        }
    }
    co_return server_use();
}

task<error> deployment::pause(deadline until) {
    const selection under_way(*this);
    if (closed_) {
        co_return error(errc::client_closed);
    }
    auto interrupted = co_await with_deadline(wait_in(pausing_), until);
    if (interrupted == errc::deadline_exceeded && until.expired()) {
        co_return error();
    }
    co_return interrupted;
}

task<error> deployment::wait_for_change() {
    return wait_in(waiting_);
}

}  // namespace mongoro::deployment
