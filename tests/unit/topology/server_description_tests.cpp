#include "topology/server_description.hpp"

#include <doctest/doctest.h>

#include "topology_support.hpp"

using namespace mongoro;
using namespace mongoro::topology;
using std::chrono::milliseconds;

namespace {

server_description of(const std::string& fields) {
    return described("a:27017", hello_of(fields), {milliseconds(4), milliseconds(2)},
                     server_description::time_point(milliseconds(7)));
}

}  // namespace

TEST_CASE("a description has what the hello said") {
    const auto s = of(R"("isWritablePrimary": true, "setName": "rs", "me": "A:27017",
        "hosts": ["B:27017", "a:27017", "b:27017"], "passives": ["c"], "arbiters": ["D:1"],
        "primary": "A:27017", "setVersion": 3, "electionId": {"$oid": "000000000000000000000002"},
        "tags": {"dc": "ny", "rack": "2"}, "logicalSessionTimeoutMinutes": 30, "iscryptd": true,
        "lastWrite": {"lastWriteDate": {"$date": {"$numberLong": "12"}}},
        "topologyVersion": {"processId": {"$oid": "000000000000000000000001"},
                            "counter": {"$numberLong": "9"}})");
    CHECK(s.address == "a:27017");
    CHECK(s.type == server_type::rs_primary);
    CHECK_FALSE(s.error);
    CHECK(s.round_trip_time == milliseconds(4));
    CHECK(s.min_round_trip_time == milliseconds(2));
    CHECK(s.last_update_time == server_description::time_point(milliseconds(7)));
    CHECK(s.max_wire_version == 21);
    CHECK(s.me == "a:27017");
    CHECK(s.hosts == std::vector<std::string>{"a:27017", "b:27017"});
    CHECK(s.passives == std::vector<std::string>{"c:27017"});
    CHECK(s.arbiters == std::vector<std::string>{"d:1"});
    CHECK(s.primary == "a:27017");
    CHECK(s.set_version == 3);
    CHECK(s.election_id->to_string() == "000000000000000000000002");
    CHECK(s.tags.size() == 2);
    CHECK(s.tags.at("dc") == "ny");
    CHECK(s.logical_session_timeout_minutes == 30);
    CHECK(s.is_cryptd);
    CHECK(s.last_write_date == bson::date(milliseconds(12)));
    CHECK(s.topology_version->counter == 9);
}

TEST_CASE("a field of an odd type counts as left out") {
    const auto s = of(R"("tags": {"dc": 1, "rack": "2"}, "setVersion": "x", "electionId": null,
        "lastWrite": 1, "topologyVersion": {"processId": 1, "counter": 2})");
    CHECK(s.type == server_type::standalone);
    CHECK(s.tags.size() == 1);
    CHECK_FALSE(s.set_version);
    CHECK_FALSE(s.election_id);
    CHECK_FALSE(s.last_write_date);
    CHECK_FALSE(s.topology_version);
}

TEST_CASE("the date of a write that is farther away than any can be counts as left out") {
    const auto written = [](const char* when) {
        return of(R"("lastWrite": {"lastWriteDate": {"$date": {"$numberLong": ")" +
                  std::string(when) + "\"}}}")
            .last_write_date;
    };
    CHECK(written("1000000000000000") == bson::date(milliseconds(1'000'000'000'000'000)));
    CHECK(written("-1000000000000000") == bson::date(milliseconds(-1'000'000'000'000'000)));
    CHECK_FALSE(written("1000000000000001"));
    CHECK_FALSE(written("-1000000000000001"));
    CHECK_FALSE(written("9223372036854775807"));
    CHECK_FALSE(written("-9223372036854775808"));
}

TEST_CASE("an address is in lower case and has its port") {
    CHECK(normal_address("A.Example.com") == "a.example.com:27017");
    CHECK(normal_address("a:1") == "a:1");
    CHECK(normal_address("[::1]") == "[::1]:27017");
    CHECK(normal_address("[FE80::1]:3") == "[fe80::1]:3");
    CHECK(normal_address("[FE80::1%enP4p65s0]:3") == "[fe80::1%enP4p65s0]:3");
    CHECK(normal_address("/tmp/Mongo.sock") == "/tmp/Mongo.sock");
    CHECK(normal_address("Run/Mongo.sock") == "Run/Mongo.sock");
    CHECK(normal_address("").empty());
}

TEST_CASE("descriptions that differ in times only are equal") {
    const auto one = of(R"("lastWrite": {"lastWriteDate": {"$date": {"$numberLong": "1"}}})");
    auto other = of(R"("lastWrite": {"lastWriteDate": {"$date": {"$numberLong": "2"}}})");
    other.round_trip_time = milliseconds(9);
    other.min_round_trip_time = milliseconds(8);
    other.last_update_time += milliseconds(1);
    CHECK(one == other);
    other.tags["dc"] = "ny";
    CHECK_FALSE(one == other);
}

TEST_CASE("the order of the hosts in a hello does not matter") {
    CHECK(of(R"("setName": "rs", "hosts": ["a:1", "b:1"])") ==
          of(R"("setName": "rs", "hosts": ["b:1", "a:1"])"));
}

TEST_CASE("errors are part of what a description is") {
    const auto with = [](error e) { return unknown_server("a:27017", std::move(e)); };
    const error refused(errc::connect_failed, "a:27017");
    CHECK(with({}) == with({}));
    CHECK_FALSE(with({}) == with(refused));
    CHECK(with(refused) == with(error(errc::connect_failed, "a:27017")));
    CHECK_FALSE(with(refused) == with(error(errc::connect_failed, "b:27017")));
    CHECK_FALSE(with(refused) == with(error(errc::connect_failed, "a:27017", errc::network_error)));
    CHECK(with(error(errc::connect_failed, "a", refused)) ==
          with(error(errc::connect_failed, "a", refused)));
}

TEST_CASE("topology versions are compared within one process of the server") {
    const auto version = [](std::uint8_t process, std::int64_t counter) {
        std::array<std::uint8_t, 12> bytes{};
        bytes[11] = process;
        return std::optional(topology_version{bson::object_id(bytes), counter});
    };
    CHECK(compare(version(1, 2), version(1, 1)) == freshness::newer);
    CHECK(compare(version(1, 1), version(1, 1)) == freshness::same);
    CHECK(compare(version(1, 0), version(1, 1)) == freshness::older);
    CHECK(compare(version(2, 0), version(1, 1)) == freshness::newer);
    CHECK(compare(std::nullopt, version(1, 1)) == freshness::newer);
    CHECK(compare(version(1, 1), std::nullopt) == freshness::newer);
}

TEST_CASE("a line for a log has the error, but not the server's own words") {
    error::details d;
    d.code = make_error_code(errc::handshake_failed);
    d.server_code = 18;
    d.server_message = "bad password hunter2";
    const auto line = unknown_server("a:27017", error(std::move(d))).to_string();
    CHECK(line == "a:27017 Unknown (handshake failed (server error 18))");
    CHECK(of("").to_string() == "a:27017 Standalone, rtt 4.0 ms");
}

TEST_CASE("every type has the specification's name") {
    CHECK(to_string(server_type::rs_ghost) == "RSGhost");
    CHECK(to_string(server_type::load_balancer) == "LoadBalancer");
    CHECK(to_string(server_type::unknown) == "Unknown");
    CHECK(to_string(topology_type::replica_set_no_primary) == "ReplicaSetNoPrimary");
    CHECK(to_string(topology_type::load_balanced) == "LoadBalanced");
}
