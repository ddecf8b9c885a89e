#include "pool/pool_state.hpp"

#include "wire/hello.hpp"

#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

using namespace mongoro;
using namespace mongoro::pool;
using namespace std::chrono_literals;

namespace {

pool_state ready_state(const pool_settings& settings = {}) {
    pool_state state(settings);
    state.ready();
    return state;
}

}  // namespace

TEST_CASE("a pool is paused, becomes ready, is cleared and paused again, and stays closed") {
    pool_state state({});
    CHECK(!state.is_ready());
    CHECK(state.ready());
    CHECK(!state.ready());
    CHECK(state.is_ready());
    CHECK(state.clear());
    CHECK(!state.is_ready());
    CHECK(!state.clear());
    CHECK(state.generation() == 2);
    CHECK(state.ready());
    CHECK(state.close());
    CHECK(!state.close());
    CHECK(!state.ready());
    CHECK(!state.clear());
    CHECK(state.is_closed());
}

TEST_CASE("a connection is opened for each who waits, within max_connecting and max_size") {
    const auto state = ready_state({.max_size = 3, .max_connecting = 2});
    CHECK(!state.may_open({.total = 0, .pending = 0, .useful = 0, .waiting = 0}, true));
    CHECK(state.may_open({.total = 0, .pending = 0, .useful = 0, .waiting = 1}, true));
    CHECK(!state.may_open({.total = 1, .pending = 1, .useful = 1, .waiting = 1}, true));
    CHECK(state.may_open({.total = 1, .pending = 1, .useful = 1, .waiting = 2}, true));
    CHECK(!state.may_open({.total = 2, .pending = 2, .useful = 2, .waiting = 9}, true));
    CHECK(!state.may_open({.total = 3, .pending = 1, .useful = 1, .waiting = 9}, true));
    // One that will be stale serves nobody, but it is one.
    CHECK(state.may_open({.total = 1, .pending = 1, .useful = 0, .waiting = 1}, true));
    CHECK(!state.may_open({.total = 2, .pending = 2, .useful = 0, .waiting = 1}, true));
    CHECK(!pool_state({}).may_open({.total = 0, .pending = 0, .useful = 0, .waiting = 1}, true));
}

TEST_CASE("a pool without a limit goes on opening, max_connecting 0 is the default") {
    const auto state = ready_state({.max_size = 0, .max_connecting = 0});
    CHECK(state.may_open({.total = 100'000, .pending = 1, .useful = 1, .waiting = 2}, true));
    CHECK(!state.may_open({.total = 100'000, .pending = 2, .useful = 2, .waiting = 3}, true));
}

TEST_CASE("what is missing of min_size is opened only if it is asked for") {
    const auto state = ready_state({.min_size = 2});
    CHECK(state.may_open({.total = 0, .pending = 0, .useful = 0, .waiting = 0}, true));
    CHECK(state.may_open({.total = 1, .pending = 1, .useful = 1, .waiting = 0}, true));
    CHECK(!state.may_open({.total = 2, .pending = 1, .useful = 1, .waiting = 0}, true));
    CHECK(!state.may_open({.total = 0, .pending = 0, .useful = 0, .waiting = 0}, false));
}

TEST_CASE("a connection that comes back is good, or closed for the first reason that holds") {
    auto state = ready_state();
    connection_record record;
    CHECK(!state.perished(record, false));
    CHECK(state.perished(record, true) == connection_closed_reason::error);
    state.clear();
    CHECK(state.perished(record, false) == connection_closed_reason::stale);
    CHECK(state.perished(record, true) == connection_closed_reason::error);
    record.interrupted = true;
    CHECK(state.perished(record, true) == connection_closed_reason::stale);
    state.close();
    CHECK(state.perished(record, true) == connection_closed_reason::pool_closed);
}

TEST_CASE("an idle connection has a limit only if there is one") {
    connection_record record;
    record.idle_since = connection_record::clock::time_point(1s);
    const auto limited = ready_state({.max_idle_time = 100ms});
    CHECK(!limited.idle_too_long(record, connection_record::clock::time_point(1099ms)));
    CHECK(limited.idle_too_long(record, connection_record::clock::time_point(1100ms)));
    CHECK(!ready_state().idle_too_long(record, connection_record::clock::time_point(99h)));
    CHECK(limited.needs_maintenance());
    CHECK(!ready_state().needs_maintenance());
    CHECK(!pool_state({.min_size = 1}).needs_maintenance());
    CHECK(!ready_state({.min_size = 1, .maintenance_interval = -1ms}).needs_maintenance());
}

TEST_CASE("behind a load balancer each service has a generation as long as it has connections") {
    auto state = ready_state({.load_balanced = true});
    const auto a = bson::object_id::from_string("000000000000000000000001").value();
    const auto b = bson::object_id::from_string("000000000000000000000002").value();
    connection_record one;
    connection_record two;
    connection_record other;
    one.service_id = two.service_id = a;
    other.service_id = b;
    CHECK(!state.clear_service(a));
    state.join(one);
    state.join(other);
    CHECK(state.clear_service(a));
    CHECK(state.is_ready());
    state.join(two);
    CHECK(state.generation(a) == 1);
    CHECK(state.generation(b) == 0);
    CHECK(!state.is_current(one));
    CHECK(state.is_current(two));
    CHECK(state.is_current(other));
    state.leave(one);
    CHECK(state.generation(a) == 1);
    state.leave(two);
    CHECK(state.generation(a) == 0);
}

TEST_CASE("the answer to a hello says which service and which connection of the server it is") {
    const auto service = bson::object_id::from_string("0123456789abcdef01234567").value();
    bson::document reply;
    reply.append("connectionId", 42).append("serviceId", service);
    wire::hello_reply hello;
    hello.connection_id = 42;
    hello.raw.assign(reply.data(), reply.data() + reply.size());
    connection_record record;
    CHECK(!record.hello_complete);
    record.learn(hello);
    CHECK(record.hello_complete);
    CHECK(record.server_connection_id == 42);
    CHECK(record.service_id == service);
}

TEST_CASE("an event of a new pool has the options that are not the defaults") {
    CHECK(!pool_state({}).options().max_pool_size);
    const auto given = pool_state({.max_size = 5,
                                   .min_size = 2,
                                   .max_connecting = 3,
                                   .max_idle_time = 4ms,
                                   .wait_queue_timeout = 6ms})
                           .options();
    CHECK(given.max_pool_size == 5U);
    CHECK(given.min_pool_size == 2U);
    CHECK(given.max_connecting == 3U);
    CHECK(given.max_idle_time == 4ms);
    CHECK(given.wait_queue_timeout == 6ms);
}

TEST_CASE("an event of a new pool has also what somebody gave and is the default") {
    pool_settings settings;
    settings.given.max_pool_size = settings.max_size;
    settings.given.max_idle_time = settings.max_idle_time;
    const auto told = pool_state(settings).options();
    CHECK(told.max_pool_size == 100U);
    CHECK(told.max_idle_time == 0ms);
    CHECK(!told.min_pool_size);
    CHECK(!told.max_connecting);
}

TEST_CASE("a check-out that timed out says who holds the connections") {
    const pool_usage usage{
        .connections = 7, .opening = 1, .cursors = 3, .transactions = 2, .operations = 1};
    CHECK(timeout_text("h:1", {.max_size = 7}, usage) ==
          "Timed out while checking out a connection from connection pool h:1: maxPoolSize: 7, "
          "connections in use by cursors: 3, connections in use by transactions: 2, connections in "
          "use by other operations: 1, connections being opened: 1, connections: 7");
    CHECK(timeout_text("h:1", {.max_size = 7, .load_balanced = true}, usage) ==
          "Timed out while checking out a connection from connection pool h:1. Timeout waiting for "
          "connection from the connection pool. maxPoolSize: 7, connections in use by cursors: 3, "
          "connections in use by transactions: 2, connections in use by other operations: 1, "
          "connections being opened: 1, connections: 7");
}

TEST_CASE("the reasons of the events have the specification's words") {
    CHECK(to_string(connection_closed_reason::stale) == "stale");
    CHECK(to_string(connection_closed_reason::idle) == "idle");
    CHECK(to_string(connection_closed_reason::error) == "error");
    CHECK(to_string(connection_closed_reason::pool_closed) == "poolClosed");
    CHECK(to_string(check_out_failed_reason::pool_closed) == "poolClosed");
    CHECK(to_string(check_out_failed_reason::timeout) == "timeout");
    CHECK(to_string(check_out_failed_reason::connection_error) == "connectionError");
}
