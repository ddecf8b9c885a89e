#include "operation/executor.hpp"

#include "operation/monitored.hpp"
#include "operation/operations.hpp"
#include "operation/read_preference.hpp"
#include "operation/retry.hpp"
#include "operation/time_limit.hpp"
#include "operation/waiting_place.hpp"
#include "operation/write_outcome.hpp"
#include "pool/authenticate.hpp"
#include "pool/name_host.hpp"
#include "wire/server_error.hpp"

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace mongoro::operation {

namespace {

constexpr int reauthentication_required = 391;

/// What becomes of a command with one reply.
class single_reply {
 public:
    using value_type = detail::reply;

    explicit single_reply(const wire::command& c) noexcept : command_(c) {}

    [[nodiscard, gnu::hot]] error add(detail::reply& r, std::size_t /*first*/) {
        if (command_.acknowledged()) {
            if (auto failed = detail::write_reply_error(r.body)) [[unlikely]] {
                if (forgives(failed)) {
                    reply_ = std::move(r);
                }
                return failed;
            }
        }
        reply_ = std::move(r);
        return {};
    }
    /// Whether it is the topology's alone to hear of: what a user's own command was answered with
    /// `ok: 1` is the user's to read, and of what does not write it says nothing. Spec:
    /// run-command; read-write-concern, "Errors".
    [[nodiscard]] bool forgives(const error& e) const {
        return (command_.what() == wire::command::kind::other ||
                command_.what() == wire::command::kind::read) &&
               (e == errc::write_failed || e == errc::write_concern_failed);
    }
    [[nodiscard]] static constexpr bool goes_on() noexcept { return true; }
    [[nodiscard]] result<detail::reply> finish(const wire::command& /*c*/) {
        return std::move(reply_);
    }
    [[nodiscard]] static error interrupted(const error& e) { return e; }

 protected:
    detail::reply reply_;

 private:
    const wire::command& command_;  // read only while it is the operation's
};

/// The same for the one document in a reply, where `Read` finds it: a frame less than a coroutine
/// around it would have.
template <auto Read>
class one_document : public single_reply {
 public:
    using value_type = std::optional<received_document>;
    using single_reply::single_reply;

    [[nodiscard]] result<value_type> finish(const wire::command& /*c*/) {
        const auto found = Read(reply_.body);
        if (!found) [[unlikely]] {
            return found.error();
        }
        if (!*found) {
            return value_type();
        }
        return value_type(std::in_place, std::move(reply_.bytes), **found);
    }
};

/// The server of a try, in the slow way: by its cursor, or by looking.
task<error> select(deployment::deployment& d, wire::command& c, const cursor_pin* pin,
                   retry_policy& retries, std::int64_t& operation_id, deployment::server_use& use) {
    if (pin != nullptr && pin->server != 0) {
        auto* const s = d.find(pin->server);
        if (s == nullptr) {
            co_return error(errc::connection_closed,
                            "the server of the cursor is no part of the deployment any more");
        }
        use = deployment::server_use(*s);
        co_return error();
    }
    auto criteria = criteria_of(c);
    criteria.deprioritized = retries.avoided();
    deployment::selecting_operation of{c.name(), operation_id, retries.has_waited()};
    auto selected = co_await d.select(criteria, of);
    operation_id = of.id;
    retries.set_waited(of.waited);
    if (!selected) {
        co_return selected.error();
    }
    if (criteria.writes && !topology::may_write_anywhere(*d.description())) {
        c.set_kind(wire::command::kind::write);  // nothing is said of a read preference
    }
    use = std::move(*selected);
    co_return error();
}

/// In the quick way: most operations want the primary, and it is known.
[[nodiscard]] inline bool select_primary(deployment::deployment& d, const wire::command& c,
                                         const cursor_pin* pin, deployment::server_use& use) {
    auto* const primary = d.primary();
    if (primary == nullptr || !wants_primary(c) || (pin != nullptr && pin->server != 0))
        [[unlikely]] {
        return false;
    }
    use = deployment::server_use(*primary);
    return true;
}

/// Ends the body, with what is only for the server that was chosen. With a limit it may not be
/// sent any more, and `failed` says why.
inline void complete(wire::command& c, topology_type topology, const server_description& server,
                     running_limit* limit, error& failed) {
    append_read_preference(c, topology, server.type);
    if (limit != nullptr) [[unlikely]] {
        failed = limit->append_max_time(c, server);
    }
    c.finish();
}

/// To a server before 8.2 it must not be sent. Spec: crud, `rawData`.
inline void append_raw_data(wire::command& c, const wire::server_limits& server) {
    constexpr std::int32_t wire_version_8_2 = 27;
    if (c.raw_data() && server.max_wire_version >= wire_version_8_2) [[unlikely]] {
        c.body().append("rawData", *c.raw_data());
    }
}

/// Whether the finished command is for a server with these limits; else `failed` says why not.
[[nodiscard]] inline bool check(const wire::command& c, const wire::server_limits& limits,
                                error& failed) {
    if (c.failure() && !c.is_for(limits)) [[unlikely]] {
        failed = c.failure();
    } else if (!c.fits(limits)) [[unlikely]] {
        failed = c.check_size(limits);
    }
    return !failed;
}

/// The server does not take the token any more. Spec: auth, "Reauthentication".
task<error> log_in_again(deployment::deployment& d, deployment::server& s, pool::connection& c) {
    const auto again =
        co_await pool::reauthenticate(c, s.pool().settings(), auth_mechanism::mongodb_oidc);
    if (again) {
        co_return error();
    }
    d.failed(s, c, again.error());
    c.abort(again.error());
    co_return again.error();
}

template <typename Outcome>
[[nodiscard]] inline auto finish(Outcome& outcome, const wire::command& c,
                                 deployment::deployment& d, deployment::server_use& use,
                                 pool::lease& lease) {
    auto done = outcome.finish(c);
    if (!done) [[unlikely]] {
        d.failed(*use, *lease, done.error());  // no cursor has such an outcome
    }
    return done;
}

/// One coroutine for all of it, for one reply and for many: a frame less for each operation.
/// `limit` is null without a `timeoutMS`. `hot`, like the other functions that every operation goes
/// through: a linker lays those beside each other, on 27 pages of code in place of 46, and the
/// kernel leaves none of them in the caches (0.93 to 0.97 of the time in user mode).
template <typename Outcome, typename Deployment>
[[gnu::hot]] task<result<typename Outcome::value_type>> run_on(Deployment d,
                                                               detail::command_handle c,
                                                               cursor_pin* pin,
                                                               running_limit* limit) {
    if constexpr (std::is_same_v<Deployment, deployment_ptr>) {
        if (d->refuses()) {
            co_return error(errc::client_closed);
        }
    }
    if (d->core().forked()) [[unlikely]] {
        co_return error(errc::used_after_fork);
    }
    if (c->failure() && !c->depends_on_server()) {
        co_return c->failure();
    }
    Outcome outcome(*c);
    retry_policy retries;
    std::size_t first = 0;
    auto* const told = d->options().commands;
    auto operation_id = monitored_command::next_operation_id(told);
    bool renewed = false;  // a login went before this batch
    c->begin_tail();
    deployment::server_use use;
    pool::lease checked_out;
    for (;;) {
        monitored_command monitored;
        // Goes first: a reply that is given up is drained before the check-in.
        waiting_place waiting;
        error failed;
        // It stays the cursor's whatever happens.
        const bool pinned = pin != nullptr && pin->connection;
        if (pin != nullptr) {
            pin->sent = false;
        }
        auto& lease = pinned ? pin->connection : checked_out;
        auto& server = pinned ? pin->use : use;
        if (!pinned && !checked_out) [[likely]] {
            if (!select_primary(*d, *c, pin, use)) [[unlikely]] {
                failed = co_await select(*d, *c, pin, retries, operation_id, use);
                if (failed) {
                    co_return outcome.interrupted(failed);
                }
            }
            checked_out = use->pool().try_check_out();
            if (!checked_out) {
                auto line = waiting.in_line(
                    use->pool(), running_limit::selected(limit, use->description()), checked_out);
                // Nobody has to be told when it is sent, and nothing in it depends on when or on
                // the connection.
                if (limit == nullptr && pin == nullptr && told == nullptr && first == 0 &&
                    !c->raw_data()) [[likely]] {
                    complete(*c, d->topology(), use->description(), limit, failed);
                    waiting.send_at_once(c);
                }
                failed = co_await line;
            }
        }
        if (!failed) {
            if (!waiting.has_sent()) {
                if (!c->is_finished()) {
                    append_raw_data(*c, lease->limits());
                    complete(*c, d->topology(), server->description(), limit, failed);
                }
                if (failed || !check(*c, lease->limits(), failed)) [[unlikely]] {
                    co_return outcome.interrupted(failed);
                }
                if (pin != nullptr) {
                    pin->sent = true;
                }
            }
            do {
                // By name: g++ 12 would copy what a call in co_await gives.
                auto& exchange = waiting.take_exchange(*lease, c, first);
                if (told != nullptr) [[unlikely]] {  // never of what was sent from the line
                    monitored.started(*told, operation_id, *lease, *c, first, exchange.last());
                }
                auto reply = co_await exchange;
                monitored.ended(reply);
                if (!reply) {
                    failed = reply.error();
                } else if (failed = outcome.add(*reply, first);
                           failed && failed.raw_reply().empty()) [[unlikely]] {
                    failed = pool::name_host(lease->host(), failed);  // not the server's own
                }
                if (failed) [[unlikely]] {
                    d->failed(*server, *lease, failed);
                    if (!reply || !outcome.forgives(failed)) {
                        break;
                    }
                    failed = {};
                }
                first = exchange.last();
                renewed = false;
            } while (first < c->document_count() && outcome.goes_on() &&
                     (limit == nullptr || limit->begin_batch(*c, failed)) &&
                     retries.begin_command());
        }
        if (!failed) [[likely]] {
            if (pin != nullptr && !pinned) {
                pin->server = use->id();
                if (d->load_balanced()) {
                    checked_out.pin(pool::pinned_for::cursor);
                    pin->connection = std::move(checked_out);
                    pin->use = std::move(use);
                    pin->rest = pin->use->rest();
                }
            }
            co_return finish(outcome, *c, *d, use, checked_out);
        }
        if (c == nullptr) {
            co_return outcome.interrupted(failed);  // interrupted: the connection still has it
        }
        if (failed.server_code() == reauthentication_required && !std::exchange(renewed, true) &&
            lease && server->pool().settings().oidc) {
            failed = co_await log_in_again(*d, *server, *lease);
            if (failed) {
                co_return outcome.interrupted(failed);
            }
            c->reopen();
            continue;  // on the same connection: another one may have the old token still
        }
        // What has lost the connection to its cursor has no other one.
        const bool lost = pinned && lease->status() != pool::connection::state::idle;
        if (lost || !retries.allows(d->options(), c->what(), failed)) {
            co_return outcome.interrupted(failed);
        }
        if (limit != nullptr) {
            limit->failed(failed);
        }
        // Another mongos is tried in any case. Spec: client-backpressure, "Why make
        // `enableOverloadRetargeting` configurable?".
        if (d->options().overload_retargeting || d->topology() == topology_type::sharded) {
            retries.avoid(server->address());
        }
        renewed = false;
        checked_out.reset();
        use.reset();
        failed = co_await back_off(*d, retries.backoff(failed, d->random()), failed);
        if (failed) {
            co_return outcome.interrupted(failed);
        }
        c->reopen();
    }
}

/// The same under the command's limit.
template <typename Outcome, typename Deployment>
task<result<typename Outcome::value_type>> run_within(Deployment d, detail::command_handle c,
                                                      cursor_pin* pin) {
    const detail::task_context& outer = co_await detail::this_context{};
    running_limit limit(*c, outer, d->options().server_selection_timeout);
    co_await detail::use_context{&limit.context()};
    auto work = run_on<Outcome>(std::move(d), std::move(c), pin, &limit);
    auto done = co_await std::move(work);
    if (!done) {
        co_return limit.result_of(done.error());
    }
    co_return done;
}

template <typename Outcome, typename Deployment>
task<result<typename Outcome::value_type>> run_limited(Deployment&& d, detail::command_handle&& c,
                                                       cursor_pin* pin) {
    if (c->limit()) [[unlikely]] {
        return run_within<Outcome, std::decay_t<Deployment>>(std::move(d), std::move(c), pin);
    }
    return run_on<Outcome, std::decay_t<Deployment>>(std::move(d), std::move(c), pin, nullptr);
}

/// A cursor's connection rests but while this lives.
class pinned_work {
 public:
    explicit pinned_work(cursor_pin& pin) noexcept : pin_(pin) { pin_.rest.reset(); }
    pinned_work(const pinned_work&) = delete;
    pinned_work& operator=(const pinned_work&) = delete;
    ~pinned_work() { pin_.rest = pin_.use->rest(); }

 private:
    cursor_pin& pin_;
};

template <typename Outcome, typename Deployment>
task<result<typename Outcome::value_type>> run_pinned(Deployment d, detail::command_handle c,
                                                      cursor_pin* pin) {
    const pinned_work working(*pin);
    auto work = run_limited<Outcome>(std::move(d), std::move(c), pin);
    auto done = co_await std::move(work);
    co_return done;
}

template <typename Outcome, typename Deployment>
task<result<typename Outcome::value_type>> run_any(Deployment&& d, detail::command_handle&& c,
                                                   cursor_pin* pin) {
    if (pin != nullptr && pin->connection) [[unlikely]] {
        return run_pinned<Outcome, std::decay_t<Deployment>>(std::move(d), std::move(c), pin);
    }
    return run_limited<Outcome>(std::move(d), std::move(c), pin);
}

}  // namespace

[[gnu::hot]] task<result<detail::reply>> execute(deployment_ptr d, detail::command_handle c,
                                                 cursor_pin* pin) {
    return run_any<single_reply>(std::move(d), std::move(c), pin);
}

task<result<detail::reply>> run(deployment::deployment& d, detail::command_handle c,
                                cursor_pin* pin) {
    return run_any<single_reply>(&d, std::move(c), pin);
}

[[gnu::hot]] task<result<std::optional<received_document>>> execute_find_one(
    deployment_ptr d, detail::command_handle c) {
    return run_any<one_document<&read_first>>(std::move(d), std::move(c), nullptr);
}

task<result<std::optional<received_document>>> execute_find_and_modify(deployment_ptr d,
                                                                       detail::command_handle c) {
    return run_any<one_document<&read_value>>(std::move(d), std::move(c), nullptr);
}

task<result<write_reply>> execute_write(deployment_ptr d, detail::command_handle c) {
    if (c->document_count() == 0) {
        c->fail({errc::invalid_argument, "a write of no documents"});
    }
    return run_any<write_outcome>(std::move(d), std::move(c), nullptr);
}

[[gnu::hot]] task<result<insert_one_result>> execute_insert_one(deployment_ptr d,
                                                                detail::command_handle c) {
    return run_any<insert_one_outcome>(std::move(d), std::move(c), nullptr);
}

}  // namespace mongoro::operation
