// Spec: source/connection-monitoring-and-pooling/tests/cmap-format/README.md. A test is a file. Its
// threads are coroutines of one reactor. Without a server of one's own what fail points do is done
// by a scripted one; it takes its time twice as long as it is told, so that a slow machine does not
// change the order of things.

#include "area.hpp"
#include "error/retry_tables.hpp"
#include "op_msg_peer.hpp"
#include "pool/connection_pool.hpp"
#include "unified/unified.hpp"

#include <mongoro/event_listener.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

namespace {

using bson::document_view;
using bson::value_view;
using std::chrono::milliseconds;

constexpr auto time_limit = std::chrono::minutes(1);

/// An event in the words of the files; what it has not is empty.
struct event {
    std::string type;
    std::string address;
    std::int64_t connection_id = 0;
    std::string reason;
    bool has_duration = false;
    bool has_options = false;
    pool_options options{};
    bool interrupts = false;
};

/// Wakes the coroutines that wait for something to happen.
class happening {
 public:
    explicit happening(io::reactor_core& core) : line_(core) {}

    void happened() noexcept {
        for (auto n = line_.size(); n > 0; --n) {
            line_.release_first(nullptr);
        }
    }
    template <typename Done>
    task<> until(Done done) {
        while (!done()) {
            io::wait_queue::waiter mine(line_);
            if (auto interrupted = co_await mine) {
                throw exception(interrupted);
            }
        }
    }

 private:
    io::wait_queue line_;
};

class event_log final : public pool_listener {
 public:
    explicit event_log(happening& told) : told_(told) {}

    [[nodiscard]] const std::vector<event>& all() const noexcept { return all_; }
    [[nodiscard]] std::int64_t count(std::string_view type) const {
        return std::count_if(all_.begin(), all_.end(),
                             [&](const event& e) { return e.type == type; });
    }

    void on(const pool_created_event& e) noexcept override {
        auto& added = add("ConnectionPoolCreated", e);
        added.has_options = true;
        added.options = e.options;
    }
    void on(const pool_ready_event& e) noexcept override { add("ConnectionPoolReady", e); }
    void on(const pool_cleared_event& e) noexcept override {
        add("ConnectionPoolCleared", e).interrupts = e.interrupt_in_use_connections;
    }
    void on(const pool_closed_event& e) noexcept override { add("ConnectionPoolClosed", e); }
    void on(const connection_created_event& e) noexcept override {
        add("ConnectionCreated", e).connection_id = e.connection_id;
    }
    void on(const connection_ready_event& e) noexcept override {
        auto& added = add("ConnectionReady", e);
        added.connection_id = e.connection_id;
        added.has_duration = e.duration >= e.duration.zero();
    }
    void on(const connection_closed_event& e) noexcept override {
        auto& added = add("ConnectionClosed", e);
        added.connection_id = e.connection_id;
        added.reason = to_string(e.reason);
    }
    void on(const connection_check_out_started_event& e) noexcept override {
        add("ConnectionCheckOutStarted", e);
    }
    void on(const connection_check_out_failed_event& e) noexcept override {
        auto& added = add("ConnectionCheckOutFailed", e);
        added.reason = to_string(e.reason);
        added.has_duration = e.duration >= e.duration.zero();
    }
    void on(const connection_checked_out_event& e) noexcept override {
        auto& added = add("ConnectionCheckedOut", e);
        added.connection_id = e.connection_id;
        added.has_duration = e.duration >= e.duration.zero();
    }
    void on(const connection_checked_in_event& e) noexcept override {
        add("ConnectionCheckedIn", e).connection_id = e.connection_id;
    }

 private:
    template <typename Event>
    event& add(std::string_view type, const Event& e) {
        auto& added = all_.emplace_back();
        added.type = type;
        added.address = e.address;
        told_.happened();
        return added;
    }

    happening& told_;
    std::vector<event> all_;
};

/// What SDAM would do with a connection that could not be opened.
class owner final : public pool::pool_owner {
 public:
    void open_failed(pool::connection_pool& failed, const error& why, std::uint64_t generation,
                     const std::optional<bson::object_id>&) noexcept override {
        if (generation == failed.generation() &&
            !why.has_label(detail::label::system_overloaded_error)) {
            failed.clear(why, std::nullopt, false);
        }
    }
};

/// Throws for a field that would be passed over.
void know_all(const value_view& object, std::string_view what,
              std::initializer_list<std::string_view> known) {
    for (const auto& field : object) {
        if (std::ranges::find(known, field.key()) == known.end()) {
            throw std::invalid_argument(
                std::string(what) +
                " has a field that the area does not know: " + std::string(field.key()));
        }
    }
}

pool::pool_settings settings_of(const value_view& from) {
    know_all(from, "poolOptions",
             {"appName", "maxPoolSize", "minPoolSize", "maxConnecting", "maxIdleTimeMS",
              "waitQueueTimeoutMS", "backgroundThreadIntervalMS"});
    pool::pool_settings settings;
    const auto number = [&](const char* key, std::int64_t otherwise) {
        return from[key].get_or<std::int64_t>(otherwise);
    };
    settings.max_size = static_cast<std::size_t>(number("maxPoolSize", 100));
    settings.min_size = static_cast<std::size_t>(number("minPoolSize", 0));
    settings.max_connecting = static_cast<std::size_t>(number("maxConnecting", 2));
    settings.max_idle_time = milliseconds(number("maxIdleTimeMS", 0));
    settings.wait_queue_timeout = milliseconds(number("waitQueueTimeoutMS", 0));
    settings.maintenance_interval = milliseconds(number("backgroundThreadIntervalMS", 1000));
    return settings;
}

/// Has the scripted server fail every hello, as the file's fail point would: its mode is for always
/// or for more of them than there are.
void script(test::op_msg_peer& peer, const value_view& fail_point) {
    const auto data = fail_point["data"];
    know_all(fail_point, "failPoint", {"configureFailPoint", "mode", "data"});
    know_all(data, "failPoint.data",
             {"appName", "failCommands", "blockConnection", "blockTimeMS", "closeConnection",
              "errorCode"});
    const bool of_hello = std::ranges::all_of(data["failCommands"], [](const auto& name) {
        const auto text = name.value().template get<std::string_view>();
        return text == "hello" || text == "isMaster";
    });
    const auto mode = fail_point["mode"];
    const bool enough = mode.get_or<std::string_view>("") == "alwaysOn" ||
                        mode["times"].get_or<std::int64_t>(0) >= 50;
    if (fail_point["configureFailPoint"].get<std::string_view>() != "failCommand" || !of_hello ||
        !enough) {
        throw std::invalid_argument("a fail point that the area does not know");
    }
    test::reply_script hello;
    if (data["blockConnection"].get_or(false)) {
        hello.wait(milliseconds(2 * data["blockTimeMS"].get<std::int64_t>()));
    }
    if (data["closeConnection"].get_or(false)) {
        hello.close();
    } else if (const auto code = data["errorCode"]) {
        hello.reply(test::op_msg_peer::error_document(code.get<std::int32_t>(), "FailPoint",
                                                      "as the fail point says"));
    } else {
        hello.reply(test::op_msg_peer::hello_document());
    }
    peer.always("hello", hello);
}

/// One file under way.
class scene {
 public:
    scene(reactor& r, document_view test, const test::op_msg_peer& peer)
        : told_(r.core()),
          log_(told_),
          test_(test),
          pool_(r.core(), settings_for(test, peer), settings_of(test["poolOptions"]), &owner_,
                &log_),
          scope_(r) {}

    /// Does the file's operations; the error that the main thread met.
    task<error> run() {
        error met;
        for (const auto& element : test_["operations"]) {
            const auto& operation = element.value();
            const auto name = operation["thread"].get_or<std::string>("");
            if (name.empty()) {
                met = co_await do_one(operation);
            } else {
                thread_of(name).work.push_back(operation);
                told_.happened();
            }
            if (met) {
                break;
            }
        }
        co_return met;
    }
    [[nodiscard]] const event_log& log() const noexcept { return log_; }

 private:
    struct thread {
        std::deque<value_view> work;
        bool ends = false;
        bool ended = false;
        error met;
    };

    static pool::connection_settings settings_for(document_view test,
                                                  const test::op_msg_peer& peer) {
        pool::connection_settings settings;
        settings.host = host_address{.host = peer.host(), .port = peer.port()};
        settings.app_name = test["poolOptions"]["appName"].get_or<std::string>("");
        settings.connect_timeout = time_limit;
        return settings;
    }

    thread& thread_of(const std::string& name) {
        const auto found = threads_.find(name);
        if (found == threads_.end()) {
            throw std::invalid_argument("a thread that was not started: " + name);
        }
        return found->second;
    }

    task<> work(thread& mine) {
        for (;;) {
            co_await told_.until([&] { return mine.ends || !mine.work.empty(); });
            if (mine.work.empty()) {
                break;
            }
            const auto operation = mine.work.front();
            mine.work.pop_front();
            if (auto met = co_await do_one(operation)) {
                mine.met = std::move(met);
                break;
            }
        }
        mine.ended = true;
        told_.happened();
    }

    task<error> do_one(value_view operation) {
        const auto name = operation["name"].get<std::string_view>();
        if (name == "start") {
            auto& started = threads_[operation["target"].get<std::string>()];
            scope_.spawn(work(started));
        } else if (name == "wait") {
            co_await sleep_for(milliseconds(operation["ms"].get<std::int64_t>()));
        } else if (name == "waitForThread") {
            auto& target = thread_of(operation["target"].get<std::string>());
            target.ends = true;
            told_.happened();
            co_await told_.until([&] { return target.ended; });
            co_return target.met;
        } else if (name == "waitForEvent") {
            const auto type = operation["event"].get<std::string>();
            const auto count = operation["count"].get<std::int64_t>();
            const auto timeout = operation["timeout"];
            auto enough = told_.until([this, type, count] { return log_.count(type) >= count; });
            auto in_time =
                with_deadline(std::move(enough),
                              timeout ? deadline::after(milliseconds(timeout.get<std::int64_t>()))
                                      : deadline::never());
            co_await std::move(in_time);
        } else if (name == "checkOut") {
            co_return co_await check_out(operation["label"].get_or<std::string>(""));
        } else if (name == "checkIn") {
            const auto label = operation["connection"].get<std::string>();
            // A thread may still be about to be given it.
            co_await told_.until([&] { return labelled_.contains(label); });
            labelled_.erase(label);
        } else if (name == "clear") {
            pool_.clear(error(errc::network_error, "as the test says"), std::nullopt,
                        operation["interruptInUseConnections"].get_or(false));
        } else if (name == "close") {
            pool_.close();
        } else if (name == "ready") {
            pool_.ready();
        } else {
            throw std::invalid_argument("an operation that the area does not know: " +
                                        std::string(name));
        }
        co_return error();
    }

    task<error> check_out(std::string label) {
        auto got = co_await pool_.check_out();
        if (!got) {
            co_return got.error();
        }
        if (label.empty()) {
            unlabelled_.push_back(std::move(*got));
        } else {
            labelled_[label] = std::move(*got);
        }
        told_.happened();
        co_return error();
    }

    happening told_;
    event_log log_;
    owner owner_;
    document_view test_;
    pool::connection_pool pool_;
    std::map<std::string, pool::lease> labelled_;
    std::vector<pool::lease> unlabelled_;
    std::map<std::string, thread> threads_;
    task_scope scope_;
};

bool is_any(const value_view& wanted) {
    return (wanted.type() == bson::type::int32 && wanted.get<std::int32_t>() == 42) ||
           (wanted.type() == bson::type::string && wanted.get<std::string_view>() == "42");
}

void expect_options(checks& made, const value_view& wanted, const pool_options& got) {
    for (const auto& option : wanted) {
        const auto value = option.value().get<std::int64_t>();
        const auto key = option.key();
        const auto same = [&](const auto& given) {
            return given && static_cast<std::int64_t>(*given) == value;
        };
        const auto same_time = [&](const auto& given) { return given && given->count() == value; };
        const bool right = key == "maxPoolSize"     ? same(got.max_pool_size)
                           : key == "minPoolSize"   ? same(got.min_pool_size)
                           : key == "maxConnecting" ? same(got.max_connecting)
                           : key == "maxIdleTimeMS"
                               ? same_time(got.max_idle_time)
                               : key == "waitQueueTimeoutMS" && same_time(got.wait_queue_timeout);
        made.expect(right, "the event's option " + std::string(key));
    }
}

void expect_event(checks& made, std::size_t index, const value_view& wanted, const event& got) {
    const std::string where = "event " + std::to_string(index) + ": ";
    for (const auto& element : wanted) {
        const auto key = element.key();
        const auto& value = element.value();
        if (key == "type") {
            const auto type = value.get<std::string_view>();
            made.expect(got.type == type,
                        where + "got " + got.type + ", wanted " + std::string(type));
        } else if (key == "address") {
            made.expect(is_any(value) && !got.address.empty(), where + "no address");
        } else if (key == "connectionId") {
            made.expect(is_any(value) ? got.connection_id > 0
                                      : got.connection_id == value.get<std::int64_t>(),
                        where + "got connection " + std::to_string(got.connection_id));
        } else if (key == "reason") {
            made.expect(got.reason == value.get<std::string_view>(),
                        where + "got reason " + got.reason);
        } else if (key == "duration") {
            made.expect(got.has_duration, where + "no duration");
        } else if (key == "options") {
            made.expect(got.has_options, where + "no options");
            if (!is_any(value)) {
                expect_options(made, value, got.options);
            }
        } else if (key == "interruptInUseConnections") {
            made.expect(got.interrupts == value.get<bool>(), where + "interruptInUseConnections");
        } else {
            made.fail(where + "a member that the area does not know: " + std::string(key));
        }
    }
}

void expect_error(checks& made, const value_view& wanted, const error& got) {
    if (!wanted) {
        made.expect(!got, "failed: " + got.to_string());
        return;
    }
    const auto type = wanted["type"].get<std::string_view>();
    const auto code = type == "PoolClosedError"         ? errc::client_closed
                      : type == "WaitQueueTimeoutError" ? errc::wait_queue_timeout
                                                        : errc::pool_cleared;
    made.expect(got == code, "got the error " + got.to_string() + ", wanted " + std::string(type));
    if (const auto text = wanted["message"]) {
        made.expect(got.message().starts_with(text.get<std::string_view>()),
                    "the error's text: " + std::string(got.message()));
    }
}

/// The events in their order. The specification has a pool cleared before the connection that
/// failed is closed (2024-11); older files have the one of pool-create-min-size-error.json the
/// other way.
std::vector<value_view> wanted_events(document_view test) {
    std::vector<value_view> all;
    for (const auto& each : test["events"]) {
        const auto event = each.value();
        const bool clears = event["type"].get<std::string_view>() == "ConnectionPoolCleared";
        const auto before = all.empty() ? value_view() : all.back();
        if (clears && before && before["type"].get<std::string_view>() == "ConnectionClosed" &&
            before["reason"].get_or<std::string_view>("") == "error") {
            all.back() = event;
            all.push_back(before);
        } else {
            all.push_back(event);
        }
    }
    return all;
}

void run_file(document_view test, checks& made) {
    test::op_msg_peer peer;
    if (const auto fail_point = test["failPoint"]) {
        script(peer, fail_point);
    }
    const auto r = reactor::create({}).value();
    std::vector<event> seen;
    {
        scene s(*r, test, peer);
        const auto met = sync_wait(*r, with_deadline(s.run(), time_limit));
        expect_error(made, test["error"], met);
        for (const auto& one : s.log().all()) {
            const auto ignored = test["ignore"];
            if (std::none_of(ignored.begin(), ignored.end(), [&](const auto& name) {
                    return name.value().template get<std::string_view>() == one.type;
                })) {
                seen.push_back(one);
            }
        }
    }
    std::size_t index = 0;
    for (const auto& wanted : wanted_events(test)) {
        if (!made.expect(index < seen.size(), "event " + std::to_string(index) +
                                                  " did not come: wanted " +
                                                  wanted["type"].get<std::string>())) {
            break;
        }
        expect_event(made, index, wanted, seen[index]);
        ++index;
    }
}

class connection_monitoring_and_pooling final : public area {
 public:
    explicit connection_monitoring_and_pooling(const settings& s) : unified_(s) {}

    void run(file_run& run) override {
        if (unified_.run(run)) {
            return;
        }
        const auto content = run.content();
        run.test(content["description"].get<std::string_view>(),
                 [content](checks& made) { run_file(content, made); });
    }

 private:
    unified::runner unified_;
};

}  // namespace

std::unique_ptr<area> make_connection_monitoring_and_pooling(const settings& s) {
    return std::make_unique<connection_monitoring_and_pooling>(s);
}

}  // namespace mongoro::spec
