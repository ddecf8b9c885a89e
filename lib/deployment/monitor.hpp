#pragma once

#include "io/wait_queue.hpp"
#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"
#include "topology/actions.hpp"
#include "topology/rtt.hpp"
#include "wire/hello.hpp"

#include <mongoro/detail/scope.hpp>
#include <mongoro/event_listener.hpp>
#include <mongoro/server_description.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace mongoro::deployment {

/// What all monitors of a client have in common.
struct monitor_settings {
    pool::connection_settings connection;  ///< the host is each monitor's own
    std::chrono::milliseconds heartbeat_frequency{10'000};
    bool streaming = true;                  ///< ask for hellos that come by themselves
    topology_listener* listener = nullptr;  ///< null: no event is built
};

/// Who is told what a monitor found out. On the reactor's thread; it may stop the monitor.
class monitor_owner {
 public:
    virtual void answered(const std::string& address, const wire::hello_reply& reply,
                          topology::round_trip rtt) = 0;
    /// The monitor has closed its connection.
    virtual void unreachable(const std::string& address, const error& why) = 0;

 protected:
    ~monitor_owner() = default;
};

/// Watches one server: hello again and again, on a connection of its own that never logs in.
///
/// A server that supports it is asked once and answers by itself when something changes; then the
/// round trip times are taken on a second connection. Otherwise it is asked again and again. Runs
/// in the background of the reactor. Spec: server-discovery-and-monitoring, "Server Monitoring".
class monitor : public std::enable_shared_from_this<monitor> {
 public:
    static constexpr std::chrono::milliseconds min_heartbeat_frequency{500};

    monitor(io::reactor_core& core, const monitor_settings& settings, host_address host,
            std::string address, monitor_owner& owner);
    monitor(const monitor&) = delete;
    monitor& operator=(const monitor&) = delete;

    /// Begins to watch, as children of `scope`; `settings` and the owner outlive that.
    void start(detail::scope& scope);
    /// No more checks, and the owner is not called any more. The check that is under way has failed
    /// as far as a listener hears, before this returns.
    void stop() noexcept;
    /// Has the server checked soon. Ignored while a check is under way that nobody has cancelled,
    /// but for `at_once`, by which the owner asks from inside of its call.
    void request_check(topology::request_check::when when) noexcept;
    /// Closes the connection with the check that is under way on it, of which the owner hears
    /// nothing, and waits for the next one.
    void cancel_check() noexcept;
    /// As measured so far; nothing while the server is not there.
    [[nodiscard]] topology::round_trip round_trip() const noexcept { return rtt_.get(); }

 private:
    class heartbeat;
    enum class protocol : std::uint8_t { connect, next_reply, stream, poll };

    task<void> run(std::shared_ptr<monitor> self);
    task<void> watch();
    task<void> measure(std::shared_ptr<monitor> self);
    task<result<wire::hello_reply>> check(protocol how);
    task<result<wire::hello_reply>> connect(std::chrono::nanoseconds& took);
    task<result<wire::hello_reply>> ask(pool::connection& c, protocol how);
    task<result<wire::hello_reply>> ask_within(pool::connection& c, protocol how);
    task<error> measure_once();
    task<void> pause();
    task<error> wait_for_request();
    [[nodiscard]] protocol next_protocol() const;
    [[nodiscard]] bool goes_on_at_once() const;

    io::reactor_core& core_;
    const monitor_settings& settings_;
    host_address host_;
    std::string address_;
    monitor_owner& owner_;
    detail::scope* scope_ = nullptr;

    std::unique_ptr<pool::connection> connection_;
    std::unique_ptr<pool::connection> rtt_connection_;
    topology::rtt rtt_;
    bson::document topology_version_;  // of the last answer, as it came
    std::int64_t connections_ = 0;
    std::optional<std::int64_t> server_connection_id_;
    bool hello_ok_ = false;
    bool rtt_hello_ok_ = false;
    bool measuring_ = false;
    bool stopped_ = false;
    bool cancelled_ = false;
    bool again_ = false;      // the next check follows at once
    bool requested_ = false;  // since the check that is under way was cancelled
    std::stop_source stop_;
    std::optional<std::stop_source> check_;  // of the check that is under way
    heartbeat* heartbeat_ = nullptr;         // the events of that
    io::wait_queue waiting_;
};

}  // namespace mongoro::deployment
