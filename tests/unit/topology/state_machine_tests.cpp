#include "topology/state_machine.hpp"

#include <doctest/doctest.h>

#include "topology_support.hpp"

using namespace mongoro;
using namespace mongoro::topology;
using std::chrono::milliseconds;

namespace {

settings seeded(std::vector<std::string> seeds) {
    settings s;
    s.seeds = std::move(seeds);
    return s;
}

settings balanced() {
    auto s = seeded({"LB"});
    s.load_balanced = true;
    return s;
}

std::string versioned(int counter) {
    return primary_of_two +
           R"(, "topologyVersion": {"processId": {"$oid": "000000000000000000000001"},
              "counter": {"$numberLong": ")" +
           std::to_string(counter) + "\"}}";
}

}  // namespace

TEST_CASE("settings that exclude each other are refused") {
    const auto code = [](const settings& s) { return s.check().error(); };
    CHECK(seeded({"a", "b"}).check());
    CHECK(balanced().check());
    auto s = seeded({"a", "b"});
    s.direct_connection = true;
    CHECK(code(s) == errc::invalid_argument);
    s = balanced();
    s.seeds.emplace_back("b");
    CHECK(code(s) == errc::invalid_argument);
    s = balanced();
    s.direct_connection = true;
    CHECK(code(s) == errc::invalid_argument);
    s = balanced();
    s.set_name = "rs";
    CHECK(code(s) == errc::invalid_argument);
    s = balanced();
    s.srv_max_hosts = 1;
    CHECK(code(s) == errc::invalid_argument);
}

TEST_CASE("a topology opens with a monitor for each seed, once for the same one") {
    watched w(seeded({"A", "b:1", "a:27017"}));
    const auto opened = all<open_server>(w.opening);
    REQUIRE(opened.size() == 2);
    CHECK(opened[0].address == "a:27017");
    CHECK(opened[0].monitored);
    CHECK(opened[1].address == "b:1");
    CHECK(all<warn>(w.opening).empty());
    CHECK(all<warn>(watched(seeded({})).opening).size() == 1);
}

TEST_CASE("a load balancer has no monitor, is ready at once and stays what it is") {
    watched w(balanced());
    CHECK_FALSE(all<open_server>(w.opening).at(0).monitored);
    CHECK(all<ready_pool>(w.opening).at(0).address == "lb:27017");
    CHECK(all<wake_selections>(w.opening).size() == 1);
    CHECK(w.known("lb:27017").type == server_type::load_balancer);
    CHECK(w.hears("lb:27017", "").empty());
    CHECK(w.check_fails("lb:27017", errc::network_error).empty());
    CHECK(w.known().has_writable_server());

    const auto closing = w.machine.close();
    REQUIRE(closing.size() == 5);
    CHECK(all<close_server>(closing).size() == 1);
    CHECK(events<server_closed_event>(closing).at(0).address == "lb:27017");
    CHECK(events<topology_description_changed_event>(closing).at(0).new_description->type ==
          topology_type::unknown);
}

TEST_CASE("a closing topology takes leave of its servers and ends with its own event") {
    auto w = replica_set();
    const auto closing = w.machine.close();
    CHECK(all<close_server>(closing).size() == 2);
    const auto published = all<publish>(closing);
    REQUIRE(published.size() == 4);
    const auto* const changed =
        std::get_if<topology_description_changed_event>(&published[2].event);
    REQUIRE(changed != nullptr);
    CHECK(changed->previous_description->servers.size() == 2);
    CHECK(changed->new_description->servers.empty());
    CHECK(std::holds_alternative<topology_closed_event>(published[3].event));
    CHECK(all<wake_selections>(closing).size() == 1);

    CHECK(w.machine.close().empty());
    CHECK(w.hears("a:27017", primary_of_two).empty());
    CHECK(w.check_fails("a:27017", errc::network_error).empty());
}

TEST_CASE("without a listener no event is built") {
    auto s = seeded({"a"});
    s.publish_events = false;
    watched w(std::move(s));
    CHECK(all<publish>(w.opening).empty());
    CHECK(all<publish>(w.hears("a:27017", primary_of_two)).empty());
    CHECK(all<publish>(w.machine.close()).empty());
}

TEST_CASE("new members are opened and missing ones closed, between the two changes") {
    watched w(seeded({"a", "x"}));
    const auto heard = w.hears("a:27017", primary_of_two);
    std::vector<std::size_t> kinds;
    for (const auto& published : all<publish>(heard)) {
        kinds.push_back(published.event.index());
    }
    const event order[] = {server_description_changed_event{}, server_closed_event{},
                           server_opening_event{}, topology_description_changed_event{}};
    REQUIRE(kinds.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(kinds[i] == order[i].index());
    }
    CHECK(all<close_server>(heard).at(0).address == "x:27017");
    CHECK(all<open_server>(heard).at(0).address == "b:27017");
}

TEST_CASE("a pool is ready when its server holds data, or is the one of a direct connection") {
    watched set(seeded({"a", "b"}));
    CHECK(all<ready_pool>(set.hears("a:27017", primary_of_two)).size() == 1);
    CHECK(all<ready_pool>(set.hears("b:27017", R"("setName": "rs", "arbiterOnly": true)")).empty());
    CHECK(all<ready_pool>(set.hears("b:27017", R"("isreplicaset": true)")).empty());
    auto s = seeded({"a"});
    s.direct_connection = true;
    watched direct(s);
    CHECK(all<ready_pool>(direct.hears("a:27017", R"("isreplicaset": true)")).size() == 1);
    s.set_name = "other";
    watched wrong(s);
    CHECK(all<ready_pool>(wrong.hears("a:27017", primary_of_two)).empty());
}

TEST_CASE("a check that shows nothing new publishes nothing, but wakes who waits") {
    auto w = replica_set();
    const auto before = w.known("a:27017").last_update_time;
    const auto heard = w.hears("a:27017", primary_of_two);
    CHECK(all<publish>(heard).empty());
    CHECK(all<wake_selections>(heard).size() == 1);
    CHECK(w.known("a:27017").last_update_time > before);
}

TEST_CASE("a hello without a round trip time keeps the one that is known") {
    auto w = replica_set();
    (void)w.machine.hello("a:27017", hello_of(primary_of_two), std::nullopt, w.now);
    CHECK(w.known("a:27017").round_trip_time == milliseconds(5));
    (void)w.check_fails("a:27017", errc::network_error);
    CHECK_FALSE(w.known("a:27017").round_trip_time);
    (void)w.machine.hello("a:27017", hello_of(primary_of_two), std::nullopt, w.now);
    CHECK_FALSE(w.known("a:27017").round_trip_time);
}

TEST_CASE("an older hello that comes later is ignored, one as old is not") {
    auto w = replica_set();
    (void)w.hears("a:27017", versioned(2));
    const auto before = w.machine.description();
    const auto late = w.hears("a:27017", versioned(1));
    CHECK(w.machine.description() == before);
    // Who waits for a server has to ask for the next check.
    REQUIRE(late.size() == 1);
    CHECK(all<wake_selections>(late).size() == 1);
    CHECK(all<wake_selections>(w.hears("a:27017", versioned(2))).size() == 1);
}

TEST_CASE("a server may be named by its own description, which is replaced") {
    auto w = replica_set();
    const auto first = w.known("a:27017").address;
    for (int i = 0; i < 3; ++i) {
        const auto heard = w.hears(w.known("a:27017").address, primary_of_two);
        CHECK(all<ready_pool>(heard).at(0).address == first);
    }
    CHECK_FALSE(w.check_fails(w.known("a:27017").address, errc::network_error).empty());
}

TEST_CASE("a primary that another one has replaced is checked again, its pool stays") {
    auto w = replica_set();
    const auto heard = w.hears("b:27017", primary_of_two);
    const auto checks = all<request_check>(heard);
    REQUIRE(checks.size() == 1);
    CHECK(checks[0].address == "a:27017");
    CHECK(checks[0].time == request_check::when::after_pause);
    CHECK(all<clear_pool>(heard).empty());
    CHECK(events<server_description_changed_event>(heard).size() == 2);
    CHECK(w.known("a:27017").error.message() ==
          "primary marked stale due to discovery of newer primary");
    CHECK(w.known().type == topology_type::replica_set_with_primary);
}

TEST_CASE("a failed check clears the pool; a timeout interrupts what is in use") {
    auto w = replica_set();
    auto failed = w.check_fails("a:27017", errc::connect_failed);
    REQUIRE(all<clear_pool>(failed).size() == 1);
    CHECK_FALSE(all<clear_pool>(failed)[0].interrupt_in_use);
    CHECK(all<clear_pool>(failed)[0].why == errc::connect_failed);
    CHECK(w.known("a:27017").error == errc::connect_failed);
    CHECK(w.known().type == topology_type::replica_set_no_primary);
    failed = w.check_fails("b:27017", errc::connect_timed_out);
    CHECK(all<clear_pool>(failed).at(0).interrupt_in_use);
}

TEST_CASE("a known server whose check met a network error is checked again at once, and once") {
    auto w = replica_set();
    const auto again = all<request_check>(w.check_fails("a:27017", errc::network_error));
    REQUIRE(again.size() == 1);
    CHECK(again[0].time == request_check::when::at_once);
    CHECK(all<request_check>(w.check_fails("a:27017", errc::network_error)).empty());
    CHECK(all<request_check>(w.check_fails("b:27017", errc::handshake_failed)).empty());
}

TEST_CASE("a removed server is ignored from then on") {
    watched w(seeded({"a", "x"}));
    (void)w.hears("a:27017", primary_of_two);
    CHECK(w.hears("x:27017", primary_of_two).empty());
    CHECK(w.check_fails("x:27017", errc::network_error).empty());
}

TEST_CASE("the loss of the last server is for the log") {
    auto s = seeded({"a"});
    s.set_name = "rs";
    watched w(std::move(s));
    const auto heard = w.hears("a:27017", "");
    REQUIRE(all<warn>(heard).size() == 1);
    CHECK(all<warn>(heard)[0].text == "the last server of the topology was removed: a:27017");
    // Its description changed before it went.
    CHECK(events<server_description_changed_event>(heard).at(0).new_description->type ==
          server_type::standalone);
}

TEST_CASE("an SRV record is followed as long as the deployment may be a sharded cluster") {
    auto s = seeded({"a", "b"});
    s.srv = true;
    watched w(s);
    const std::vector<std::string> hosts{"b", "c"};
    const auto read = w.machine.srv_hosts(hosts);
    CHECK(all<close_server>(read).at(0).address == "a:27017");
    CHECK(all<open_server>(read).at(0).address == "c:27017");
    CHECK(events<topology_description_changed_event>(read).size() == 1);
    CHECK(w.machine.srv_hosts({}).empty());

    CHECK(all<stop_srv_polling>(w.hears("b:27017", R"("msg": "isdbgrid")")).empty());
    CHECK_FALSE(w.machine.srv_hosts(hosts).empty());
    (void)w.machine.close();
    CHECK(w.machine.srv_hosts(hosts).empty());

    watched set(s);
    CHECK(all<stop_srv_polling>(set.hears("b:27017", secondary_of_two)).size() == 1);
    CHECK(set.machine.srv_hosts(hosts).empty());

    s.set_name = "rs";
    CHECK(all<stop_srv_polling>(watched(s).opening).size() == 1);
}

TEST_CASE("a standalone is no deployment of its own once an SRV record has named other hosts") {
    auto s = seeded({"a"});
    s.srv = true;
    watched w(s);
    const std::vector<std::string> hosts{"a", "b"};
    (void)w.machine.srv_hosts(hosts);
    REQUIRE(w.known().servers.size() == 2);
    // As any standalone of several seeds: or what is written would go to one of two at random.
    (void)w.hears("b:27017", "");
    CHECK(w.known().type == topology_type::unknown);
    REQUIRE(w.known().servers.size() == 1);
    CHECK(w.known().servers[0]->address == "a:27017");
    (void)w.hears("a:27017", "");
    CHECK(w.known().type == topology_type::single);
    CHECK(w.known().servers.size() == 1);
}

TEST_CASE("a seed that is named twice is one: a standalone at it is the deployment") {
    watched w(seeded({"a", "A:27017", "a"}));
    CHECK(w.known().servers.size() == 1);
    (void)w.hears("a:27017", "");
    CHECK(w.known().type == topology_type::single);
    CHECK(w.known().servers.size() == 1);
}
