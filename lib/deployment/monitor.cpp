#include "deployment/monitor.hpp"

#include "io/sleep.hpp"
#include "pool/open_connection.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <new>
#include <utility>

namespace mongoro::deployment {

namespace {

using clock = deadline::clock;

/// A hello in a message of its own.
detail::command_handle hello_command(bool hello_ok, bson::document_view topology_version,
                                     std::optional<std::chrono::milliseconds> max_await) {
    bson::byte_buffer bytes;
    bson::writer body(bytes);
    body.begin_document();
    wire::hello_options options;
    options.legacy = !hello_ok;
    if (max_await) {
        options.topology_version = topology_version;
        options.max_await_time_ms = max_await->count();
    }
    wire::append_hello(body, options);
    body.end();
    auto command = wire::command::make();
    command->begin("admin", bson::document_view(bytes.data(), bytes.size()));
    if (max_await) {
        command->set_exhaust_allowed();
    }
    command->finish();
    return command;
}

}  // namespace

/// The events of one check.
class monitor::heartbeat {
 public:
    heartbeat(monitor& m, bool awaited) : monitor_(m), awaited_(awaited) {
        monitor_.heartbeat_ = this;
        if (auto* listener = monitor_.settings_.listener) {
            listener->on(server_heartbeat_started_event{monitor_.address_, monitor_.connections_,
                                                        monitor_.server_connection_id_, awaited_});
        }
    }
    heartbeat(const heartbeat&) = delete;
    heartbeat& operator=(const heartbeat&) = delete;
    ~heartbeat() { monitor_.heartbeat_ = nullptr; }

    /// `took` is what the round trip time is computed of, where it is known.
    void ended(const result<wire::hello_reply>& reply, std::chrono::nanoseconds took = {}) {
        auto* const listener = monitor_.settings_.listener;
        if (listener == nullptr || std::exchange(over_, true)) {
            return;
        }
        const std::chrono::nanoseconds duration =
            took.count() != 0 ? took : std::chrono::nanoseconds(clock::now() - begin_);
        if (reply) {
            listener->on(server_heartbeat_succeeded_event{monitor_.address_, monitor_.connections_,
                                                          monitor_.server_connection_id_, awaited_,
                                                          duration, reply->document()});
        } else {
            listener->on(server_heartbeat_failed_event{monitor_.address_, monitor_.connections_,
                                                       monitor_.server_connection_id_, awaited_,
                                                       duration, reply.error()});
        }
    }

 private:
    monitor& monitor_;
    bool awaited_;
    bool over_ = false;
    clock::time_point begin_ = clock::now();
};

monitor::monitor(io::reactor_core& core, const monitor_settings& settings, host_address host,
                 std::string address, monitor_owner& owner)
    : core_(core),
      settings_(settings),
      host_(std::move(host)),
      address_(std::move(address)),
      owner_(owner),
      waiting_(core) {}

void monitor::start(detail::scope& scope) {
    scope_ = &scope;
    scope.spawn(run(shared_from_this()));
}

void monitor::stop() noexcept {
    stopped_ = true;
    if (heartbeat_ != nullptr) {
        heartbeat_->ended(error(errc::operation_cancelled));
    }
    stop_.request_stop();
    if (check_) {
        check_->request_stop();
    } else if (!waiting_.empty()) {
        waiting_.release_first(nullptr);
    }
}

void monitor::request_check(topology::request_check::when when) noexcept {
    again_ = again_ || when == topology::request_check::when::at_once;
    requested_ = requested_ || cancelled_;
    if (!waiting_.empty()) {
        waiting_.release_first(nullptr);
    }
}

void monitor::cancel_check() noexcept {
    if (check_) {
        cancelled_ = true;
        check_->request_stop();
    } else {
        connection_.reset();  // between two checks
        rtt_.reset();
    }
}

/// A want of memory ends a check, and not the watching: nobody would hear of the server again.
task<void> monitor::run(std::shared_ptr<monitor> /*self*/) {
    while (!stopped_) {
        try {
            co_await watch();
        } catch (const std::bad_alloc&) {
            check_.reset();
            connection_.reset();
            rtt_.reset();
        }
        if (!stopped_) {
            const detail::task_context& context = co_await detail::this_context{};
            static_cast<void>(
                co_await io::sleeping(core_, context, clock::now() + min_heartbeat_frequency));
        }
    }
    connection_.reset();  // the other one is measure()'s, which may be waiting for a reply on it
}

task<void> monitor::watch() {
    while (!stopped_) {
        again_ = cancelled_ = requested_ = false;
        const auto how = next_protocol();
        check_.emplace();
        auto checked = co_await with_stop(check(how), check_->get_token());
        check_.reset();
        if (stopped_) {
            break;
        }
        if (cancelled_) {
            connection_.reset();
            rtt_.reset();
        } else if (checked) {
            hello_ok_ = checked->hello_ok;
            topology_version_ = bson::document(checked->topology_version());
            owner_.answered(address_, *checked, rtt_.get());
        } else {
            connection_.reset();
            rtt_.reset();
            owner_.unreachable(address_, checked.error());
        }
        if (stopped_) {
            break;
        }
        if (cancelled_ || !goes_on_at_once()) {
            co_await pause();
        }
    }
}

monitor::protocol monitor::next_protocol() const {
    if (connection_ == nullptr || connection_->status() == pool::connection::state::closed) {
        return protocol::connect;
    }
    if (connection_->more_to_come()) {
        return protocol::next_reply;
    }
    return settings_.streaming && !topology_version_.empty() ? protocol::stream : protocol::poll;
}

bool monitor::goes_on_at_once() const {
    const auto how = next_protocol();
    return again_ || how == protocol::next_reply || how == protocol::stream;
}

task<result<wire::hello_reply>> monitor::check(protocol how) {
    if (how == protocol::connect) {
        // The first heartbeat event names the connection already.
        connection_.reset();
        ++connections_;
        server_connection_id_.reset();
    }
    heartbeat events(*this, how == protocol::next_reply || how == protocol::stream);
    const auto begin = clock::now();
    std::chrono::nanoseconds took{};
    // No conditional operator around co_await, and exchanges by name: g++ 12 copies bit by bit.
    result<wire::hello_reply> reply = errc::operation_cancelled;
    try {
        if (how == protocol::connect) {
            reply = co_await connect(took);
        } else {
            reply = co_await ask_within(*connection_, how);
        }
    } catch (const std::bad_alloc&) {
        // Another check makes up for this one; nothing would make up for the monitor.
        reply = error(std::make_error_code(std::errc::not_enough_memory));
    }
    if (reply && how == protocol::poll) {
        took = clock::now() - begin;
        rtt_.add(took);
    }
    if (reply) {
        server_connection_id_ = reply->connection_id;
    }
    if (!cancelled_ && !stopped_) {
        events.ended(reply, took);
    } else {
        events.ended(error(errc::operation_cancelled, "the check of " + address_));
    }
    if (reply && settings_.streaming && !reply->topology_version().empty() && !measuring_) {
        measuring_ = true;
        scope_->spawn(measure(shared_from_this()));
    }
    co_return reply;
}

task<result<wire::hello_reply>> monitor::connect(std::chrono::nanoseconds& took) {
    auto settings = settings_.connection;
    settings.host = host_;
    pool::first_hello said;
    auto opened = co_await pool::open_connection(core_, std::move(settings), &said);
    if (!opened) {
        co_return opened.error();
    }
    connection_ = std::move(*opened);
    took = said.round_trip;
    rtt_.add(took);
    co_return std::move(said.reply);
}

task<result<wire::hello_reply>> monitor::ask(pool::connection& c, protocol how) {
    detail::command_handle command;
    if (how == protocol::stream) {
        command = hello_command(hello_ok_, topology_version_, settings_.heartbeat_frequency);
    } else if (how == protocol::poll) {
        command = hello_command(&c == connection_.get() ? hello_ok_ : rtt_hello_ok_, {}, {});
    }
    auto exchange = how == protocol::next_reply ? c.next() : c.run(command, 0, 0);
    auto reply = co_await exchange;
    if (!reply) {
        co_return reply.error();
    }
    co_return wire::parse_hello(reply->body);
}

/// `connectTimeoutMS` is the time for a hello too, beside the time that the server may wait.
task<result<wire::hello_reply>> monitor::ask_within(pool::connection& c, protocol how) {
    auto limit = settings_.connection.connect_timeout;
    if (limit.count() == 0) {
        co_return co_await ask(c, how);
    }
    if (how != protocol::poll) {
        limit += settings_.heartbeat_frequency;
    }
    const auto until = deadline::after(limit);
    auto reply = co_await with_deadline(ask(c, how), until);
    if (!reply && reply.error() == errc::deadline_exceeded && until.expired()) {
        co_return error(errc::connect_timed_out, address_ + " did not answer hello within " +
                                                     std::to_string(limit.count()) + " ms");
    }
    co_return reply;
}

/// Until the next heartbeat is due or a check is requested, but not shorter than it must be.
task<void> monitor::pause() {
    const auto begin = clock::now();
    if (!requested_) {
        static_cast<void>(co_await with_deadline(wait_for_request(),
                                                 deadline(begin + settings_.heartbeat_frequency)));
    }
    const auto earliest = begin + min_heartbeat_frequency;
    if (!stopped_ && clock::now() < earliest) {
        const detail::task_context& context = co_await detail::this_context{};
        static_cast<void>(co_await io::sleeping(core_, context, earliest));
    }
}

task<error> monitor::wait_for_request() {
    io::wait_queue::waiter mine(waiting_);
    co_return co_await mine;
}

task<void> monitor::measure(std::shared_ptr<monitor> /*self*/) {
    while (!stopped_) {
        if (co_await with_stop(measure_once(), stop_.get_token())) {
            // Whether the server is there is the other connection's to say.
            rtt_connection_.reset();
        }
        detail::task_context mine = co_await detail::this_context{};
        mine.stop = stop_.get_token();
        static_cast<void>(
            co_await io::sleeping(core_, mine, clock::now() + settings_.heartbeat_frequency));
    }
    rtt_connection_.reset();
}

task<error> monitor::measure_once() {
    if (rtt_connection_ == nullptr) {
        auto settings = settings_.connection;
        settings.host = host_;
        pool::first_hello said;
        auto opened = co_await pool::open_connection(core_, std::move(settings), &said);
        if (!opened) {
            co_return opened.error();
        }
        rtt_connection_ = std::move(*opened);
        rtt_hello_ok_ = said.reply.hello_ok;
        rtt_.add(said.round_trip);
        co_return error();
    }
    const auto begin = clock::now();
    auto reply = co_await ask_within(*rtt_connection_, protocol::poll);
    if (!reply) {
        co_return reply.error();
    }
    rtt_.add(clock::now() - begin);
    co_return error();
}

}  // namespace mongoro::deployment
