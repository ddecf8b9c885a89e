#include "dns_support.hpp"

#include "dns/hosts_file.hpp"
#include "dns/resolve.hpp"

#include <net/if.h>
#include <netinet/in.h>

#include <cstring>

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr std::string_view hosts =
    "# a comment\n"
    "127.0.0.1\tlocalhost\n"
    "::1 localhost ip6-localhost # another\n"
    "\n"
    "10.1.2.3   db.example db\r\n"
    "not-an-address broken\n"
    "10.0.0.9\n"
    "   10.0.0.1 indented";

std::vector<std::string> found(std::string_view name) {
    std::vector<std::string> text;
    for (const auto& address : dns::find_in_hosts(hosts, name, 7)) {
        text.push_back(address.to_string());
    }
    return text;
}

/// Nobody is there to ask: what needs DNS fails.
result<std::vector<io::address>> resolved(reactor& r, const host_address& host) {
    dns::resolver names(r.core(), asking(nobody));
    return sync_wait(r, dns::resolve(r.core(), names, host));
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("the hosts file gives every address of a name, in its order") {
    CHECK(found("localhost") == names{"127.0.0.1:7", "[::1]:7"});
    CHECK(found("db") == names{"10.1.2.3:7"});
    CHECK(found("indented") == names{"10.0.0.1:7"});
}

TEST_CASE("a name is found without regard to case, and only as a whole") {
    CHECK(found("DB.Example") == names{"10.1.2.3:7"});
    CHECK(found("db.exampl").empty());
    CHECK(found("example").empty());
    CHECK(found("").empty());
}

TEST_CASE("comments, and lines without a name or an address, are passed over") {
    CHECK(found("another").empty());
    CHECK(found("#").empty());
    CHECK(found("broken").empty());
    CHECK(found("10.0.0.9").empty());
}

TEST_CASE("an address and a socket's path are themselves, whatever the hosts file says") {
    on_each_backend([](reactor& r) {
        const auto v4 = resolved(r, {"192.0.2.1", 8});
        REQUIRE(v4);
        REQUIRE(v4->size() == 1);
        CHECK(v4->front().to_string() == "192.0.2.1:8");
        const auto path = resolved(r, {"/tmp/x.sock", 0});
        REQUIRE(path);
        CHECK(path->front().to_string() == "/tmp/x.sock");
    });
}

TEST_CASE(
    "an IPv6 address with a zone is of that interface; without the interface DNS is not asked") {
    on_each_backend([](reactor& r) {
        const auto zoned = resolved(r, {"fe80::1%lo", 8});
        REQUIRE_MESSAGE(zoned, zoned.error().to_string());
        sockaddr_in6 v6{};
        REQUIRE(zoned->front().size() == sizeof v6);
        std::memcpy(&v6, zoned->front().get(), sizeof v6);
        CHECK(v6.sin6_scope_id == ::if_nametoindex("lo"));

        dns_server server;
        dns::resolver names(r.core(), asking(server));
        for (const std::string host : {"fe80::1%nosuchif", "fe80::zz"}) {
            CAPTURE(host);
            const host_address there{host, 5};
            const auto e = sync_wait(r, dns::resolve(r.core(), names, there)).error();
            CHECK(e == errc::name_resolution_failed);
            CHECK_MESSAGE(says(e, "[" + host + "]:5"), e.to_string());
            CHECK_MESSAGE(
                says(e, host == "fe80::zz" ? "not an IP address" : "no such network interface"),
                e.to_string());
            CHECK(server.asked(host) == 0);
        }
    });
}

TEST_CASE("localhost is always known, another name is asked of DNS") {
    on_each_backend([](reactor& r) {
        CHECK(resolved(r, {"localhost", 1}));
        CHECK(resolved(r, {"LocalHost", 1}));
        const auto unknown = resolved(r, {"no-such-host.invalid", 1});
        CHECK(unknown.error() == errc::name_resolution_failed);
        CHECK(unknown.error().message().find("no-such-host.invalid") != std::string_view::npos);

        dns_server server;
        server.a("db.example.test", "192.0.2.7");
        dns::resolver names(r.core(), asking(server));
        const host_address there{"DB.example.test", 5};
        const auto found = sync_wait(r, dns::resolve(r.core(), names, there));
        REQUIRE_MESSAGE(found, found.error().to_string());
        CHECK(texts_of(*found) == std::vector<std::string>{"192.0.2.7:5"});
    });
}

TEST_CASE("a socket's path that the kernel cannot take is an error") {
    on_each_backend([](reactor& r) {
        CHECK(resolved(r, {"/" + std::string(200, 'x') + ".sock", 0}).error() ==
              errc::invalid_argument);
    });
}
