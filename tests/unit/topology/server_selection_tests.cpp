#include "topology/server_selection.hpp"

#include <mongoro/bson/build.hpp>

#include <doctest/doctest.h>

#include "topology_support.hpp"

using namespace mongoro;
using namespace mongoro::topology;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct member {
    const char* address;
    server_type type;
    int rtt_ms = 5;
    const char* dc = "";
    std::int64_t last_write = 100'000;
};

topology_description of(topology_type type, std::initializer_list<member> members) {
    topology_description t;
    t.type = type;
    t.set_name = "rs";
    for (const auto& m : members) {
        server_description s;
        s.address = m.address;
        s.type = m.type;
        s.round_trip_time = milliseconds(m.rtt_ms);
        s.last_update_time = server_description::time_point(seconds(1000));
        s.last_write_date = bson::date(milliseconds(m.last_write));
        if (*m.dc != '\0') {
            s.tags["dc"] = m.dc;
        }
        t.servers.push_back(std::make_shared<const server_description>(std::move(s)));
    }
    return t;
}

topology_description three_members() {
    return of(topology_type::replica_set_with_primary,
              {{"p:1", server_type::rs_primary, 5, "ny"},
               {"s:1", server_type::rs_secondary, 10, "ny"},
               {"t:1", server_type::rs_secondary, 50, "sf"}});
}

std::string names(const topology_description& t, const selection_criteria& criteria) {
    server_list found;
    const auto checked = find_suitable(t, criteria, found);
    if (!checked) {
        return checked.error().to_string();
    }
    std::string all;
    for (const auto* s : found) {
        all += s->address.substr(0, 1);
    }
    return all;
}

std::string read(const topology_description& t, read_preference preference) {
    return names(t, {.preference = preference});
}

}  // namespace

TEST_CASE("tag sets are tried in their order, and the empty one matches all") {
    const auto t = three_members();
    const auto sets = arr(doc({"dc", "paris"}), doc({"dc", "sf"}), doc());
    CHECK(read(t, {.mode = read_mode::secondary, .tag_sets = sets}) == "t");
    const auto none = arr(doc({"dc", "paris"}));
    CHECK(read(t, {.mode = read_mode::secondary, .tag_sets = none}).empty());
    CHECK(read(t, {.mode = read_mode::secondary_preferred, .tag_sets = none}) == "p");
    CHECK(read(t, {.mode = read_mode::nearest, .tag_sets = none}).empty());
    const auto any = arr(doc({"dc", "paris"}), doc());
    CHECK(read(t, {.mode = read_mode::nearest, .tag_sets = any}) == "pst");
}

TEST_CASE("mode primary takes neither tags nor a staleness nor a hedge") {
    const auto sets = arr(doc({"dc", "ny"}));
    CHECK(read_preference{.tag_sets = sets}.check().error() == errc::invalid_argument);
    CHECK(read_preference{.max_staleness = seconds(120)}.check().error() == errc::invalid_argument);
    CHECK(read_preference{.hedge = true}.check().error() == errc::invalid_argument);
    const auto empty = arr(doc());
    CHECK(read_preference{.tag_sets = empty, .max_staleness = seconds(-1)}.check());
    CHECK(read(three_members(), {.tag_sets = sets}) ==
          "invalid argument: read preference: mode primary takes no tags");
}

TEST_CASE("a tag set is a document of strings, and a staleness is not negative") {
    const auto number = arr(1);
    CHECK(read_preference{.mode = read_mode::nearest, .tag_sets = number}.check().error() ==
          errc::invalid_argument);
    const auto tag = arr(doc({"dc", 1}));
    CHECK(read_preference{.mode = read_mode::nearest, .tag_sets = tag}.check().error() ==
          errc::invalid_argument);
    CHECK(
        read_preference{.mode = read_mode::nearest, .max_staleness = seconds(-2)}.check().error() ==
        errc::invalid_argument);
    CHECK(read_preference{.mode = read_mode::nearest, .max_staleness = seconds(-1)}.check());
}

TEST_CASE("a read preference that is wrong does not hinder a write") {
    CHECK(names(three_members(), {.operation = operation_kind::write,
                                  .preference = {.max_staleness = seconds(1)}}) == "p");
}

TEST_CASE("a staleness that is too small is an error of replica sets, with the least one in it") {
    const read_preference preference{.mode = read_mode::nearest, .max_staleness = seconds(89)};
    CHECK(read(three_members(), preference) ==
          "invalid argument: maxStalenessSeconds is 89, the least for this client is 90 (90, or "
          "heartbeatFrequencyMS and 10 s if that is more)");
    CHECK(names(three_members(),
                {.preference = {.mode = read_mode::nearest, .max_staleness = seconds(129)},
                 .heartbeat_frequency = milliseconds(119'500)})
              .find("the least for this client is 130") != std::string::npos);
    CHECK(read(of(topology_type::sharded, {{"m:1", server_type::mongos}}), preference) == "m");
}

TEST_CASE("a secondary that does not say when it was written to is not fresh") {
    auto t = three_members();
    auto silent = *t.servers[1];
    silent.last_write_date.reset();
    t.servers[1] = std::make_shared<const server_description>(silent);
    const read_preference preference{.mode = read_mode::secondary, .max_staleness = seconds(90)};
    CHECK(read(t, preference) == "t");
    t.type = topology_type::replica_set_no_primary;
    t.servers.erase(t.servers.begin());
    CHECK(read(t, preference) == "t");
}

TEST_CASE("staleness is what a secondary lags behind plus a heartbeat") {
    const auto lag = [](std::int64_t ms) {
        return of(topology_type::replica_set_with_primary,
                  {{"p:1", server_type::rs_primary},
                   {"s:1", server_type::rs_secondary, 5, "", 100'000 - ms}});
    };
    const read_preference preference{.mode = read_mode::secondary, .max_staleness = seconds(90)};
    CHECK(read(lag(80'000), preference) == "s");
    CHECK(read(lag(80'001), preference).empty());
}

TEST_CASE("the greatest staleness is met by dates that are as far from each other as may be") {
    constexpr std::int64_t farthest = 1'000'000'000'000'000;
    const read_preference any{.mode = read_mode::secondary, .max_staleness = seconds::max()};
    const read_preference some{.mode = read_mode::secondary, .max_staleness = seconds(90)};
    auto t = of(topology_type::replica_set_with_primary,
                {{"p:1", server_type::rs_primary, 5, "", farthest},
                 {"s:1", server_type::rs_secondary, 5, "", -farthest},
                 {"t:1", server_type::rs_secondary, 5, "", farthest}});
    CHECK(read(t, any) == "st");
    CHECK(read(t, some) == "t");
    t.type = topology_type::replica_set_no_primary;
    t.servers.erase(t.servers.begin());
    CHECK(read(t, any) == "st");
    CHECK(read(t, some) == "t");
}

TEST_CASE("servers that failed are taken again if there is no other") {
    const std::vector<std::string> failed{"p:1"};
    CHECK(names(three_members(), {.operation = operation_kind::write, .deprioritized = failed}) ==
          "p");
    CHECK(names(three_members(), {.preference = {.mode = read_mode::primary_preferred},
                                  .deprioritized = failed}) == "st");
}

TEST_CASE("a topology with a server of another wire version takes no operation") {
    auto t = three_members();
    t.compatibility_error = "Server at p:1 is from the future.";
    CHECK(read(t, {}) == "incompatible server: Server at p:1 is from the future.");
    CHECK_FALSE(t.has_readable_server());
    CHECK_FALSE(t.has_writable_server());
}

TEST_CASE("the latency window begins at the shortest average, its end is part of it") {
    const auto t = three_members();
    server_list servers;
    REQUIRE(find_suitable(t, {.preference = {.mode = read_mode::nearest}}, servers));
    keep_in_window(servers, milliseconds(45));
    CHECK(servers.size() == 3);
    keep_in_window(servers, milliseconds(44));
    CHECK(servers.size() == 2);
    keep_in_window(servers, milliseconds(0));
    REQUIRE(servers.size() == 1);
    CHECK(servers[0]->address == "p:1");
}

TEST_CASE("the widest window does not overflow, and who was not measured may stay") {
    auto t = three_members();
    auto fresh = *t.servers[0];
    fresh.round_trip_time.reset();
    t.servers[0] = std::make_shared<const server_description>(fresh);
    server_list servers;
    REQUIRE(find_suitable(t, {.preference = {.mode = read_mode::nearest}}, servers));
    keep_in_window(servers, std::chrono::nanoseconds::max());
    CHECK(servers.size() == 3);
    keep_in_window(servers, milliseconds(15));
    REQUIRE(servers.size() == 2);
    CHECK(servers[0]->address == "p:1");
    CHECK(servers[1]->address == "s:1");
}

TEST_CASE("of two at random the one with fewer operations is taken") {
    const auto t = three_members();
    const selection_criteria nearest{.preference = {.mode = read_mode::nearest},
                                     .local_threshold = seconds(1)};
    std::minstd_rand random;
    server_list scratch;
    const auto busy = [](const server_description& s) { return s.address == "p:1" ? 9 : 1; };
    for (int i = 0; i < 100; ++i) {
        const auto one = select(t, nearest, busy, random, scratch);
        REQUIRE(one);
        CHECK((*one)->address != "p:1");
    }
    // Two, of which one has fewer: it is always among those that are compared.
    const auto* const only = choose(std::span(scratch.data(), 1), busy, random);
    CHECK(only == scratch[0]);
    CHECK(choose(std::span(scratch.data(), std::size_t{0}), busy, random) == nullptr);
}

TEST_CASE("nothing suitable is no error") {
    std::minstd_rand random;
    server_list scratch;
    const auto one = select(
        topology_description{}, {}, [](const auto&) { return 0; }, random, scratch);
    REQUIRE(one);
    CHECK(*one == nullptr);
}

TEST_CASE("whether there are servers to read from and to write to depends on the topology") {
    using enum topology_type;
    CHECK_FALSE(topology_description{}.has_readable_server());
    CHECK_FALSE(topology_description{}.has_writable_server());
    const auto balanced = of(load_balanced, {{"l:1", server_type::load_balancer}});
    CHECK(balanced.has_readable_server());
    CHECK(balanced.has_writable_server());
    CHECK_FALSE(of(single, {{"a:1", server_type::unknown}}).has_writable_server());
    CHECK(of(single, {{"a:1", server_type::rs_secondary}}).has_writable_server());
    const auto set = of(replica_set_no_primary, {{"s:1", server_type::rs_secondary}});
    CHECK_FALSE(set.has_readable_server());
    CHECK_FALSE(set.has_writable_server());
    CHECK(set.has_readable_server({.mode = read_mode::secondary_preferred}));
    CHECK(three_members().has_readable_server());
    CHECK(three_members().has_writable_server());
}

TEST_CASE("a timeout says what was wanted, what there was and each server's last error") {
    auto t = of(topology_type::replica_set_no_primary,
                {{"a:1", server_type::unknown}, {"b:1", server_type::rs_secondary, 12, "ny"}});
    error::details d;
    d.code = make_error_code(errc::handshake_failed);
    d.message = "a:1";
    d.server_code = 18;
    d.server_message = "user ada, password hunter2";
    auto failed = unknown_server("a:1", error(std::move(d)));
    t.servers[0] = std::make_shared<const server_description>(std::move(failed));
    const auto sets = arr(doc({"dc", "sf"}, {"rack", "1"}), doc());
    const auto e = selection_timeout(t,
                                     {.preference = {.mode = read_mode::secondary,
                                                     .tag_sets = sets,
                                                     .max_staleness = seconds(120),
                                                     .hedge = true}},
                                     milliseconds(30'000));
    CHECK(e == errc::server_selection_timeout);
    CHECK(e.message() ==
          "no server for a read with read preference {mode: secondary, tags: [{dc: sf, rack: 1}, "
          "{}], maxStalenessSeconds: 120, hedge: true} within 30000 ms; the topology is "
          "ReplicaSetNoPrimary rs: a:1 Unknown (handshake failed: a:1 (server error 18)); b:1 "
          "RSSecondary, rtt 12.0 ms");
    CHECK(selection_timeout(t, {.operation = operation_kind::write}, milliseconds(1))
              .message()
              .starts_with("no server for a write within 1 ms; "));
}
