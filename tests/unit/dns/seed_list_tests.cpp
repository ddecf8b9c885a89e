// With the prose tests of source/initial-dns-seedlist-discovery/tests/README.md, by their numbers.

#include "dns_support.hpp"

#include "dns/public_suffix.hpp"
#include "dns/seed_list.hpp"

#include <algorithm>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using manner = dns_server::manner;

uri read(std::string_view text) {
    CAPTURE(text);
    auto parsed = uri::parse(text);
    REQUIRE_MESSAGE(parsed, parsed.error().to_string());
    return std::move(*parsed);
}

result<dns::seed_list> resolve(reactor& r, const dns_server& server, std::string_view text) {
    dns::resolver names(r.core(), asking(server));
    const auto from = read(text);
    return sync_wait(r, dns::resolve_seed_list(names, from));
}

std::vector<std::string> seeds(const result<dns::seed_list>& found) {
    REQUIRE_MESSAGE(found, found.error().to_string());
    std::vector<std::string> texts;
    for (const auto& host : found->resolved.hosts()) {
        texts.push_back(host.to_string());
    }
    return texts;
}

/// What becomes of `srv` when its record names `host`.
result<dns::seed_list> naming(reactor& r, std::string_view srv, std::string_view host,
                              std::string_view options = "") {
    dns_server server;
    server.srv("_mongodb._tcp." + std::string(srv), 27017, host);
    return resolve(r, server, "mongodb+srv://" + std::string(srv) + '/' + std::string(options));
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("prose 1: a name of fewer than three labels is asked for") {
    on_each_backend([](reactor& r) {
        CHECK(seeds(naming(r, "localhost", "db.localhost")) == texts{"db.localhost:27017"});
        CHECK(seeds(naming(r, "mongo.local", "db.mongo.local")) == texts{"db.mongo.local:27017"});
    });
}

TEST_CASE("prose 2, 3, 4: a host that is not below the name's domain is refused") {
    on_each_backend([](reactor& r) {
        const std::vector<std::pair<std::string_view, std::string_view>> cases{
            {"localhost", "localhost.mongodb"},
            {"mongo.local", "test_1.evil.local"},
            {"blogs.mongodb.com", "blogs.evil.com"},
            {"localhost", "localhost"},
            {"mongo.local", "mongo.local"},
            {"localhost", "test_1.cluster_1localhost"},
            {"mongo.local", "test_1.my_hostmongo.local"},
            {"blogs.mongodb.com", "cluster.testmongodb.com"},
        };
        for (const auto& [srv, host] : cases) {
            CAPTURE(host);
            const auto found = naming(r, srv, host);
            CHECK(found.error() == errc::name_resolution_failed);
            CHECK_MESSAGE(says(found.error(), host), found.error().to_string());
            CHECK(says(found.error(), "not below"));
        }
    });
}

TEST_CASE("a host in mixed case, with a dot at its end, is one with srvAllowedHostsSuffix") {
    if (!dns::has_public_suffix_list()) {
        MESSAGE("built without libpsl");
        on_each_backend([](reactor& r) {
            CHECK(naming(r, "blogs.mongodb.com", "cluster.mongodb.com",
                         "?srvAllowedHostsSuffix=.mongodb.com")
                      .error() == errc::not_supported);
        });
        return;
    }
    on_each_backend([](reactor& r) {
        CHECK(seeds(naming(r, "blogs.mongodb.com", "CLUSTER.MONGODB.COM.",
                           "?srvAllowedHostsSuffix=.mongodb.com")) ==
              texts{"cluster.mongodb.com:27017"});
        CHECK(naming(r, "blogs.mongodb.com", "cluster.mongodb.com",
                     "?srvAllowedHostsSuffix=other.net")
                  .error() == errc::name_resolution_failed);
    });
}

TEST_CASE("a reserved single label may be srvAllowedHostsSuffix, another may not") {
    if (!dns::has_public_suffix_list()) {
        MESSAGE("built without libpsl");
        on_each_backend([](reactor& r) {
            CHECK(naming(r, "cluster.localhost", "db.cluster.localhost",
                         "?srvAllowedHostsSuffix=localhost")
                      .error() == errc::not_supported);
        });
        return;
    }
    on_each_backend([](reactor& r) {
        CHECK(seeds(naming(r, "cluster.localhost", "db.cluster.localhost",
                           "?srvAllowedHostsSuffix=localhost")) ==
              texts{"db.cluster.localhost:27017"});
        CHECK(naming(r, "a.mongodb.com", "b.mongodb.com", "?srvAllowedHostsSuffix=com").error() ==
              errc::invalid_uri);
    });
}

TEST_CASE("a host of another domain among good ones spoils all") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.srv("_mongodb._tcp.c.example.test", 1, "a.example.test")
            .srv("_mongodb._tcp.c.example.test", 1, "a.evil.test");
        CHECK(resolve(r, server, "mongodb+srv://c.example.test").error() ==
              errc::name_resolution_failed);
    });
}

TEST_CASE("a record that nobody can connect to, among good ones, spoils all") {
    on_each_backend([](reactor& r) {
        for (const bool no_name : {false, true}) {
            dns_server server;
            server.srv("_mongodb._tcp.c.example.test", 1, "a.example.test")
                .srv("_mongodb._tcp.c.example.test", no_name ? 1 : 0,
                     no_name ? "b c.example.test" : "b.example.test");
            const auto e = resolve(r, server, "mongodb+srv://c.example.test").error();
            CHECK(e == errc::name_resolution_failed);
            CHECK_MESSAGE(says(e, "_mongodb._tcp.c.example.test"), e.to_string());
            CHECK_MESSAGE(says(e, no_name ? "b c.example.test: " : "b.example.test: "),
                          e.to_string());
            CHECK_MESSAGE(says(e, no_name ? "no host name" : "is 0"), e.to_string());
        }
    });
}

TEST_CASE("without an SRV record nobody waits for the TXT record") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.behave("c.example.test", manner::keep_silent);
        const auto begin = std::chrono::steady_clock::now();
        const auto e = resolve(r, server, "mongodb+srv://c.example.test").error();
        CHECK(e == errc::name_resolution_failed);
        CHECK_MESSAGE(says(e, "_mongodb._tcp.c.example.test (SRV): no such name (NXDOMAIN)"),
                      e.to_string());
        CHECK(std::chrono::steady_clock::now() - begin < 4s);  // before the time-out of the other
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
    });
}

TEST_CASE("the hosts and the options of DNS are applied, and the lowest time to live is told") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.srv("_other._tcp.c.example.test", 27018, "a.example.test", 300)
            .srv("_other._tcp.c.example.test", 27019, "b.example.test", 200)
            .srv("_other._tcp.c.example.test", 27018, "A.example.test", 250)
            .txt("c.example.test", {"replicaSet=", "rs&authSource=users"});
        const auto found =
            resolve(r, server, "mongodb+srv://ada:pw@c.example.test/?srvServiceName=other");
        CHECK(seeds(found) == texts{"a.example.test:27018", "b.example.test:27019"});
        CHECK(found->ttl == 200s);
        CHECK(found->resolved.options().replica_set == "rs");
        CHECK(found->resolved.credential()->source == "users");
        CHECK(found->resolved.uses_tls());
    });
}

TEST_CASE("srvMaxHosts takes so many of the hosts") {
    on_each_backend([](reactor& r) {
        dns_server server;
        for (std::uint16_t port = 1; port <= 8; ++port) {
            server.srv("_mongodb._tcp.c.example.test", port, "a.example.test");
        }
        CHECK(seeds(resolve(r, server, "mongodb+srv://c.example.test/?srvMaxHosts=3")).size() == 3);
        CHECK(seeds(resolve(r, server, "mongodb+srv://c.example.test/?srvMaxHosts=0")).size() == 8);
        CHECK(seeds(resolve(r, server, "mongodb+srv://c.example.test/?srvMaxHosts=9")).size() == 8);
    });
}

TEST_CASE("what DNS does not know, or says wrongly, is an error that says what") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.txt("notsrv.example.test", {"replicaSet=rs"})
            .srv("_mongodb._tcp.two.example.test", 1, "a.example.test")
            .txt("two.example.test", {"replicaSet=rs"})
            .txt("two.example.test", {"authSource=x"})
            .srv("_mongodb._tcp.bad.example.test", 1, "a.example.test")
            .txt("bad.example.test", {"ssl=false"})
            .srv("_mongodb._tcp.fails.example.test", 1, "a.example.test")
            .behave("fails.example.test", manner::fail)
            .behave("_mongodb._tcp.mute.example.test", manner::keep_silent);
        const auto e = [&](std::string_view text) { return resolve(r, server, text).error(); };
        CHECK(says(e("mongodb+srv://none.example.test"), "NXDOMAIN"));
        CHECK(says(e("mongodb+srv://none.example.test"), "_mongodb._tcp.none.example.test"));
        CHECK(says(e("mongodb+srv://notsrv.example.test"), "NXDOMAIN"));
        CHECK(says(e("mongodb+srv://two.example.test"), "more than one"));
        CHECK(e("mongodb+srv://bad.example.test") == errc::invalid_uri);
        CHECK(says(e("mongodb+srv://fails.example.test"), "SERVFAIL"));
        dns::resolver names(r.core(), asking_briefly(server));
        const auto mute = read("mongodb+srv://mute.example.test");
        CHECK(says(sync_wait(r, dns::resolve_seed_list(names, mute)).error(), "in time"));
        CHECK(e("mongodb://h") == errc::invalid_argument);
    });
}

TEST_CASE("nothing is asked of DNS for a connection string that is refused as it stands") {
    on_each_backend([](reactor& r) {
        dns_server server;
        CHECK(resolve(r, server, "mongodb+srv://c.example.test/?srvAllowedHostsSuffix=test2")
                  .error() ==
              (dns::has_public_suffix_list() ? errc::invalid_uri : errc::not_supported));
        CHECK(server.asked("c.example.test") == 0);
    });
}

TEST_CASE("the resolution of a seed list ends with its task") {
    on_each_backend([](reactor& r) {
        dns_server server;
        server.behave("_mongodb._tcp.c.example.test", manner::keep_silent);
        dns::resolver names(r.core(), asking(server));
        const auto from = read("mongodb+srv://c.example.test");
        CHECK(sync_wait(r, with_deadline(dns::resolve_seed_list(names, from), 30ms)).error() ==
              errc::deadline_exceeded);
    });
}
