#include "client_support.hpp"

#include <algorithm>
#include <list>
#include <map>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using found = std::optional<document>;

reply_script after(std::chrono::milliseconds time) {
    return reply_script().wait(time).reply(first_batch(numbered(1)));
}

/// `count` finds {i: 0}, {i: 1}, … side by side.
std::list<running<found>> start_finds(scene& s, int count) {
    std::list<running<found>> all;
    for (int i = 0; i < count; ++i) {
        all.emplace_back(s.r, s.c.find_one({{"i", i}}));
    }
    return all;
}

std::vector<int> order_of_finds(const scene& s) {
    std::vector<int> order;
    for (const auto& find : s.peer.received("find")) {
        order.push_back(find.body["filter"]["i"].get<int>());
    }
    return order;
}

}  // namespace

TEST_CASE("a client that does nothing has no connection, one after another uses one") {
    on_each_backend([](reactor& r) {
        scene s(r);
        CHECK(s.client.statistics().connections == 0);
        for (int i = 0; i < 50; ++i) {
            sync_wait(r, s.client.ping());
        }
        const auto counted = s.client.statistics();
        CHECK(counted.connections == 1);
        CHECK(counted.idle_connections == 1);
        CHECK(counted.connections_created == 1);
        CHECK(s.peer.received("ping").size() == 50);
    });
}

TEST_CASE(
    "operations side by side open no more than max_pool_size connections, and all are served") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 3});
        s.peer.always("find", after(3ms));
        auto all = start_finds(s, 60);
        for (auto& one : all) {
            CHECK(one.wait());
            CHECK(s.client.statistics().connections <= 3);
        }
        CHECK(s.client.statistics().connections_created == 3);
        CHECK(s.peer.connections() == 1 + 3);  // the first is the monitor's
        CHECK(s.peer.received("find").size() == 60);
    });
}

TEST_CASE("by default a hundred connections at most are opened") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", after(20ms));
        auto all = start_finds(s, 130);
        for (auto& one : all) {
            CHECK(one.wait());
        }
        CHECK(s.client.statistics().connections_created <= 100);
    });
}

TEST_CASE("those that wait are served in the order in which they came") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1});
        s.peer.always("find", after(0ms));
        auto all = start_finds(s, 30);
        for (auto& one : all) {
            CHECK(one.wait());
        }
        const auto order = order_of_finds(s);
        REQUIRE(order.size() == 30);
        CHECK(std::is_sorted(order.begin(), order.end()));
    });
}

TEST_CASE("one that comes while others wait does not overtake them") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1});
        s.peer.always("find", after(5ms));
        auto all = start_finds(s, 5);
        // Each that ends starts another one at once, from the same turn of the reactor.
        std::list<running<found>> later;
        int next = 5;
        for (auto& one : all) {
            one.wait();
            later.emplace_back(r, s.c.find_one({{"i", next++}}));
        }
        for (auto& one : later) {
            one.wait();
        }
        const auto order = order_of_finds(s);
        REQUIRE(order.size() == 10);
        CHECK(std::is_sorted(order.begin(), order.end()));
    });
}

TEST_CASE("the connection that was used last is used next") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 3});
        s.peer.always("find", after(30ms));
        auto all = start_finds(s, 3);
        for (auto& one : all) {
            CHECK(one.wait());
        }
        CHECK(s.client.statistics().idle_connections == 3);
        std::vector<std::size_t> used;
        for (int i = 0; i < 10; ++i) {
            sync_wait(r, s.client.ping());
            used.push_back(s.peer.received("ping").back().connection);
        }
        CHECK(std::count(used.begin(), used.end(), used.front()) == 10);
    });
}

TEST_CASE("a connect that fails before the hello's answer is tried again, and clears no pool") {
    on_each_backend([](reactor& r) {
        const byte_script bad = byte_script().read_message().close();
        const byte_script good = byte_script()
                                     .read_message()
                                     .write(hello_reply())
                                     .read_message()
                                     .write(op_msg(op_msg_peer::ok_document(), 2))
                                     .read_message()
                                     .write(op_msg(op_msg_peer::ok_document(), 3))
                                     .read_to_end();
        const byte_peer peer({monitored(), bad, bad, good});
        const client c(r, peer.uri(), {.max_pool_size = 1});
        CHECK(!error_of(r, c.ping()));
        CHECK(!error_of(r, c.ping()));
        CHECK(peer.connections() == 1 + 3);
        CHECK(c.statistics().connections_created == 1);
    });
}

TEST_CASE("a connect that fails more often than may be tried again is that operation's error") {
    on_each_backend([](reactor& r) {
        const byte_script bad = byte_script().read_message().close();
        const byte_peer peer({monitored(), bad});
        const client c(r, peer.uri() + "?maxAdaptiveRetries=1", {.max_pool_size = 1});
        for (std::size_t i = 1; i <= 2; ++i) {
            const auto e = error_of(r, c.ping());
            CHECK(e == errc::connection_closed);
            CHECK(e.has_label("SystemOverloadedError"));
            CHECK(peer.connections() == 1 + 2 * i);
        }
        CHECK(c.statistics().connections_created == 0);
    });
}

TEST_CASE("when a host refuses, everyone who waits hears of it") {
    on_each_backend([](reactor& r) {
        const client c(r, listener::refused_uri() + "?serverSelectionTimeoutMS=100",
                       {.max_pool_size = 2});
        std::list<running<void>> all;
        for (int i = 0; i < 20; ++i) {
            all.emplace_back(r, c.ping());
        }
        for (auto& one : all) {
            const auto e = one.wait().error();
            CHECK(e == errc::server_selection_timeout);
            CHECK(e.to_string().find("Connection refused") != std::string::npos);
        }
        CHECK(c.statistics().connections == 0);
    });
}

TEST_CASE("a connection that breaks fails those that wait with pool_cleared; the next one works") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1});
        s.peer.expect("find", reply_script().wait(20ms).close());
        s.peer.always("find", after(0ms));
        auto all = start_finds(s, 5);
        int broken = 0;
        int cleared = 0;
        for (auto& one : all) {
            one.wait();
            broken += one.failure() == errc::connection_closed ? 1 : 0;
            cleared += one.failure() == errc::pool_cleared ? 1 : 0;
        }
        CHECK(broken == 1);
        CHECK(cleared == 4);
        CHECK(sync_wait(r, s.c.find_one()));
        CHECK(s.client.statistics().connections_created == 2);
    });
}

TEST_CASE("a network error clears the idle connections, and those of before when they come back") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", after(60ms));
        auto all = start_finds(s, 3);
        for (auto& one : all) {
            CHECK(one.wait());
        }
        CHECK(s.client.statistics().idle_connections == 3);
        running slow(r, s.c.find_one({{"i", 3}}));
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 4; }));
        s.peer.expect("count", reply_script().reset());
        CHECK(error_of(r, s.c.estimated_document_count()) == errc::network_error);
        CHECK(s.client.statistics().connections == 1);  // the slow one's
        CHECK(s.client.statistics().idle_connections == 0);
        CHECK(slow.wait());
        CHECK(s.client.statistics().connections == 0);
        sync_wait(r, s.client.ping());
        CHECK(s.client.statistics().connections_created == 4);
    });
}

TEST_CASE("a server's error costs no connection") {
    on_each_backend([](reactor& r) {
        scene s(r);
        for (int i = 0; i < 5; ++i) {
            s.answer("find", op_msg_peer::error_document(2, "BadValue", "no"));
            CHECK(error_of(r, s.c.find_one()) == errc::command_failed);
        }
        s.check_works(1);
    });
}

TEST_CASE("each of two clients of one reactor has connections of its own") {
    on_each_backend([](reactor& r) {
        scene a(r);
        scene b(r);
        const client copy(a.client);
        sync_wait(r, a.client.ping());
        sync_wait(r, b.client.ping());
        sync_wait(r, copy.ping());
        CHECK(a.peer.connections() == 1 + 1);  // the first is the monitor's
        CHECK(b.peer.connections() == 1 + 1);
        CHECK(copy.statistics().connections_created == 1);
    });
}

TEST_CASE("the handshake names the program, and says which driver it is") {
    on_each_backend([](reactor& r) {
        scene s(r, {.app_name = "the shop"});
        sync_wait(r, s.client.ping());
        const auto hello = s.peer.received().front();
        CHECK(hello.name == "isMaster");
        CHECK(hello.database() == "admin");
        CHECK(hello.body["helloOk"].get<bool>());
        const auto metadata = hello.body["client"];
        CHECK(metadata["application"]["name"].get<std::string>() == "the shop");
        CHECK(metadata["driver"]["name"].get<std::string>() == "mongoro");
        CHECK(metadata["os"]["type"].exists());
        CHECK(s.peer.problems() == "");  // as whatever is no OP_MSG would be
    });
}

TEST_CASE("the connection string names the program and bounds the pool, options override it") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("ping", reply_script().wait(3ms).reply(op_msg_peer::ok_document()));
        const auto made = [&](std::string_view options, const client_options& overriding) {
            const client c(r, peer.uri() + std::string(options), overriding);
            std::list<running<void>> all;
            for (int i = 0; i < 8; ++i) {
                all.emplace_back(r, c.ping());
            }
            for (auto& one : all) {
                CHECK(one.wait());
            }
            return c.statistics().connections_created;
        };
        CHECK(made("?maxPoolSize=2&appName=the%20shop", {}) == 2);
        const auto hello = peer.received().front();
        CHECK(hello.body["client"]["application"]["name"].get<std::string>() == "the shop");
        CHECK(made("?maxPoolSize=2", {.max_pool_size = 1}) == 1);
        CHECK(made("?maxPoolSize=0", {}) <= 8);
        const auto before = peer.received().size();
        CHECK(made("?appName=shop&maxPoolSize=1", {.app_name = "till"}) == 1);
        CHECK(peer.received()[before].body["client"]["application"]["name"].get<std::string>() ==
              "till");
    });
}

TEST_CASE("a server over IPv6 and one over a Unix-domain socket are as good as any") {
    on_each_backend([](reactor& r) {
        for (const auto where : {listen_at::ipv6, listen_at::unix_socket}) {
            op_msg_peer peer(where);
            peer.always("find", after(0ms));
            const client c(r, peer.uri());
            for (int i = 0; i < 3; ++i) {
                CHECK(sync_wait(r, c["db"]["c"].find_one()));
            }
            CHECK(peer.connections() == 1 + 1);  // the first is the monitor's
            peer.expect("ping", reply_script().close());
            const auto e = error_of(r, c.ping());
            CHECK(e == errc::connection_closed);
            CHECK(e.to_string().find(where == listen_at::ipv6 ? "[::1]:" : peer.host()) !=
                  std::string::npos);
            CHECK(!error_of(r, c.ping()));
        }
    });
}

TEST_CASE("localhost is connected to at whichever of its addresses somebody listens") {
    on_each_backend([](reactor& r) {
        for (const auto where : {listen_at::ipv4, listen_at::ipv6}) {
            const op_msg_peer peer(where);
            const char* const limit = where == listen_at::ipv4 ? "30000" : "500";
            const client c(r, "mongodb://localhost:" + std::to_string(peer.port()) +
                                  "/?serverSelectionTimeoutMS=" + limit);
            const auto e = error_of(r, c.ping());
            // A machine whose hosts file has no ::1 for localhost cannot find the second.
            CHECK((!e || (where == listen_at::ipv6 && e == errc::server_selection_timeout)));
        }
    });
}
