#include "monitoring_support.hpp"

#include "monitoring/log_listeners.hpp"

using namespace mongoro;
using namespace mongoro::test;
using namespace std::chrono_literals;

namespace {

/// Passes an event on and gives the record that was made of it.
template <typename Log, typename Event>
kept_record record_of(const Event& event, Log& log, recorder& r) {
    static_cast<std::conditional_t<std::is_base_of_v<pool_listener, Log>, pool_listener,
                                   topology_listener>&>(log)
        .on(event);
    return r.only();
}

struct shown {
    std::string json;
    std::string line;
};

template <typename Event>
shown pool_record(const Event& event) {
    recorder r;
    monitoring::pool_log log(r.log());
    const kept_record record = record_of(event, log, r);
    CHECK(record.component == log_component::connection);
    CHECK(record.level == log_level::debug);
    CHECK(record.data["serverHost"].get<std::string>() == "h");
    CHECK(record.data["serverPort"].get<int>() == 1);
    CHECK(record.data["message"].get<std::string>() == record.message);
    document rest;
    for (const auto& element : record.data) {
        if (!element.key().starts_with("server")) {
            rest.append(element.key(), element.value());
        }
    }
    return {to_json(rest), record.line};
}

constexpr std::string_view at = "h:1";

}  // namespace

TEST_CASE("a pool's records have the specification's keys and text") {
    auto got = pool_record(pool_created_event{.address = at, .options = {}});
    CHECK(got.json == R"({"message": "Connection pool created"})");
    CHECK(got.line == "Connection pool created for h:1");
    got = pool_record(pool_created_event{.address = at,
                                         .options = {.max_pool_size = 5,
                                                     .min_pool_size = 1,
                                                     .max_idle_time = 10s,
                                                     .max_connecting = 2,
                                                     .wait_queue_timeout = 3ms}});
    CHECK(got.json ==
          R"({"message": "Connection pool created", "maxIdleTimeMS": 10000, "minPoolSize": 1, )"
          R"("maxPoolSize": 5, "maxConnecting": 2, "waitQueueTimeoutMS": 3})");
    CHECK(got.line ==
          "Connection pool created for h:1 using options maxIdleTimeMS=10000, minPoolSize=1, "
          "maxPoolSize=5, maxConnecting=2, waitQueueTimeoutMS=3");
    pool_options one;
    one.min_pool_size = 1;
    CHECK(pool_record(pool_created_event{.address = at, .options = one}).line ==
          "Connection pool created for h:1 using options minPoolSize=1");

    got = pool_record(pool_ready_event{at});
    CHECK(got.json == R"({"message": "Connection pool ready"})");
    CHECK(got.line == "Connection pool ready for h:1");
    got = pool_record(
        pool_cleared_event{.address = at, .service_id = {}, .interrupt_in_use_connections = true});
    CHECK(got.json == R"({"message": "Connection pool cleared"})");
    CHECK(got.line == "Connection pool for h:1 cleared");
    got = pool_record(pool_cleared_event{at, object_id(), false});
    CHECK(got.json ==
          R"({"message": "Connection pool cleared", "serviceId": "000000000000000000000000"})");
    CHECK(got.line == "Connection pool for h:1 cleared for serviceId 000000000000000000000000");
    got = pool_record(pool_closed_event{at});
    CHECK(got.json == R"({"message": "Connection pool closed"})");
    CHECK(got.line == "Connection pool closed for h:1");
}

TEST_CASE("a connection's records have the specification's keys and text") {
    auto got = pool_record(connection_created_event{at, 4});
    CHECK(got.json == R"({"message": "Connection created", "driverConnectionId": 4})");
    CHECK(got.line == "Connection created: address=h:1, driver-generated ID=4");
    got = pool_record(connection_ready_event{at, 4, 2500us});
    CHECK(got.json ==
          R"({"message": "Connection ready", "driverConnectionId": 4, "durationMS": 2.5})");
    CHECK(got.line ==
          "Connection ready: address=h:1, driver-generated ID=4, established in=2.5 ms");
    got = pool_record(connection_checked_out_event{at, 4, 1ms});
    CHECK(got.json ==
          R"({"message": "Connection checked out", "driverConnectionId": 4, "durationMS": 1.0})");
    CHECK(got.line == "Connection checked out: address=h:1, driver-generated ID=4, duration=1 ms");
    got = pool_record(connection_checked_in_event{at, 4});
    CHECK(got.json == R"({"message": "Connection checked in", "driverConnectionId": 4})");
    CHECK(got.line == "Connection checked in: address=h:1, driver-generated ID=4");
    got = pool_record(connection_check_out_started_event{at});
    CHECK(got.json == R"({"message": "Connection checkout started"})");
    CHECK(got.line == "Checkout started for connection to h:1");
}

TEST_CASE("why a connection was closed is said in the specification's words") {
    const error failed(errc::network_error, "h:1");
    const auto closed = [&](connection_closed_reason reason) {
        return pool_record(connection_closed_event{at, 4, reason, failed});
    };
    auto got = closed(connection_closed_reason::error);
    CHECK(got.json == R"({"message": "Connection closed", "driverConnectionId": 4, )"
                      R"("reason": "An error occurred while using the connection", )"
                      R"("error": "network error: h:1"})");
    CHECK(got.line ==
          "Connection closed: address=h:1, driver-generated ID=4. Reason: An error occurred while "
          "using the connection. Error: network error: h:1");
    got = closed(connection_closed_reason::stale);
    CHECK(got.json == R"({"message": "Connection closed", "driverConnectionId": 4, )"
                      R"("reason": "Connection became stale because the pool was cleared"})");
    CHECK(closed(connection_closed_reason::idle).line ==
          "Connection closed: address=h:1, driver-generated ID=4. Reason: Connection has been "
          "available but unused for longer than the configured max idle time");
    CHECK(closed(connection_closed_reason::pool_closed).line ==
          "Connection closed: address=h:1, driver-generated ID=4. Reason: Connection pool was "
          "closed");
}

TEST_CASE("why a check-out failed is said in the specification's words") {
    const error failed(errc::connect_failed, "h:1");
    const auto check_out = [&](check_out_failed_reason reason) {
        return pool_record(connection_check_out_failed_event{at, reason, 2ms, failed});
    };
    auto got = check_out(check_out_failed_reason::connection_error);
    CHECK(got.json ==
          R"({"message": "Connection checkout failed", )"
          R"("reason": "An error occurred while trying to establish a new connection", )"
          R"("durationMS": 2.0, "error": "connect failed: h:1"})");
    CHECK(got.line ==
          "Checkout failed for connection to h:1. Reason: An error occurred while trying to "
          "establish a new connection. Error: connect failed: h:1. Duration: 2 ms");
    got = check_out(check_out_failed_reason::timeout);
    CHECK(got.json ==
          R"({"message": "Connection checkout failed", )"
          R"("reason": "Wait queue timeout elapsed without a connection becoming available", )"
          R"("durationMS": 2.0})");
    CHECK(check_out(check_out_failed_reason::pool_closed).line ==
          "Checkout failed for connection to h:1. Reason: Connection pool was closed. Duration: 2 "
          "ms");
}

TEST_CASE("a topology's records have the specification's keys and text") {
    recorder r;
    monitoring::topology_log log(r.log());
    const object_id id = object_id::generate();
    const std::string hex = id.to_string();
    const auto check = [&](const kept_record& record, const std::string& message,
                           const std::string& more, const std::string& line) {
        CHECK(record.component == log_component::topology);
        CHECK(record.level == log_level::debug);
        CHECK(to_json(record.data) ==
              "{\"message\": \"" + message + "\", \"topologyId\": \"" + hex + "\"" + more + "}");
        CHECK(record.line == line + hex);
    };
    const std::string host = R"(, "serverHost": "::1", "serverPort": 1)";
    check(record_of(topology_opening_event{id}, log, r), "Starting topology monitoring", "",
          "Starting monitoring for topology with ID ");
    check(record_of(server_opening_event{id, "[::1]:1"}, log, r), "Starting server monitoring",
          host, "Starting monitoring for server ::1:1 in topology with ID ");
    check(record_of(server_closed_event{id, "[::1]:1"}, log, r), "Stopped server monitoring", host,
          "Stopped monitoring for server ::1:1 in topology with ID ");
    check(record_of(topology_closed_event{id}, log, r), "Stopped topology monitoring", "",
          "Stopped monitoring for topology with ID ");

    auto after = std::make_shared<topology_description>();
    after->type = topology_type::sharded;
    const auto changed = record_of(
        topology_description_changed_event{id, std::make_shared<topology_description>(), after},
        log, r);
    CHECK(changed.message == "Topology description changed");
    CHECK(changed.line == "Description changed for topology with ID " + hex +
                              ". Previous description: Unknown without servers. New description: "
                              "Sharded without servers");
    CHECK(changed.data["previousDescription"].get<std::string>() == "Unknown without servers");
    CHECK(changed.data["newDescription"].get<std::string>() == "Sharded without servers");

    // The specification leaves a server's own change out.
    const auto server = std::make_shared<server_description>();
    static_cast<topology_listener&>(log).on(
        server_description_changed_event{id, "h:1", server, server});
    CHECK(r.records().empty());
}

TEST_CASE("a heartbeat's records have the specification's keys and text, and the topology's id") {
    recorder r;
    monitoring::topology_log log(r.log());
    const object_id id = object_id::generate();
    const std::string hex = id.to_string();
    record_of(topology_opening_event{id}, log, r);
    auto record = record_of(server_heartbeat_started_event{"h:1", {}, {}, false}, log, r);
    CHECK(to_json(record.data) == R"({"message": "Server heartbeat started", "topologyId": ")" +
                                      hex + R"(", "serverHost": "h", "serverPort": 1, )" +
                                      R"("awaited": false})");
    CHECK(record.line ==
          "Heartbeat started for h:1 in topology with ID " + hex + ". Awaited: false");
    record = record_of(
        server_heartbeat_succeeded_event{"h:1", 3, 44, true, 1ms, document{{"ok", 1}}}, log, r);
    CHECK(to_json(record.data) ==
          R"({"message": "Server heartbeat succeeded", "topologyId": ")" + hex +
              R"(", "serverHost": "h", "serverPort": 1, "driverConnectionId": 3, )" +
              R"("serverConnectionId": 44, "awaited": true, "durationMS": 1.0, )" +
              R"("reply": "{\"ok\": 1}"})");
    CHECK(record.line ==
          "Heartbeat succeeded in 1 ms for h:1 on connection with driver-generated ID 3 and "
          "server-generated ID 44 in topology with ID " +
              hex + ". Awaited: true. Reply: {\"ok\": 1}");
    record = record_of(
        server_heartbeat_failed_event{
            "h:1", 3, {}, false, 1ms, error(errc::connection_closed, "h:1")},
        log, r);
    CHECK(record.message == "Server heartbeat failed");
    CHECK(record.data["failure"].get<std::string>() == "connection closed by the peer: h:1");
    CHECK(record.line ==
          "Heartbeat failed in 1 ms for h:1 on connection with driver-generated ID 3 in topology "
          "with ID " +
              hex + ". Awaited: false. Failure: connection closed by the peer: h:1");
}

TEST_CASE("a sentence is its own text") {
    recorder r;
    r.log().warn(log_component::client, "all {is} [well]");
    const auto record = r.only();
    CHECK(record.level == log_level::warn);
    CHECK(record.line == "all {is} [well]");
    CHECK(to_json(record.data) == R"({"message": "all {is} [well]"})");
}
