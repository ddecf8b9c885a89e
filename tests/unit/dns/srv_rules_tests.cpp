#include "dns/public_suffix.hpp"
#include "dns/srv_rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace std::chrono_literals;

namespace {

dns::srv_rules rules(std::string_view text) {
    CAPTURE(text);
    const auto read = uri::parse(text);
    REQUIRE_MESSAGE(read, read.error().to_string());
    auto made = dns::srv_rules::of(*read);
    REQUIRE_MESSAGE(made, made.error().to_string());
    return std::move(*made);
}

std::vector<host_address> hosts(std::size_t count) {
    std::vector<host_address> made;
    for (std::size_t i = 0; i < count; ++i) {
        made.push_back({"h" + std::to_string(i), 27017});
    }
    return made;
}

}  // namespace

TEST_CASE("the name to ask for has the service, which is mongodb, and the protocol in front") {
    CHECK(rules("mongodb+srv://c.example.com").name() == "_mongodb._tcp.c.example.com");
    CHECK(rules("mongodb+srv://C.Example.com./?srvServiceName=other").name() ==
          "_other._tcp.c.example.com");
    CHECK(rules("mongodb+srv://localhost").host() == "localhost");
    CHECK(dns::srv_rules::of(uri()).error() == errc::invalid_argument);
}

TEST_CASE("a host must be below the domain of three labels or more, or below all of fewer") {
    const auto three = rules("mongodb+srv://cluster_1.tests.example.co.uk");
    CHECK(three.suffix() == ".tests.example.co.uk");
    CHECK(three.allows("a.tests.example.co.uk"));
    CHECK(three.allows("a.b.tests.example.co.uk"));
    CHECK(three.allows("cluster_1.tests.example.co.uk"));
    for (const std::string_view other :
         {"tests.example.co.uk", "a.example.co.uk", "atests.example.co.uk", ".tests.example.co.uk",
          "a.tests.example.co.uk.evil", "", "co.uk"}) {
        CAPTURE(other);
        CHECK(!three.allows(other));
    }
    const auto two = rules("mongodb+srv://mongo.local");
    CHECK(two.allows("db.mongo.local"));
    CHECK(!two.allows("mongo.local"));
    CHECK(!two.allows("evil.local"));
}

TEST_CASE(
    "srvAllowedHostsSuffix takes the place of the domain, and is not one that all are below") {
    if (!dns::has_public_suffix_list()) {
        MESSAGE("built without libpsl");
        for (const std::string_view suffix : {"other.net", "localhost", "com"}) {
            const auto any = uri::parse("mongodb+srv://c.example.com/?srvAllowedHostsSuffix=" +
                                        std::string(suffix));
            REQUIRE(any);
            const auto refused = dns::srv_rules::of(*any).error();
            CHECK(refused == errc::not_supported);
            CHECK(refused.to_string().find("without libpsl") != std::string::npos);
        }
        return;
    }
    const auto given = rules("mongodb+srv://c.example.com/?srvAllowedHostsSuffix=.Other.net.");
    CHECK(given.suffix() == ".other.net");
    CHECK(given.allows("a.other.net"));
    CHECK(!given.allows("other.net"));
    CHECK(!given.allows("a.example.com"));
    CHECK(rules("mongodb+srv://c.localhost/?srvAllowedHostsSuffix=localhost").suffix() ==
          ".localhost");
    const auto all = uri::parse("mongodb+srv://c.example.com/?srvAllowedHostsSuffix=com");
    REQUIRE(all);
    CHECK(dns::srv_rules::of(*all).error() == errc::invalid_uri);
    const auto many = uri::parse("mongodb+srv://c.example.co.uk/?srvAllowedHostsSuffix=.co.uk");
    REQUIRE(many);
    CHECK(dns::srv_rules::of(*many).error() == errc::invalid_uri);
}

TEST_CASE("of more hosts than srvMaxHosts so many are chosen, by chance and each once") {
    const auto three = rules("mongodb+srv://c.example.com/?srvMaxHosts=3");
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
        auto chosen = hosts(10);
        three.choose(chosen);
        REQUIRE(chosen.size() == 3);
        CHECK(chosen[0].host != chosen[1].host);
        CHECK(chosen[1].host != chosen[2].host);
        CHECK(chosen[0].host != chosen[2].host);
        seen.insert(chosen[0].host);
    }
    CHECK(seen.size() == 10);
}

TEST_CASE("no more hosts than srvMaxHosts stay as they are, and so do all without it") {
    for (const std::string_view text :
         {"mongodb+srv://c.example.com", "mongodb+srv://c.example.com/?srvMaxHosts=0",
          "mongodb+srv://c.example.com/?srvMaxHosts=5",
          "mongodb+srv://c.example.com/?srvMaxHosts=6"}) {
        auto chosen = hosts(5);
        rules(text).choose(chosen);
        CHECK(chosen == hosts(5));
        rules(text).shuffle(chosen);
        CHECK(chosen == hosts(5));
    }
    auto shuffled = hosts(30);
    rules("mongodb+srv://c.example.com/?srvMaxHosts=2").shuffle(shuffled);
    CHECK(shuffled.size() == 30);
    CHECK(shuffled != hosts(30));
}

TEST_CASE("a host that is there twice is one, and the lowest time to live counts for all") {
    const std::vector<dns::srv_record> records{
        {"a", 1, 90s}, {"b", 1, 70s}, {"a", 1, 80s}, {"a", 2, 100s}};
    const std::vector<host_address> expected{{"a", 1}, {"b", 1}, {"a", 2}};
    CHECK(dns::hosts_of(records) == expected);
    CHECK(dns::lowest_ttl(records) == 70s);
}
