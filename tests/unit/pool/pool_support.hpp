#pragma once

#include "auth/authenticator.hpp"
#include "backends.hpp"
#include "io/reactor_core.hpp"
#include "op_msg_peer.hpp"
#include "operation/operations.hpp"
#include "pool/connection_pool.hpp"

#include <mongoro/event_listener.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mongoro::test {

using namespace std::chrono_literals;
using namespace mongoro::pool;

/// Writes down what a pool says, one word or two an event: "created 1", "closed 1 stale".
class event_record final : public pool_listener {
 public:
    std::vector<std::string> seen;
    std::vector<error> failures;
    std::optional<bson::object_id> cleared_service;

    void on(const pool_created_event&) noexcept override { add("pool created"); }
    void on(const pool_ready_event&) noexcept override { add("pool ready"); }
    void on(const pool_cleared_event& e) noexcept override {
        cleared_service = e.service_id;
        add(e.interrupt_in_use_connections ? "pool cleared, interrupting" : "pool cleared");
    }
    void on(const pool_closed_event&) noexcept override { add("pool closed"); }
    void on(const connection_created_event& e) noexcept override {
        add("created " + std::to_string(e.connection_id));
    }
    void on(const connection_ready_event& e) noexcept override {
        add("ready " + std::to_string(e.connection_id));
    }
    void on(const connection_closed_event& e) noexcept override {
        add("closed " + std::to_string(e.connection_id) + ' ' + std::string(to_string(e.reason)));
    }
    void on(const connection_check_out_started_event&) noexcept override { add("started"); }
    void on(const connection_check_out_failed_event& e) noexcept override {
        failures.push_back(e.failure);
        add("failed " + std::string(to_string(e.reason)));
    }
    void on(const connection_checked_out_event& e) noexcept override {
        add("out " + std::to_string(e.connection_id));
    }
    void on(const connection_checked_in_event& e) noexcept override {
        add("in " + std::to_string(e.connection_id));
    }

    /// What came since the last call.
    std::vector<std::string> take() { return std::exchange(seen, {}); }

 private:
    void add(std::string what) { seen.push_back(std::move(what)); }
};

/// Does with a failed opening what a test says.
class test_owner final : public pool_owner {
 public:
    std::function<void(connection_pool&, const error&)> on_failure;
    std::vector<std::uint64_t> generations;
    std::vector<std::optional<bson::object_id>> services;

    void open_failed(connection_pool& pool, const error& why, std::uint64_t generation,
                     const std::optional<bson::object_id>& service) noexcept override {
        generations.push_back(generation);
        services.push_back(service);
        if (on_failure) {
            on_failure(pool, why);
        }
    }
};

/// A scripted server and a pool of connections to it.
struct pool_scene {
    explicit pool_scene(reactor& on, const pool_settings& options = {}, bool ready = true,
                        std::shared_ptr<auth::authenticator> login = {})
        : r(on), pool(r.core(), settings_of(peer, std::move(login)), options, &owner, &events) {
        if (ready) {
            pool.ready();
        }
        events.take();
    }

    static connection_settings settings_of(const op_msg_peer& peer,
                                           std::shared_ptr<auth::authenticator> login = {}) {
        connection_settings settings;
        settings.authenticator = std::move(login);
        settings.host = host_address{.host = peer.host(), .port = peer.port()};
        return settings;
    }
    /// As an operation that throws.
    static task<lease> out_of(connection_pool& from) {
        auto got = co_await from.check_out();
        if (!got) {
            throw exception(got.error());
        }
        co_return std::move(*got);
    }
    lease check_out() { return sync_wait(r, out_of(pool)); }
    error check_out_error() { return error_of(r, out_of(pool)); }
    /// Polls until `done()`.
    template <typename Done>
    void until(Done done) {
        REQUIRE(poll_until(r, std::move(done)));
    }

    reactor& r;
    op_msg_peer peer;
    event_record events;
    test_owner owner;
    connection_pool pool;
};

/// A check-out that runs beside the test.
class pending_lease : public running<lease> {
 public:
    explicit pending_lease(pool_scene& s) : running(s.r, pool_scene::out_of(s.pool)) {}
    pending_lease(pool_scene& s, std::stop_token stop)
        : running(s.r, with_stop(pool_scene::out_of(s.pool), std::move(stop))) {}

    /// What it is given, once it is.
    lease take() { return std::move(wait().value()); }
    error why() {
        wait();
        return failure();
    }
};

inline reply_script slow_hello(std::chrono::milliseconds time) {
    return reply_script().wait(time).reply(op_msg_peer::hello_document());
}

}  // namespace mongoro::test
