#pragma once

#include "io/wait_queue.hpp"
#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"
#include "pool/lease.hpp"
#include "pool/open_connection.hpp"
#include "pool/pool_publisher.hpp"
#include "pool/pool_state.hpp"

#include <mongoro/detail/scope.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mongoro::pool {

/// What a pool tells the client that owns it.
class pool_owner {
 public:
    /// Opening a connection failed, and the pool was neither cleared nor closed meanwhile. Called
    /// before any waiter gets the error: SDAM decides, and may call `clear()` or `close()` of the
    /// pool from inside. `generation` is the one that the connection was opened in; the service is
    /// known behind a load balancer once hello was answered.
    virtual void open_failed(connection_pool& pool, const error& why, std::uint64_t generation,
                             const std::optional<bson::object_id>& service_id) noexcept = 0;
    /// A connection was opened, and the pool was neither cleared nor closed meanwhile: what the
    /// server said of itself, and when: before the login. Called before anybody gets the
    /// connection; the pool may be closed from inside.
    virtual void hello_answered(connection_pool& /*pool*/, const wire::hello_reply& /*reply*/,
                                std::chrono::steady_clock::time_point /*when*/) noexcept {}
    /// The reply that nobody waited for any more has opened a cursor, which nobody has then. Not
    /// behind a load balancer: there its connection is closed, and the cursor with it.
    virtual void cursor_left(connection_pool& /*pool*/, std::string_view /*name_space*/,
                             std::int64_t /*id*/) noexcept {}

 protected:
    ~pool_owner() = default;
};

/// The connections of a client to one server. On the reactor's thread, but for its construction and
/// the first `ready()`.
///
/// At most `max_size`, the most recently used first, waiting callers served in their order. New
/// ones are opened in the background, at most `max_connecting` at once: whoever waits takes what
/// comes first, a new connection or one that was given back, and one that stops waiting ends no
/// opening. An opening that fails fails the one who waited longest. Nothing of it but a check-out
/// that waits keeps `run()` running.
///
/// `owner` and `listener` may be null; they outlive the pool. Without a listener no event is built
/// and no clock read for one. Destroying a pool closes everything at once and publishes nothing:
/// `close()` comes first. Spec: connection-monitoring-and-pooling; load-balancers.
class connection_pool final : connection_owner {
 public:
    /// Paused.
    connection_pool(io::reactor_core& core, connection_settings settings,
                    const pool_settings& options, pool_owner* owner, pool_listener* listener);
    connection_pool(const connection_pool&) = delete;
    connection_pool& operator=(const connection_pool&) = delete;
    ~connection_pool();

    /// From now on connections are opened and checked out. What it starts, it starts in a later
    /// turn of the reactor. A no-op unless it is paused.
    void ready() noexcept;
    /// Makes all connections so far stale, and pauses: those that wait fail with `pool_cleared`,
    /// whose cause is `why`, and so does every check-out until `ready()`. Idle connections are
    /// closed at once, others when they come back or have been opened. With `interrupt_in_use`
    /// those being opened are closed at once, and in the next turns, one in each, those in use,
    /// whose operations get `pool_cleared` too.
    ///
    /// Behind a load balancer only the connections to `service_id` become stale, nothing is paused
    /// and nobody fails; without a service nothing happens.
    void clear(const error& why, const std::optional<bson::object_id>& service_id,
               bool interrupt_in_use) noexcept;
    /// No more check-outs: those that wait, and those that come, end with `why`, or with
    /// `client_closed` if it is none. Closes what is idle or being opened, and each of the others
    /// when it comes back.
    void close(error why = {}) noexcept;

    /// An idle connection, if there is one: no waiting, no system call, nothing allocated.
    /// Otherwise take a `turn`.
    [[nodiscard]] lease try_check_out() noexcept;
    class turn;
    /// Both. Errors: those of `open_connection`, of an opening that this call waited for;
    /// `pool_cleared`, also if the pool is paused; `client_closed`; `wait_queue_timeout`, which
    /// says who holds the connections, with the last failure to open one as its cause;
    /// `deadline_exceeded` and `operation_cancelled` of the awaiting task.
    [[nodiscard]] task<result<lease>> check_out();

    [[nodiscard]] std::uint64_t generation() const noexcept { return state_.generation(); }
    /// Behind a load balancer; 0 for a service without connections.
    [[nodiscard]] std::uint64_t generation(const bson::object_id& service_id) const noexcept {
        return state_.generation(service_id);
    }
    [[nodiscard]] bool is_ready() const noexcept { return state_.is_ready(); }
    [[nodiscard]] bool closed() const noexcept { return state_.is_closed(); }

    /// From now on users' operations are refused; those under way, and the client's own, go on.
    void refuse() noexcept { refuses_ = true; }
    [[nodiscard]] bool refuses() const noexcept { return refuses_; }
    /// Waits until no connection is checked out or draining, but for those that rest with a cursor
    /// or a transaction, and nobody waits for one. The caller's deadline, or its stop, ends it.
    [[nodiscard]] task<error> wait_quiet();
    /// Closes what is left; who waits for a reply gets `client_closed`. After `close()`.
    void abort() noexcept;

    [[nodiscard]] io::reactor_core& core() const noexcept { return core_; }
    /// Open or being opened.
    [[nodiscard]] std::size_t size() const noexcept { return all_.size() + openings_.size(); }
    [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }
    /// Being opened.
    [[nodiscard]] std::size_t pending() const noexcept { return openings_.size(); }
    /// Check-outs in line.
    [[nodiscard]] std::size_t waiting() const noexcept { return turns_.size(); }
    /// Connections opened so far.
    [[nodiscard]] std::size_t created() const noexcept { return created_; }
    [[nodiscard]] const connection_settings& settings() const noexcept { return settings_; }
    /// `host:port`, or the path of a Unix-domain socket.
    [[nodiscard]] const std::string& address() const noexcept { return address_; }

 private:
    friend class lease;
    struct opening;
    struct wake_node : detail::ready_node {
        connection_pool* pool = nullptr;
    };
    struct tick : io::completion {
        connection_pool* pool = nullptr;
    };
    using clock = connection_record::clock;

    // Connections that are there.
    void drained(connection& c, const detail::reply* late) noexcept override;
    /// A check-in.
    void settle(connection& c) noexcept;
    void put_back(connection& c) noexcept;
    void forget(connection& c, connection_closed_reason why) noexcept;
    void close_idle(connection_closed_reason why) noexcept;
    void close_idle_of(const bson::object_id& service) noexcept;
    [[nodiscard]] bool is_quiet() const noexcept;
    void tell_quiet() noexcept;

    // Those that wait.
    /// What an idle connection gives a check-out that has just begun; null: it has to wait.
    [[nodiscard]] connection* find_idle() noexcept;
    /// Precondition: the pool is not ready.
    [[nodiscard]] error refusal() const;
    void fail_waiters(const error& why, check_out_failed_reason reason) noexcept;
    [[nodiscard]] error timed_out(errc code) const;

    // Those being opened: opening.cpp.
    void fill() noexcept;
    void begin_opening(const turn* wanting);
    [[nodiscard]] task<void> open(std::shared_ptr<opening> mine);
    void opened(opening& mine, std::unique_ptr<connection> c);
    void open_failed(opening& mine, error why);
    void take_out(const opening& mine) noexcept;
    void abandon_openings(connection_closed_reason why) noexcept;

    // What is done from time to time.
    void wake() noexcept;
    void maintain() noexcept;
    [[nodiscard]] connection* first_marked() noexcept;

    io::reactor_core& core_;
    connection_settings settings_;
    std::string address_;
    pool_state state_;
    pool_owner* owner_;
    pool_publisher publisher_;
    std::shared_ptr<const bool> alive_;
    bool refuses_ = false;
    bool filling_ = false;
    bool open_failed_ = false;  // since then nothing is opened that nobody waits for
    bool interrupting_ = false;
    std::int64_t last_id_ = 0;
    std::size_t created_ = 0;
    std::vector<std::unique_ptr<connection>> all_;  // but for those being opened
    // Empty unless the pool is ready, and none of them is stale. The one used last is at the end.
    std::vector<connection*> idle_;
    std::vector<std::shared_ptr<opening>> openings_;
    io::wait_queue turns_;
    io::wait_queue quiet_;
    error refused_with_;  // what a check-out of the paused, or the closed, pool gets
    error last_error_;    // of opening a connection
    wake_node wake_;
    tick tick_;
    io::timer timer_;
    detail::scope background_;  // last: it uses all of the above
};

/// A wait in line for a connection: `co_await` gives no error when it was granted one, for
/// `take()`. Destroying it leaves the line; a connection that was granted and not taken goes back.
class connection_pool::turn : public io::wait_queue::waiter {
 public:
    /// `until` is in the place of `waitQueueTimeoutMS`, if it is given: for an operation with a
    /// `timeoutMS`.
    explicit turn(connection_pool& pool,
                  const std::optional<deadline>& until = std::nullopt) noexcept
        : waiter(pool.turns_), pool_(pool), until_(until) {}
    /// One that was granted this connection, whose coroutine `h` resumes in the reactor's next
    /// turn. Precondition: nobody listens to the pool.
    turn(lease&& granted, std::coroutine_handle<> h) noexcept
        : waiter(granted.pool()->turns_), pool_(*granted.pool()), ended_(false) {
        resume_with(h, granted.release());
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
        if (!ended_) [[unlikely]] {
            give_up();
        }
    }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) {
        return enter(h, *detail::context_of(h.promise()));
    }
    [[nodiscard]] error await_resume();
    /// Once, after a wait without an error.
    [[nodiscard]] lease take() noexcept {
        ended_ = true;
        auto& c = *static_cast<connection*>(granted());
        if (pool_.publisher_) [[unlikely]] {
            tell_checked_out(c);
        }
        return {pool_, c};
    }

 protected:
    /// Somebody listens to the pool.
    [[nodiscard]] bool is_observed() const noexcept { return static_cast<bool>(pool_.publisher_); }

 private:
    friend class connection_pool;
    bool enter(std::coroutine_handle<> h, const detail::task_context& context);
    void be_refused();
    void give_up() noexcept;
    void tell_started() noexcept;
    void tell_checked_out(const connection& c) const noexcept;

    connection_pool& pool_;
    std::optional<deadline> until_;
    deadline wanted_by_;  // the operation's
    clock::time_point started_{};
    bool ended_ = true;         // its end has been published, or its beginning has not
    bool own_timeout_ = false;  // the pool's limit is earlier than the caller's deadline
};

}  // namespace mongoro::pool
