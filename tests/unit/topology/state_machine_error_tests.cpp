// What an operation's errors do to the topology: the scenarios of the test plan that have no file,
// and what the files leave out.

#include "topology/state_machine.hpp"

#include <doctest/doctest.h>

#include "error/retry_tables.hpp"
#include "topology_support.hpp"
#include "wire/server_error.hpp"

using namespace mongoro;
using namespace mongoro::topology;

namespace {

error answered(const std::string& reply) {
    return detail::write_reply_error(bson::from_json(reply).value());
}

error labelled(errc code, std::string_view label) {
    error::details d;
    d.code = make_error_code(code);
    d.labels.emplace_back(label);
    return error(std::move(d));
}

actions fails(watched& w, std::string_view address, const error& e, bool handshake_complete = true,
              std::optional<bson::object_id> service = std::nullopt) {
    return w.machine.application_failed({.address = address,
                                         .error = e,
                                         .handshake_complete = handshake_complete,
                                         .service_id = service},
                                        w.now);
}

watched balanced() {
    settings s;
    s.seeds = {"lb"};
    s.load_balanced = true;
    return watched(std::move(s));
}

}  // namespace

TEST_CASE("a network error of a write to the primary loses it, and asks for no check") {
    auto w = replica_set();
    const auto failed = fails(w, "a:27017", errc::network_error);
    CHECK(w.known("a:27017").type == server_type::unknown);
    CHECK(w.known("a:27017").error == errc::network_error);
    CHECK(w.known().type == topology_type::replica_set_no_primary);
    CHECK(all<clear_pool>(failed).at(0).address == "a:27017");
    CHECK(all<cancel_check>(failed).at(0).address == "a:27017");
    CHECK(all<request_check>(failed).empty());
    CHECK(all<wake_selections>(failed).size() == 1);
}

TEST_CASE(
    "an error of TLS is one of the network, before a connection is authenticated and behind") {
    for (const bool complete : {true, false}) {
        auto w = replica_set();
        const auto failed = fails(w, "a:27017", errc::tls_failed, complete);
        CHECK(w.known("a:27017").type == server_type::unknown);
        CHECK(all<clear_pool>(failed).size() == 1);
        CHECK(all<cancel_check>(failed).size() == 1);
    }
    auto w = replica_set();
    const auto failed = w.machine.check_failed("a:27017", errc::tls_failed, w.now);
    REQUIRE(all<request_check>(failed).size() == 1);
    CHECK(all<request_check>(failed)[0].time == request_check::when::at_once);
}

TEST_CASE("a check that takes too long interrupts the connections in use, also by a proxy") {
    const auto interrupts = [](const error& why) {
        auto w = replica_set();
        const auto cleared = all<clear_pool>(w.check_fails("a:27017", why));
        REQUIRE(cleared.size() == 1);
        return cleared[0].interrupt_in_use;
    };
    CHECK(interrupts(errc::connect_timed_out));
    CHECK(interrupts({errc::proxy_failed, "proxy p:1080", error(errc::connect_timed_out)}));
    CHECK_FALSE(interrupts(errc::connect_failed));
    CHECK_FALSE(interrupts({errc::proxy_failed, "proxy p:1080", error(errc::connect_failed)}));
    CHECK_FALSE(interrupts(errc::proxy_failed));
}

TEST_CASE("the pool is cleared only after the description has changed") {
    auto w = replica_set();
    const auto failed = fails(w, "a:27017", errc::connection_closed);
    REQUIRE(failed.size() >= 3);
    CHECK(std::holds_alternative<publish>(failed[0]));
    CHECK(std::holds_alternative<publish>(failed[1]));
    CHECK(std::holds_alternative<clear_pool>(failed[2]));
}

TEST_CASE("not writable primary: the server is checked soon and its pool stays") {
    auto w = replica_set();
    const auto failed =
        fails(w, "a:27017", answered(R"({"ok": 0, "errmsg": "no primary", "code": 10107})"));
    CHECK(w.known("a:27017").type == server_type::unknown);
    CHECK(w.known("a:27017").error.server_code() == 10107);
    CHECK(w.known().type == topology_type::replica_set_no_primary);
    CHECK(all<clear_pool>(failed).empty());
    CHECK(all<cancel_check>(failed).empty());
    REQUIRE(all<request_check>(failed).size() == 1);
    CHECK(all<request_check>(failed)[0].time == request_check::when::after_pause);
}

TEST_CASE("a recovering secondary is lost alone") {
    auto w = replica_set();
    const auto failed =
        fails(w, "b:27017", answered(R"({"ok": 0, "errmsg": "node is recovering"})"));
    CHECK(w.known("b:27017").type == server_type::unknown);
    CHECK(w.known().type == topology_type::replica_set_with_primary);
    CHECK(all<request_check>(failed).size() == 1);
}

TEST_CASE("a write concern error of a server that shuts down clears its pool") {
    auto w = replica_set();
    const auto failed = fails(
        w, "a:27017",
        answered(
            R"({"ok": 1, "writeConcernError": {"code": 91, "errmsg": "is being shut down"}})"));
    CHECK(w.known("a:27017").type == server_type::unknown);
    CHECK(all<clear_pool>(failed).size() == 1);
    CHECK(all<request_check>(failed).size() == 1);
}

TEST_CASE("the texts of servers without codes are understood") {
    for (const auto* reply : {R"({"ok": 0, "errmsg": "not master"})",
                              R"({"$err": "not master or secondary; cannot currently read"})",
                              R"({"$err": "not master and slaveOk=false"})",
                              R"({"ok": 0, "errmsg": "node is recovering"})"}) {
        CAPTURE(reply);
        auto w = replica_set();
        CHECK_FALSE(fails(w, "a:27017", answered(reply)).empty());
        CHECK(w.known("a:27017").type == server_type::unknown);
        CHECK(w.known("a:27017").error.server_message() == answered(reply).server_message());
    }
}

TEST_CASE("most errors say nothing of the server") {
    auto w = replica_set();
    for (const auto& e : {error(errc::connect_timed_out), error(errc::socket_timed_out),
                          error(errc::deadline_exceeded), error(errc::operation_cancelled),
                          error(errc::malformed_bson),
                          answered(R"({"ok": 0, "code": 11000, "errmsg": "duplicate"})"),
                          answered(R"({"ok": 1, "writeErrors": [{"index": 0, "code": 10107}]})")}) {
        CAPTURE(e.to_string());
        CHECK(fails(w, "a:27017", e).empty());
    }
    CHECK(w.known("a:27017").type == server_type::rs_primary);
}

TEST_CASE("any error before a connection is authenticated loses the server") {
    for (const auto& e : {answered(R"({"ok": 0, "code": 18, "errmsg": "no"})"),
                          error(errc::connect_timed_out), error(errc::socket_timed_out),
                          error(errc::connection_closed), error(errc::incompatible_server)}) {
        CAPTURE(e.to_string());
        auto w = replica_set();
        const auto failed = fails(w, "a:27017", e, false);
        CHECK(w.known("a:27017").type == server_type::unknown);
        CHECK(all<clear_pool>(failed).size() == 1);
        CHECK(all<cancel_check>(failed).size() == 1);
    }
}

TEST_CASE("neither an overload nor the caller's own doing loses the server") {
    auto w = replica_set();
    const auto overload = labelled(errc::connection_closed, detail::label::system_overloaded_error);
    CHECK(fails(w, "a:27017", overload, false).empty());
    for (const auto code : {errc::operation_cancelled, errc::client_closed, errc::reactor_stopped,
                            errc::pool_cleared, errc::wait_queue_timeout}) {
        CHECK(fails(w, "a:27017", code, false).empty());
    }
    CHECK(w.known("a:27017").type == server_type::rs_primary);
}

TEST_CASE("an error of a connection from before the pool was cleared is stale") {
    auto w = replica_set();
    const error e(errc::network_error);
    CHECK(w.machine
              .application_failed(
                  {.address = "a:27017", .error = e, .generation = 0, .pool_generation = 1}, w.now)
              .empty());
    CHECK_FALSE(
        w.machine
            .application_failed(
                {.address = "a:27017", .error = e, .generation = 1, .pool_generation = 1}, w.now)
            .empty());
}

TEST_CASE("an error of a server that is not in the topology is ignored") {
    auto w = replica_set();
    CHECK(fails(w, "x:27017", errc::network_error).empty());
}

TEST_CASE("the version in a state change outlives the description that it ends") {
    auto w = replica_set();
    const std::string version =
        R"("topologyVersion": {"processId": {"$oid": "000000000000000000000001"},
                               "counter": {"$numberLong": "5"}})";
    (void)fails(w, "a:27017", answered(R"({"ok": 0, "code": 10107, )" + version + "}"));
    CHECK(w.known("a:27017").topology_version->counter == 5);
    // The same error on another connection is no news.
    CHECK(fails(w, "a:27017", answered(R"({"ok": 0, "code": 10107, )" + version + "}")).empty());
    CHECK_FALSE(w.hears("a:27017", primary_of_two + ", " + version).empty());
    CHECK(w.known("a:27017").type == server_type::rs_primary);
}

TEST_CASE("behind a load balancer only the pool of the service is cleared") {
    auto w = balanced();
    const auto service = bson::object_id::generate();
    const auto cleared = [&](const error& e, bool complete) {
        const auto failed = fails(w, "lb:27017", e, complete, service);
        REQUIRE(failed.size() == 1);
        CHECK(all<clear_pool>(failed).at(0).service_id == service);
    };
    cleared(errc::network_error, true);
    cleared(answered(R"({"ok": 0, "code": 91})"), true);
    cleared(answered(R"({"ok": 0, "code": 18})"), false);
    CHECK(fails(w, "lb:27017", answered(R"({"ok": 0, "code": 10107})"), true, service).empty());
    CHECK(w.known("lb:27017").type == server_type::load_balancer);
}

TEST_CASE("behind a load balancer an error before the hello is nobody's") {
    auto w = balanced();
    CHECK(fails(w, "lb:27017", errc::network_error, false).empty());
    CHECK(fails(w, "lb:27017", answered(R"({"ok": 0, "code": 91})"), false).empty());
}
