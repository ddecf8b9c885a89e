// With the prose tests of source/socks5-support/tests/README.md.

#include "client_support.hpp"
#include "deployment.hpp"
#include "dns_server.hpp"
#include "socks5_peer.hpp"

#include "dns/resolver.hpp"
#include "pool/open_connection.hpp"

#include "../tls/tls_support.hpp"

#include <mongoro/event_listener.hpp>
#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <memory>
#include <set>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// A server that only a proxy knows where to find: as localhost:12345.
struct behind_proxies {
    behind_proxies() {
        with_login.map(mapped, server.port());
        without.map(mapped, server.port());
    }
    [[nodiscard]] std::string uri(const socks5_peer& proxy, std::string_view more = "") const {
        return "mongodb://" + mapped +
               "/?proxyHost=localhost&proxyPort=" + std::to_string(proxy.port()) +
               std::string(more);
    }

    const std::string mapped = "localhost:12345";
    op_msg_peer server;
    socks5_peer with_login{socks5_peer::login("username", "p4ssw0rd")};
    socks5_peer without;
};

/// What a connection to the first host of a connection string, through its proxy, needs to know.
pool::connection_settings settings_for(reactor& r, const std::string& text,
                                       std::string servers = "127.0.0.1:1") {
    CAPTURE(text);
    const auto where = uri::parse(text);
    REQUIRE_MESSAGE(where, where.error().to_string());
    pool::connection_settings settings;
    settings.host = where->host();
    settings.proxy = std::make_shared<const proxy_options>(where->options().proxy);
    dns::resolver_options names;
    names.servers = std::move(servers);
    settings.names = std::make_shared<dns::resolver>(r.core(), std::move(names));
    return settings;
}

/// How opening such a connection ends: none if the server has answered the first hello.
error open(reactor& r, pool::connection_settings settings) {
    return sync_wait(r, pool::open_connection(r.core(), std::move(settings))).error();
}
error open(reactor& r, const std::string& text) {
    return open(r, settings_for(r, text));
}

}  // namespace

TEST_CASE("prose: a server is reached through a proxy whose login, if it wants one, is right") {
    on_each_backend([](reactor& r) {
        behind_proxies at;
        constexpr std::string_view bad = "&proxyUsername=nonexistentuser&proxyPassword=badauth";
        constexpr std::string_view good = "&proxyUsername=username&proxyPassword=p4ssw0rd";
        CHECK(open(r, at.uri(at.with_login)) == errc::proxy_failed);
        CHECK(!open(r, at.uri(at.without)));
        CHECK(open(r, at.uri(at.with_login, bad)) == errc::proxy_failed);
        CHECK(!open(r, at.uri(at.without, bad)));
        CHECK(!open(r, at.uri(at.with_login, good)));
        CHECK(!open(r, at.uri(at.without, good)));
        // The proxy was given the name: nobody here looked it up.
        CHECK(at.without.targets().front() == "name localhost:12345");
    });
}

TEST_CASE("an error on the way through a proxy names it, and has no secret") {
    on_each_backend([](reactor& r) {
        behind_proxies at;
        const auto refused =
            open(r, at.uri(at.with_login, "&proxyUsername=nonexistentuser&proxyPassword=badauth"));
        const auto text = refused.to_string();
        CHECK_MESSAGE(text.find("proxy localhost:" + std::to_string(at.with_login.port())) !=
                          std::string::npos,
                      text);
        CHECK(text.find("badauth") == std::string::npos);
        CHECK(text.find("nonexistentuser") == std::string::npos);

        at.without.refuse_with(2);
        const auto rules = open(r, at.uri(at.without));
        CHECK(rules == errc::proxy_failed);
        CHECK_MESSAGE(rules.to_string().find("rules") != std::string::npos, rules.to_string());
    });
}

TEST_CASE("a proxy that is not there, or closes, or is something else, is proxy_failed") {
    on_each_backend([](reactor& r) {
        const auto uri_for = [](std::uint16_t port) {
            return "mongodb://h/?proxyHost=127.0.0.1&proxyPort=" + std::to_string(port);
        };
        const auto nobody = listener::refused_uri();
        const auto port = nobody.substr(nobody.rfind(':') + 1);
        const auto gone = open(r, uri_for(static_cast<std::uint16_t>(std::stoi(port))));
        CHECK(gone == errc::proxy_failed);
        REQUIRE(gone.cause() != nullptr);
        CHECK(*gone.cause() == errc::connect_failed);

        const byte_peer closes{byte_script().read(3)};
        CHECK(open(r, uri_for(closes.port())) == errc::proxy_failed);
        const byte_peer closes_later{
            byte_script().read(3).write(std::string_view("\5\0", 2)).read(5)};
        CHECK(open(r, uri_for(closes_later.port())) == errc::proxy_failed);
        const byte_peer other{byte_script().write("HTTP/1.1 400 Bad Request").read_to_end()};
        const auto e = open(r, uri_for(other.port()));
        CHECK(e == errc::proxy_failed);
        CHECK_MESSAGE(e.to_string().find("no SOCKS5") != std::string::npos, e.to_string());
    });
}

TEST_CASE("a proxy that is silent ends with connectTimeoutMS, or with the operation") {
    on_each_backend([](reactor& r) {
        for (const auto& script :
             {byte_script().hang(), byte_script().read(3).write("\5").hang()}) {
            const byte_peer silent{script};
            const auto uri =
                "mongodb://h/?proxyHost=127.0.0.1&proxyPort=" + std::to_string(silent.port());
            auto settings = settings_for(r, uri);
            CHECK(sync_wait(r, with_deadline(pool::open_connection(r.core(), settings), 50ms))
                      .error() == errc::deadline_exceeded);
            settings.connect_timeout = 50ms;
            const auto e = open(r, settings);
            CHECK(e == errc::proxy_failed);
            const auto proxy = "proxy 127.0.0.1:" + std::to_string(silent.port());
            for (const auto& what : {proxy, std::string("no answer of it within 50 ms")}) {
                CHECK_MESSAGE(e.to_string().find(what) != std::string::npos, e.to_string());
            }
            REQUIRE(e.cause() != nullptr);
            CHECK(*e.cause() == errc::connect_timed_out);
            // A stop, or a time of the task's own, is not the proxy's doing.
            CHECK(sync_wait(r, with_deadline(pool::open_connection(r.core(), settings), 20ms))
                      .error() == errc::deadline_exceeded);
            settings.connect_timeout = 1h;
            {
                // Destroyed in the middle: what the kernel may still write into stays.
                const running waits(r, pool::open_connection(r.core(), settings));
                const auto before = silent.connections();
                REQUIRE(poll_until(r, [&] { return silent.connections() > before; }));
            }
        }
        r.run();
    });
}

TEST_CASE("a proxy's name that no name server finds in time is proxy_failed, with the cause") {
    on_each_backend([](reactor& r) {
        dns_server names;
        names.behave("proxy.example.test", dns_server::manner::keep_silent);
        auto settings =
            settings_for(r, "mongodb://h/?proxyHost=proxy.example.test", names.address());
        settings.connect_timeout = 50ms;
        const auto e = open(r, settings);
        CHECK(e == errc::proxy_failed);
        REQUIRE(e.cause() != nullptr);
        CHECK(*e.cause() == errc::name_resolution_failed);
        CHECK_MESSAGE(e.to_string().find("proxy.example.test:1080") != std::string::npos,
                      e.to_string());
        r.run();
    });
}

TEST_CASE(
    "a proxy's own name is looked up, and the first of its addresses used; the server's is not") {
    on_each_backend([](reactor& r) {
        behind_proxies at;
        at.without.map("db.example.test:27017", at.server.port());
        dns_server names;
        // Nobody is at this port of the other address.
        names.a("proxy.example.test", "127.0.0.2").a("proxy.example.test", "127.0.0.1");
        const auto text = "mongodb://db.example.test/?proxyHost=proxy.example.test&proxyPort=" +
                          std::to_string(at.without.port());
        const auto e = open(r, settings_for(r, text, names.address()));
        CHECK_MESSAGE(!e, e.to_string());
        CHECK(names.asked("proxy.example.test") > 0);
        CHECK(names.asked("db.example.test") == 0);
        CHECK(at.without.targets() == std::vector<std::string>{"name db.example.test:27017"});
    });
}

TEST_CASE("a Unix-domain socket needs no proxy") {
    on_each_backend([](reactor& r) {
        op_msg_peer server(listen_at::unix_socket);
        const socks5_peer proxy;
        CHECK(!open(
            r, server.uri() + "?proxyHost=127.0.0.1&proxyPort=" + std::to_string(proxy.port())));
        CHECK(proxy.connections() == 0);
    });
}

TEST_CASE("a client goes through its connection string's proxy") {
    on_each_backend([](reactor& r) {
        const behind_proxies at;
        const client c(r, at.uri(at.with_login, "&proxyUsername=username&proxyPassword=p4ssw0rd"));
        const auto e = error_of(r, c.ping());
        CHECK_MESSAGE(!e, e.to_string());
        CHECK(at.with_login.targets().front() == "name localhost:12345");
    });
}

namespace {

/// Of every command that was told of.
class addresses final : public command_listener {
 public:
    void on(const command_started_event& event) noexcept override { add(event.address); }
    void on(const command_succeeded_event& event) noexcept override { add(event.address); }
    void on(const command_failed_event& event) noexcept override { add(event.address); }
    std::set<std::string> all;

 private:
    void add(std::string_view address) { all.emplace(address); }
};

/// A replica set of three under a name that a proxy alone knows.
struct set_behind_proxies {
    explicit set_behind_proxies(tls_server* tls = nullptr)
        : set({role::primary, role::secondary, role::secondary},
              {.host = "db.example.test", .tls = tls}) {
        for (std::size_t i = 0; i < set.size(); ++i) {
            for (auto* proxy : {&with_login, &without}) {
                proxy->map(set.address(i), set.port(i));
            }
            expected.insert("name " + set.address(i));
        }
    }
    [[nodiscard]] std::string uri(const socks5_peer& proxy, const std::string& more = "") const {
        return set.uri("proxyHost=localhost&proxyPort=" + std::to_string(proxy.port()) + more);
    }
    /// Whether the proxy was asked for every member by its name, and for nothing else.
    [[nodiscard]] bool all_through(const socks5_peer& proxy) const {
        const auto targets = proxy.targets();
        return std::set<std::string>(targets.begin(), targets.end()) == expected;
    }

    test::deployment set;
    socks5_peer with_login{socks5_peer::login("username", "p4ssw0rd")};
    socks5_peer without;
    std::set<std::string> expected;
};

constexpr std::string_view bad_login = "&proxyUsername=nonexistentuser&proxyPassword=badauth";
constexpr std::string_view good_login = "&proxyUsername=username&proxyPassword=p4ssw0rd";

}  // namespace

TEST_CASE("prose: a replica set is reached through a proxy, its monitors' connections too") {
    on_each_backend([](reactor& r) {
        set_behind_proxies at;
        const auto ping = [&](const socks5_peer& proxy, std::string_view login, bool seeds_one) {
            auto text = at.uri(proxy, std::string(login));
            if (seeds_one) {  // the others are found
                const auto begin = text.find(',');
                text.erase(begin, text.find('/', begin) - begin);
            }
            const client c(r, text);
            const auto e = error_of(r, c.ping());
            return e ? e : error_of(r, c["db"]["c"].find_one());
        };
        CHECK(!ping(at.without, "", false));
        REQUIRE(poll_until(r, [&] { return at.all_through(at.without); }));
        for (const bool seeds_one : {false, true}) {
            CHECK(!ping(at.without, bad_login, seeds_one));
            CHECK(!ping(at.without, good_login, seeds_one));
            CHECK(!ping(at.with_login, good_login, seeds_one));
        }
        REQUIRE(poll_until(r, [&] { return at.all_through(at.with_login); }));
        for (const std::string_view login : {std::string_view(), bad_login}) {
            const auto text =
                at.uri(at.with_login, std::string(login) + "&serverSelectionTimeoutMS=200");
            const client c(r, text);
            CHECK(error_of(r, c.ping()) == errc::server_selection_timeout);
        }
    });
}

TEST_CASE("TLS is spoken with the server behind a proxy, and verified by the server's name") {
    on_each_backend([](reactor& r) {
        const auto named = [](const std::string& name) {
            return serving(
                test_world::get().authority.issue({.name = name, .alternative = "DNS:" + name}));
        };
        const auto ping = [&](const std::string& name, int selection_ms) {
            tls_server tls(named(name));
            set_behind_proxies at(&tls);
            const client c(r, at.uri(at.with_login, std::string(good_login) +
                                                        "&tls=true&serverSelectionTimeoutMS=" +
                                                        std::to_string(selection_ms) +
                                                        "&tlsCAFile=" + test_world::get().ca_file));
            const auto e = error_of(r, c.ping());
            if (!e) {
                CHECK(poll_until(r, [&] { return at.all_through(at.with_login); }));
            }
            return e;
        };
        const auto e = ping("db.example.test", 30'000);
        CHECK_MESSAGE(!e, e.to_string());
        CHECK(ping("localhost", 300) == errc::server_selection_timeout);  // as the proxy is called
    });
}

TEST_CASE("prose: an event of a command has the server's address, and not the proxy's") {
    on_each_backend([](reactor& r) {
        set_behind_proxies at;
        const auto seen = std::make_shared<addresses>();
        const client c(r, at.uri(at.without), {.command_listener = seen});
        CHECK(!error_of(r, c.ping()));
        CHECK(!error_of(r, c["db"]["c"].insert_one({{"_id", 1}})));
        CHECK(seen->all == std::set<std::string>{at.set.address(0)});
    });
}
