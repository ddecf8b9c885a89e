#include "../tls/tls_support.hpp"
#include "byte_peer.hpp"
#include "dns_server.hpp"
#include "pool_support.hpp"

#include "dns/resolver.hpp"
#include "tls/context.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <memory>

using namespace mongoro;
using namespace mongoro::test;

using words = std::vector<std::string>;

TEST_CASE("no more than max_connecting are opened at once") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_connecting = 2});
        s.peer.always("hello", slow_hello(20ms));
        std::list<pending_lease> all;
        for (int i = 0; i < 7; ++i) {
            all.emplace_back(s);
        }
        std::vector<lease> held;
        std::size_t most = 0;
        s.until([&] {
            most = std::max(most, s.pool.pending());
            return std::all_of(all.begin(), all.end(), [](const auto& one) { return one.done(); });
        });
        CHECK(most == 2);
        CHECK(s.pool.created() == 7);
    });
}

TEST_CASE("who waits takes what comes first, and the new connection is the next one's") {
    on_each_backend([](reactor& r) {
        pool_scene s(r);
        auto held = s.check_out();
        s.peer.always("hello", slow_hello(500ms));
        pending_lease waits(s);
        s.until([&] { return s.pool.pending() == 1; });
        held.reset();
        auto got = waits.take();
        CHECK(got->id() == 1);
        CHECK(s.pool.pending() == 1);
        s.until([&] { return s.pool.idle() == 1; });
        CHECK(s.check_out()->id() == 2);
        CHECK(s.pool.created() == 2);
    });
}

TEST_CASE("an opening goes on when the one who waited for it has gone") {
    on_each_backend([](reactor& r) {
        pool_scene s(r);
        s.peer.always("hello", slow_hello(300ms));
        std::stop_source stop;
        pending_lease waits(s, stop.get_token());
        s.until([&] { return s.pool.pending() == 1; });
        stop.request_stop();
        CHECK(waits.why() == errc::operation_cancelled);
        CHECK(s.pool.pending() == 1);
        s.until([&] { return s.pool.idle() == 1; });
        CHECK(s.pool.try_check_out());
        CHECK(s.peer.connections() == 1);
    });
}

TEST_CASE("an opening that fails fails the one who waited longest, after the owner heard of it") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_connecting = 1});
        s.peer.always("hello",
                      reply_script().reply(op_msg_peer::error_document(91, "Shutdown", "no")));
        s.owner.on_failure = [&](connection_pool& pool, const error& why) {
            CHECK(s.events.failures.empty());
            pool.clear(why, std::nullopt, false);
        };
        pending_lease first(s);
        pending_lease second(s);
        CHECK(first.why() == errc::handshake_failed);
        CHECK(!first.why().has_label("SystemOverloadedError"));
        CHECK(second.why() == errc::pool_cleared);
        REQUIRE(second.why().cause());
        CHECK(*second.why().cause() == errc::handshake_failed);
        CHECK(s.owner.generations == std::vector<std::uint64_t>{0});
        CHECK(s.events.take() == words{"started", "created 1", "started", "pool cleared",
                                       "failed connectionError", "closed 1 error",
                                       "failed connectionError"});
        CHECK(s.pool.size() == 0);
    });
}

TEST_CASE("a network error before hello is answered is labelled, and each waits for its own") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_connecting = 2});
        s.peer.expect("hello", reply_script().close());
        s.peer.expect("hello", reply_script().reset());
        std::list<pending_lease> all;
        for (int i = 0; i < 3; ++i) {
            all.emplace_back(s);
        }
        int failed = 0;
        for (auto& one : all) {
            if (const auto why = one.why()) {
                ++failed;
                CHECK(why.has_label("SystemOverloadedError"));
                CHECK(why.has_label("RetryableError"));
            }
        }
        CHECK(failed == 2);
        CHECK(s.owner.generations.size() == 2);
    });
}

namespace {

/// Why a check-out of a pool of such connections fails.
error check_out_error(reactor& r, const connection_settings& settings) {
    event_record events;
    test_owner owner;
    connection_pool pool(r.core(), settings, {}, &owner, &events);
    pool.ready();
    auto e = error_of(r, pool_scene::out_of(pool));
    pool.close();
    REQUIRE(poll_until(r, [&] { return pool.size() == 0; }));
    return e;
}

}  // namespace

TEST_CASE("a server that is silent is labelled as too busy; DNS and a proxy that are, are not") {
    on_each_backend([](reactor& r) {
        const byte_peer silent{byte_script().hang()};
        connection_settings settings;
        settings.connect_timeout = 100ms;
        settings.host = {silent.host(), silent.port()};
        const auto busy = check_out_error(r, settings);
        CHECK(busy == errc::connect_timed_out);
        CHECK(busy.has_label("SystemOverloadedError"));
        CHECK(busy.has_label("RetryableError"));

        dns_server names;
        names.behave("db.example.test", dns_server::manner::keep_silent);
        dns::resolver_options options;
        options.servers = names.address();
        auto by_name = settings;
        by_name.host = {"db.example.test", 27017};
        by_name.names = std::make_shared<dns::resolver>(r.core(), std::move(options));

        auto through_proxy = settings;
        proxy_options proxy;
        proxy.host = silent.host();
        proxy.port = silent.port();
        through_proxy.proxy = std::make_shared<const proxy_options>(proxy);

        for (const auto& [with, code] : {std::pair(by_name, errc::name_resolution_failed),
                                         std::pair(through_proxy, errc::proxy_failed)}) {
            const auto e = check_out_error(r, with);
            CHECK_MESSAGE(e == code, e.to_string());
            CHECK(!e.has_label("SystemOverloadedError"));
            CHECK(!e.has_label("RetryableError"));
        }
    });
}

namespace {

/// No new descriptor in this process while it lives.
class no_descriptors {
 public:
    no_descriptors() {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        auto none = before_;
        none.rlim_cur = 3;
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    no_descriptors(const no_descriptors&) = delete;
    no_descriptors& operator=(const no_descriptors&) = delete;
    ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("a server that closes for want of a certificate does not say that it is busy") {
    on_each_backend([](reactor& r) {
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            auto how = serving(version);
            how.asks_for_certificate = true;
            tls_server server(how);
            const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t) {
                static_cast<void>(server.accept(socket));  // and closes
            });
            auto trust = tls::context::make(trusting());
            REQUIRE(trust);
            connection_settings settings;
            settings.host = {peer.host(), peer.port()};
            settings.tls = *trust;
            const auto e = check_out_error(r, settings);
            CHECK_MESSAGE(e == errc::tls_failed, e.to_string());
            CHECK(!e.has_label("SystemOverloadedError"));
            CHECK(!e.has_label("RetryableError"));
        }
    });
}

TEST_CASE("a host that has no socket left for a connection does not say that the server is busy") {
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        connection_settings settings;
        settings.host = {peer.host(), peer.port()};
        error e;
        {
            const no_descriptors limit;
            e = check_out_error(r, settings);
        }
        CHECK_MESSAGE(e == errc::connect_failed, e.to_string());
        CHECK(!e.has_label("SystemOverloadedError"));
        CHECK(!e.has_label("RetryableError"));
    });
}

TEST_CASE(
    "when nobody listens there, all who wait hear of it, and min_size is not tried for ever") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.min_size = 2, .maintenance_interval = 1h});
        s.until([&] { return s.pool.idle() == 2; });
        s.peer.stop_accepting();
        s.pool.clear(errc::network_error, std::nullopt, false);
        s.pool.ready();
        std::list<pending_lease> all;
        for (int i = 0; i < 500; ++i) {
            all.emplace_back(s);
        }
        for (auto& one : all) {
            CHECK(one.why() == errc::connect_failed);
        }
        s.until([&] { return s.pool.size() == 0; });
        const auto tried = s.owner.generations.size();
        CHECK(tried >= 500);
        for (int i = 0; i < 10; ++i) {
            r.poll();
        }
        CHECK(s.owner.generations.size() == tried);
    });
}

TEST_CASE("a connection that was opened for a pool that was cleared meanwhile is closed") {
    on_each_backend([](reactor& r) {
        pool_scene s(r);
        s.peer.expect("hello", slow_hello(300ms));
        pending_lease early(s);
        s.until([&] { return s.peer.received().size() == 1; });
        s.pool.clear(errc::network_error, std::nullopt, false);
        s.pool.ready();
        CHECK(early.why() == errc::pool_cleared);
        CHECK(s.check_out()->id() == 2);
        s.until([&] { return s.pool.pending() == 0; });
        CHECK(s.pool.size() == 1);
        CHECK(s.owner.generations.empty());
        const auto seen = s.events.take();
        CHECK(std::count(seen.begin(), seen.end(), "closed 1 stale") == 1);
        CHECK(std::count(seen.begin(), seen.end(), "ready 1") == 0);
    });
}

TEST_CASE("clear with interruption, and close, end an opening at once") {
    on_each_backend([](reactor& r) {
        for (const bool closes : {false, true}) {
            pool_scene s(r);
            s.peer.always("hello", reply_script().hang());
            pending_lease waits(s);
            s.until([&] { return s.peer.received().size() == 1; });
            s.events.take();
            if (closes) {
                s.pool.close();
            } else {
                s.pool.clear(errc::network_error, std::nullopt, true);
            }
            CHECK(s.pool.size() == 0);
            CHECK(waits.why() == (closes ? errc::client_closed : errc::pool_cleared));
            CHECK(s.events.take() ==
                  (closes ? words{"closed 1 poolClosed", "pool closed", "failed poolClosed"}
                          : words{"pool cleared, interrupting", "closed 1 stale",
                                  "failed connectionError"}));
            s.until([&] { return r.in_flight() == 0; });
        }
    });
}

TEST_CASE("min_size is kept in the background, and again after the pool was cleared") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.min_size = 3, .maintenance_interval = 5ms});
        s.until([&] { return s.pool.idle() == 3; });
        { auto one = s.check_out(); }
        CHECK(s.pool.created() == 3);
        s.pool.clear(errc::network_error, std::nullopt, false);
        CHECK(s.pool.size() == 0);
        r.poll();
        CHECK(s.pool.size() == 0);
        s.pool.ready();
        s.until([&] { return s.pool.idle() == 3; });
        auto broken = s.check_out();
        broken->close();
        broken.reset();
        s.until([&] { return s.pool.idle() == 3; });
        CHECK(s.pool.created() == 7);
    });
}

TEST_CASE("a pool that is destroyed with openings under way leaves nothing in flight") {
    on_each_backend([](reactor& r) {
        {
            pool_scene s(r, {.min_size = 2});
            s.peer.always("hello", reply_script().hang());
            s.until([&] { return s.peer.received().size() == 2; });
        }
        REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
    });
}
