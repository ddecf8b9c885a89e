#include "allocation_counter.hpp"
#include "deployment.hpp"
#include "pool_support.hpp"

#include <mongoro/client.hpp>
#include <mongoro/event_listener.hpp>

#include <map>
#include <memory>
#include <string>

using namespace mongoro;
using namespace mongoro::test;

using words = std::vector<std::string>;

TEST_CASE("a paused pool refuses with pool_cleared, a closed one with client_closed") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {}, false);
        CHECK(!s.pool.try_check_out());
        CHECK(s.check_out_error() == errc::pool_cleared);
        CHECK(s.events.take() == words{"started", "failed connectionError"});
        s.pool.ready();
        s.pool.ready();
        CHECK(s.check_out());
        CHECK(s.events.take() ==
              words{"pool ready", "started", "created 1", "ready 1", "out 1", "in 1"});
        s.pool.close();
        s.pool.close();
        s.pool.ready();
        CHECK(s.check_out_error() == errc::client_closed);
        CHECK(s.events.take() ==
              words{"closed 1 poolClosed", "pool closed", "started", "failed poolClosed"});
        CHECK(s.pool.size() == 0);
    });
}

TEST_CASE("an idle connection is checked out and in without the heap") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        connection_pool pool(r.core(), pool_scene::settings_of(peer), {}, nullptr, nullptr);
        pool.ready();
        sync_wait(r, pool_scene::out_of(pool));
        const allocation_counter counter;
        for (int i = 0; i < 100; ++i) {
            CHECK(pool.try_check_out());
        }
        CHECK((counter.count() == 0 || !allocation_counter::works()));
        CHECK(pool.idle() == 1);
    });
}

TEST_CASE("those that wait are served in their order, and one that goes is left out") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_size = 1});
        auto held = s.check_out();
        pending_lease first(s);
        std::stop_source stop;
        pending_lease second(s, stop.get_token());
        pending_lease third(s);
        s.until([&] { return s.pool.waiting() == 3; });
        stop.request_stop();
        CHECK(second.why() == errc::operation_cancelled);
        CHECK(s.pool.waiting() == 2);
        held.reset();
        auto mine = first.take();
        CHECK(!third.done());
        mine.reset();
        CHECK(third.take());
        CHECK(s.pool.created() == 1);
    });
}

TEST_CASE("a connection that was granted to one who was destroyed goes to the next") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_size = 1});
        auto held = s.check_out();
        auto first = std::make_unique<pending_lease>(s);
        pending_lease second(s);
        s.until([&] { return s.pool.waiting() == 2; });
        s.events.take();
        held.reset();  // granted; resumed in the next turn
        first.reset();
        CHECK(second.take());
        CHECK(s.events.take() == words{"in 1", "failed connectionError", "out 1", "in 1"});
    });
}

TEST_CASE("clear fails those that wait, closes what is idle, and the rest when it comes back") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_size = 2});
        auto held = s.check_out();
        { auto other = s.check_out(); }
        auto again = s.check_out();
        pending_lease waits(s);
        s.until([&] { return s.pool.waiting() == 1; });
        again.reset();
        auto got = waits.take();
        pending_lease too_late(s);
        s.until([&] { return s.pool.waiting() == 1; });
        s.events.take();
        s.pool.clear(error(errc::network_error, "the cable"), std::nullopt, false);
        const auto why = too_late.why();
        CHECK(why == errc::pool_cleared);
        REQUIRE(why.cause());
        CHECK(why.cause()->message() == "the cable");
        CHECK(s.check_out_error().cause()->message() == "the cable");
        s.pool.clear(errc::network_error, std::nullopt, false);
        CHECK(s.pool.generation() == 2);
        s.pool.ready();
        held.reset();
        CHECK(s.pool.size() == 1);
        got.reset();
        CHECK(s.events.take() == words{"pool cleared", "failed connectionError", "started",
                                       "failed connectionError", "pool ready", "in 1",
                                       "closed 1 stale", "in 2", "closed 2 stale"});
        CHECK(s.check_out()->id() == 3);
    });
}

TEST_CASE("clear with interruption ends what is under way with pool_cleared") {
    on_each_backend([](reactor& r) {
        pool_scene s(r);
        s.peer.always("find", reply_script().hang());
        const auto find = [](connection_pool& pool) -> task<> {
            auto c = co_await pool.check_out();
            auto command = operation::ping({});
            command->finish();
            auto reply = co_await (*c)->run(command, 0, 0);
            if (!reply) {
                throw exception(reply.error());
            }
        };
        s.peer.always("ping", reply_script().hang());
        running one(r, find(s.pool));
        s.until([&] { return s.peer.received("ping").size() == 1; });
        auto resting = s.check_out();
        s.events.take();
        s.pool.clear(errc::network_error, std::nullopt, true);
        CHECK(!one.done());  // not from inside of clear()
        one.wait();
        CHECK(one.failure() == errc::pool_cleared);
        CHECK(one.failure().to_string().find("interrupted due to server monitor timeout") !=
              std::string::npos);
        CHECK(resting->status() == connection::state::closed);
        resting.reset();
        CHECK(s.events.take() == words{"pool cleared, interrupting", "in 1", "closed 1 stale",
                                       "in 2", "closed 2 stale"});
        CHECK(s.pool.size() == 0);
    });
}

TEST_CASE("whose connection a clear closes can be told from who waited for one, by the cause") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_size = 1});
        s.peer.always("ping", reply_script().hang());
        const auto ping = [](connection_pool& pool) -> task<> {
            auto c = co_await pool.check_out();
            auto command = operation::ping({});
            command->finish();
            const auto reply = co_await (*c)->run(command, 0, 0);
            if (!reply) {
                throw exception(reply.error());
            }
        };
        const auto was_in_use = [](const error& e) {
            const auto* const below = e.cause();
            return below != nullptr && *below == errc::network_error && below->cause() != nullptr &&
                   below->cause()->code() == std::errc::connection_aborted;
        };
        running one(r, ping(s.pool));
        s.until([&] { return s.peer.received("ping").size() == 1; });
        pending_lease waits(s);
        s.until([&] { return s.pool.waiting() == 1; });
        s.pool.clear(errc::network_error, std::nullopt, true);
        one.wait();
        CHECK(one.failure() == errc::pool_cleared);
        CHECK(was_in_use(one.failure()));
        CHECK(waits.why() == errc::pool_cleared);
        CHECK(!was_in_use(waits.why()));
    });
}

TEST_CASE("what is interrupted may destroy the pool") {
    on_each_backend([](reactor& r) {
        auto s = std::make_unique<pool_scene>(r);
        s->peer.always("ping", reply_script().hang());
        const auto ping = [](std::unique_ptr<pool_scene>& scene) -> task<> {
            auto c = co_await scene->pool.check_out();
            auto command = operation::ping({});
            command->finish();
            const auto reply = co_await (*c)->run(command, 0, 0);
            c->reset();
            scene.reset();
            if (!reply) {
                throw exception(reply.error());
            }
        };
        running one(r, ping(s));
        s->until([&] { return s->peer.received("ping").size() == 1; });
        s->pool.clear(errc::network_error, std::nullopt, true);
        one.wait();
        CHECK(one.failure() == errc::pool_cleared);
        CHECK(s == nullptr);
    });
}

TEST_CASE("a check-out that waits for too long says who holds the connections") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_size = 3, .min_size = 3, .wait_queue_timeout = 20ms});
        s.until([&] { return s.pool.idle() == 3; });
        auto a = s.check_out();
        auto b = s.check_out();
        auto c = s.check_out();
        a.pin(pinned_for::cursor);
        b.pin(pinned_for::transaction);
        s.events.take();
        const auto why = s.check_out_error();
        CHECK(why == errc::wait_queue_timeout);
        CHECK(why.message().find("maxPoolSize: 3, connections in use by cursors: 1, connections in "
                                 "use by transactions: 1, connections in use by other operations: "
                                 "1") != std::string_view::npos);
        CHECK(error_of(r, with_deadline(pool_scene::out_of(s.pool), 5ms)) ==
              errc::deadline_exceeded);
        CHECK(s.events.take() == words{"started", "failed timeout", "started", "failed timeout"});
        a.reset();
        a = s.check_out();
        CHECK(a->record().pin == pinned_for::operation);
    });
}

TEST_CASE(
    "a connection that was idle for too long is closed, by a check-out or in the background") {
    on_each_backend([](reactor& r) {
        for (const auto interval : {-1ms, 5ms}) {
            pool_scene s(r, {.max_idle_time = 20ms, .maintenance_interval = interval});
            { auto one = s.check_out(); }
            s.events.take();
            if (interval < 0ms) {
                std::this_thread::sleep_for(25ms);
                auto next = s.check_out();
                CHECK(next->id() == 2);
                CHECK(s.events.take() ==
                      words{"started", "closed 1 idle", "created 2", "ready 2", "out 2"});
            } else {
                s.until([&] { return s.pool.size() == 0; });
                CHECK(s.events.take() == words{"closed 1 idle"});
            }
        }
    });
}

TEST_CASE("what nobody waits for does not keep run() running, what somebody waits for does") {
    on_each_backend([](reactor& r) {
        pool_scene s(r, {.max_size = 1, .min_size = 1, .maintenance_interval = 5ms});
        s.peer.expect("hello", slow_hello(50ms));
        r.run();
        CHECK(s.pool.idle() == 0);
        CHECK(s.pool.pending() == 1);  // begun, and left alone
        pending_lease one(s);
        r.run();
        REQUIRE(one.done());
        auto held = one.take();
        r.run();  // returns, with a timer armed
        CHECK(s.pool.size() == 1);
        pending_lease two(s);
        r.post([&] { held.reset(); });
        r.run();
        CHECK(two.done());
    });
}

TEST_CASE("a thousand cancelled finds at ten connections open no eleventh") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find",
                    reply_script().wait(1ms).reply(bson::document{
                        {"cursor",
                         bson::document{{"id", 0}, {"ns", "db.c"}, {"firstBatch", bson::array{}}}},
                        {"ok", 1.0}}));
        const client c(r, peer.uri(), {.max_pool_size = 10, .drain_timeout = 60s});
        std::size_t cancelled = 0;
        for (int round = 0; round < 100; ++round) {
            std::list<running<std::optional<bson::document>>> all;
            std::stop_source stop;
            const auto before = peer.received("find").size();
            for (int i = 0; i < 10; ++i) {
                all.emplace_back(r, with_stop(c["db"]["c"].find_one(), stop.get_token()));
            }
            REQUIRE(poll_until(r, [&] { return peer.received("find").size() > before; }));
            stop.request_stop();
            for (auto& one : all) {
                cancelled += one.wait() ? 0U : 1U;
            }
        }
        CHECK(cancelled > 0);
        REQUIRE(poll_until(
            r, [&] { return c.statistics().connections == c.statistics().idle_connections; }));
        CHECK(c.statistics().connections_created <= 10);
        CHECK(c.statistics().connections == c.statistics().connections_created);
        CHECK(peer.connections() == 1 + c.statistics().connections_created);  // the monitor's
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("the pool's options of the connection string are the client's") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("ping", reply_script().hang());
        {
            const client c(r, peer.uri() + "?maxPoolSize=1&minPoolSize=1&waitQueueTimeoutMS=20");
            REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 1; }));
            running holds(r, c.ping());
            REQUIRE(poll_until(r, [&] { return peer.received("ping").size() == 1; }));
            CHECK(error_of(r, c.ping()) == errc::wait_queue_timeout);
        }
        const client c(r, peer.uri() + "?minPoolSize=3&maxConnecting=1&maxIdleTimeMS=600000");
        REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 3; }));
    });
}

namespace {

/// What each pool is told to have been made with.
class created final : public pool_listener {
 public:
    void on(const pool_created_event& event) noexcept override {
        all.emplace(event.address, event.options);
    }
    std::map<std::string, pool_options> all;
};

}  // namespace

TEST_CASE("prose: all pools of a client have the connection string's options") {
    on_each_backend([](reactor& r) {
        const test::deployment set({role::primary, role::secondary, role::secondary});
        const auto seen = std::make_shared<created>();
        const client c(r,
                       set.uri("maxPoolSize=7&minPoolSize=1&maxIdleTimeMS=90000&maxConnecting=3&"
                               "waitQueueTimeoutMS=1234"),
                       {.pool_listener = seen});
        REQUIRE(poll_until(r, [&] { return seen->all.size() == set.size(); }));
        for (std::size_t i = 0; i < set.size(); ++i) {
            CAPTURE(i);
            REQUIRE(seen->all.contains(set.address(i)));
            const auto& options = seen->all.at(set.address(i));
            CHECK(options.max_pool_size == 7);
            CHECK(options.min_pool_size == 1);
            CHECK(options.max_idle_time == 90s);
            CHECK(options.max_connecting == 3);
            CHECK(options.wait_queue_timeout == 1234ms);
        }
    });
}
