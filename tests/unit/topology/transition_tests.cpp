#include "topology/transition.hpp"

#include <doctest/doctest.h>

#include "topology_support.hpp"

using namespace mongoro;
using namespace mongoro::topology;

namespace {

topology_description of_type(topology_type type, std::initializer_list<const char*> addresses) {
    topology_description t;
    t.type = type;
    for (const auto* address : addresses) {
        t.servers.push_back(std::make_shared<const server_description>(unknown_server(address)));
    }
    return t;
}

topology_description heard(const topology_description& before, std::string_view address,
                           const std::string& fields) {
    return with_server(
        before,
        std::make_shared<const server_description>(described(address, hello_of(fields), {}, {})),
        before.servers.size());
}

std::string addresses(const topology_description& t) {
    std::string all;
    for (const auto& s : t.servers) {
        all += (all.empty() ? "" : " ") + s->address;
    }
    return all;
}

}  // namespace

TEST_CASE("a server that is too new or too old makes the topology incompatible, and says so") {
    const auto before = of_type(topology_type::sharded, {"a:1"});
    auto s = described("a:1", hello_of(R"("msg": "isdbgrid")"), {}, {});
    s.min_wire_version = 999;
    s.max_wire_version = 1000;
    auto after = with_server(before, std::make_shared<const server_description>(s), 1);
    CHECK(after.compatibility_error ==
          "Server at a:1 requires wire version 999, but this version of mongoro only supports up "
          "to 29.");
    s.min_wire_version = 0;
    s.max_wire_version = 7;
    after = with_server(before, std::make_shared<const server_description>(s), 1);
    CHECK(after.compatibility_error ==
          "Server at a:1 reports wire version 7, but this version of mongoro requires at least 8 "
          "(MongoDB 4.2).");
    CHECK_FALSE(after.is_compatible());
    CHECK(heard(after, "a:1", R"("msg": "isdbgrid")").is_compatible());
}

TEST_CASE("what is heard of a server that is not in the topology changes nothing") {
    const auto before = of_type(topology_type::unknown, {"a:1"});
    CHECK(heard(before, "b:1", primary_of_two) == before);
}

TEST_CASE("members cannot fill a topology without end, nor keep a primary's hosts out of it") {
    const auto secondary = [](const std::string& prefix) {
        std::string hosts = R"("a:1")";
        for (int i = 0; i < 900; ++i) {
            hosts += ", \"" + prefix + std::to_string(i) + ":1\"";
        }
        return R"("secondary": true, "setName": "rs", "hosts": [)" + hosts + "]";
    };
    auto t = of_type(topology_type::unknown, {"a:1"});
    t = heard(t, "a:1", secondary("b"));
    CHECK(t.servers.size() == 901);
    t = heard(t, "a:1", secondary("c"));
    CHECK(t.servers.size() == 1'000);
    t = heard(t, "a:1", secondary("d"));
    CHECK(t.servers.size() == 1'000);
    t = heard(t, "a:1", R"("isWritablePrimary": true, "setName": "rs", "hosts": ["a:1", "z:1"])");
    CHECK(addresses(t) == "a:1 z:1");
}

TEST_CASE("a load balanced topology stays as it is") {
    const auto before = of_type(topology_type::load_balanced, {"a:1"});
    CHECK(heard(before, "a:1", "") == before);
}

TEST_CASE("a stale primary is told of both tuples") {
    const auto with = [](const char* election) {
        return R"("isWritablePrimary": true, "setName": "rs", "hosts": ["a:1", "b:1"],
            "setVersion": 1, "electionId": {"$oid": "00000000000000000000000)" +
               std::string(election) + "\"}";
    };
    auto t = of_type(topology_type::unknown, {"a:1", "b:1"});
    t = heard(t, "a:1", with("2"));
    t = heard(t, "b:1", with("1"));
    CHECK(t.type == topology_type::replica_set_with_primary);
    const auto& error = t.find("b:1")->error;
    CHECK(error == errc::stale_primary);
    CHECK(error.message() ==
          "primary marked stale due to electionId/setVersion mismatch, "
          "(000000000000000000000001, 1) is stale compared to (000000000000000000000002, 1)");
}

TEST_CASE("a direct connection to a member of another set says which") {
    auto t = of_type(topology_type::single, {"a:27017"});
    t.set_name = "other";
    t = heard(t, "a:27017", primary_of_two);
    CHECK(t.find("a:27017")->type == server_type::unknown);
    CHECK(t.find("a:27017")->error == errc::wrong_replica_set);
    CHECK(t.find("a:27017")->error.message() ==
          "the client asks for replica set other, the server is of replica set rs");
}

TEST_CASE("hosts of an SRV record come and go, and those that stay are left alone") {
    auto before = of_type(topology_type::unknown, {"a:1", "b:1"});
    before = heard(before, "a:1", R"("msg": "isdbgrid")");
    const std::vector<std::string> hosts{"C:1", "a:1"};
    const auto after = with_srv_hosts(before, hosts, 0);
    CHECK(addresses(after) == "a:1 c:1");
    CHECK(after.servers[0] == before.servers[0]);
}

TEST_CASE("no more hosts of an SRV record are taken than there may be") {
    const auto before = of_type(topology_type::sharded, {"a:1", "b:1"});
    const std::vector<std::string> hosts{"c:1", "d:1", "b:1"};
    CHECK(addresses(with_srv_hosts(before, hosts, 2)) == "b:1 c:1");
    CHECK(addresses(with_srv_hosts(before, hosts, 3)) == "b:1 c:1 d:1");
}

TEST_CASE("an empty SRV record, and one of a replica set, change nothing") {
    const std::vector<std::string> hosts{"c:1"};
    auto before = of_type(topology_type::sharded, {"a:1"});
    CHECK(with_srv_hosts(before, {}, 0) == before);
    before = of_type(topology_type::replica_set_no_primary, {"a:1"});
    CHECK(with_srv_hosts(before, hosts, 0) == before);
}

TEST_CASE("a topology without its last server is of no use, and says so in a line") {
    auto t = of_type(topology_type::replica_set_no_primary, {"a:1"});
    t.set_name = "rs";
    t = heard(t, "a:1", "");
    CHECK(t.servers.empty());
    CHECK(t.to_string() ==
          "ReplicaSetNoPrimary rs without servers (removed: a:1 is of no replica set)");
}

TEST_CASE("a topology whose last server was removed says why") {
    auto asked = of_type(topology_type::replica_set_no_primary, {"a:1"});
    asked.set_name = "other";
    CHECK(heard(asked, "a:1", primary_of_two).to_string() ==
          "ReplicaSetNoPrimary other without servers (removed: a:1 is of replica set rs)");
    CHECK(heard(asked, "a:1", R"("isWritablePrimary": true)").to_string() ==
          "ReplicaSetNoPrimary other without servers (removed: a:1 is of no replica set)");

    const auto sharded = of_type(topology_type::sharded, {"a:1"});
    CHECK(heard(sharded, "a:1", primary_of_two).to_string() ==
          "Sharded without servers (removed: a:1 is no mongos)");

    auto two = of_type(topology_type::unknown, {"a:1", "b:1"});
    two = heard(two, "a:1", R"("isWritablePrimary": true)");
    CHECK(two.to_string() == "Unknown: b:1 Unknown");
    two = with_server(two,
                      std::make_shared<const server_description>(
                          described("b:1", hello_of(R"("isWritablePrimary": true)"), {}, {})),
                      2);
    CHECK(two.to_string() ==
          "Unknown without servers (removed: b:1 is a standalone server, and not the only one)");
}
