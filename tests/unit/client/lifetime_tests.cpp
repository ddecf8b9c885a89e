#include "client_support.hpp"

#include <mongoro/event_listener.hpp>
#include <mongoro/with_deadline.hpp>

#include <memory>
#include <optional>
#include <thread>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using found = std::optional<document>;

reply_script after(std::chrono::milliseconds time) {
    return reply_script().wait(time).reply(first_batch(numbered(1)));
}

/// Of a task that nobody waits for the end of.
struct nobody : detail::branch_listener {
    nobody() {
        ended = [](detail::branch_listener&) noexcept -> std::coroutine_handle<> {
            return std::noop_coroutine();
        };
    }
};

/// Drops the only handle of its client at its nth call.
struct dropper final : command_listener, pool_listener, topology_listener {
    template <typename Event>
    void told(const Event&) noexcept {
        if (calls++ == at) {
            only.reset();
        }
    }
    using command_listener::on;
    using pool_listener::on;
    using topology_listener::on;
    void on(const command_started_event& e) noexcept override { told(e); }
    void on(const command_succeeded_event& e) noexcept override { told(e); }
    void on(const command_failed_event& e) noexcept override { told(e); }
    void on(const pool_created_event& e) noexcept override { told(e); }
    void on(const pool_ready_event& e) noexcept override { told(e); }
    void on(const pool_cleared_event& e) noexcept override { told(e); }
    void on(const connection_created_event& e) noexcept override { told(e); }
    void on(const connection_ready_event& e) noexcept override { told(e); }
    void on(const connection_closed_event& e) noexcept override { told(e); }
    void on(const connection_check_out_started_event& e) noexcept override { told(e); }
    void on(const connection_check_out_failed_event& e) noexcept override { told(e); }
    void on(const connection_checked_out_event& e) noexcept override { told(e); }
    void on(const connection_checked_in_event& e) noexcept override { told(e); }
    void on(const topology_opening_event& e) noexcept override { told(e); }
    void on(const topology_description_changed_event& e) noexcept override { told(e); }
    void on(const server_opening_event& e) noexcept override { told(e); }
    void on(const server_description_changed_event& e) noexcept override { told(e); }
    void on(const server_heartbeat_started_event& e) noexcept override { told(e); }
    void on(const server_heartbeat_succeeded_event& e) noexcept override { told(e); }
    void on(const server_heartbeat_failed_event& e) noexcept override { told(e); }

    std::optional<client> only;
    int at = 0;
    int calls = 0;
};

}  // namespace

TEST_CASE(
    "close waits for what is under way, closes the connections, and refuses what comes later") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.expect("find", after(150ms));
        running find(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        running closing(r, s.client.close());
        r.poll();
        CHECK(error_of(r, s.client.ping()) == errc::client_closed);
        CHECK(!closing.done());
        CHECK(closing.wait());
        REQUIRE(find.done());
        CHECK(find.wait());
        CHECK(s.client.statistics().connections == 0);
        CHECK(error_of(r, s.c.find_one()) == errc::client_closed);
        CHECK(error_of(r, s.c.insert_one({{"x", 1}})) == errc::client_closed);
        CHECK(error_of(r, s.c.find().next()) == errc::client_closed);
        CHECK(!error_of(r, s.client.close()));
        CHECK(s.peer.wait_for_closed(1));
    });
}

TEST_CASE("closing a client that has run nothing, or twice at once, is fine") {
    on_each_backend([](reactor& r) {
        scene s(r);
        running one(r, s.client.close());
        running two(r, s.client.close());
        CHECK(one.wait());
        CHECK(two.wait());
        // Its monitor, which begins in the same turn, may have begun to connect: no more than that.
        CHECK(s.client.statistics().connections_created == 0);
        CHECK(s.peer.connections() <= 1);
        CHECK(s.peer.received("hello").empty());
    });
}

TEST_CASE(
    "close with an operation that hangs is deadline_exceeded, and ends it with client_closed") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.expect("find", reply_script().hang());
        running find(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        CHECK(error_of(r, s.client.close(deadline::after(50ms))) == errc::deadline_exceeded);
        REQUIRE(find.done());
        CHECK(find.wait().error() == errc::client_closed);
        CHECK(s.client.statistics().connections == 0);
        CHECK(!error_of(r, s.client.close()));
    });
}

TEST_CASE("close at its deadline ends those that wait in the queue, or in a hello, as well") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1});
        s.peer.expect("hello", reply_script().hang());
        running in_hello(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received().size() == 1; }));
        running queued(r, s.c.find_one());
        r.poll();
        CHECK(error_of(r, s.client.close(deadline::after(50ms))) == errc::deadline_exceeded);
        REQUIRE(poll_until(r, [&] { return in_hello.done() && queued.done(); }));
        CHECK(queued.failure() == errc::client_closed);
        CHECK(in_hello.failure() == errc::client_closed);
        CHECK(s.client.statistics().connections == 0);
    });
}

TEST_CASE("close with a deadline in the awaiting task is the same as one that is given") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.expect("find", reply_script().hang());
        running find(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        CHECK(error_of(r, with_deadline(s.client.close(), 50ms)) == errc::deadline_exceeded);
        CHECK(find.wait().error() == errc::client_closed);
    });
}

TEST_CASE("close waits for a reply that nobody wants any more") {
    on_each_backend([](reactor& r) {
        scene s(r, {.drain_timeout = 60s});
        s.peer.expect("find", after(150ms));
        {
            running find(r, s.c.find_one());
            REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        }
        CHECK(s.client.statistics().connections == 1);
        CHECK(!error_of(r, s.client.close(deadline::after(60s))));
        CHECK(s.client.statistics().connections == 0);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("close waits for the killCursors of cursors that were dropped") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", reply_script().reply(first_batch(numbered(2), 99)));
        s.peer.always("killCursors", reply_script().wait(60ms).reply(op_msg_peer::ok_document()));
        for (int i = 0; i < 3; ++i) {
            auto cursor = s.c.find();
            CHECK(sync_wait(r, cursor.next()));
        }
        CHECK(!error_of(r, s.client.close(deadline::after(60s))));
        CHECK(s.peer.received("killCursors").size() == 3);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a client that is destroyed with operations under way leaves them to end") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find", after(80ms));
        std::optional<client> c(std::in_place, r, peer.uri());
        running find(r, (*c)["db"]["c"].find_one());
        running unstarted(r, (*c)["db"]["c"].find_one());
        REQUIRE(poll_until(r, [&] { return peer.received("find").size() == 2; }));
        c.reset();
        CHECK(find.wait());
        CHECK(unstarted.wait());
        CHECK(peer.wait_for_closed(2));
    });
}

TEST_CASE("a client that is destroyed with a reply or a killCursors under way closes at once") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find", reply_script().reply(first_batch(numbered(1), 5)));
        peer.always("killCursors", reply_script().hang());
        {
            const client c(r, peer.uri());
            {
                auto cursor = c["db"]["c"].find();
                CHECK(sync_wait(r, cursor.next()));
            }
            REQUIRE(poll_until(r, [&] { return peer.received("killCursors").size() == 1; }));
            peer.always("ping", reply_script().hang());
            {
                running ping(r, c.ping());
                REQUIRE(poll_until(r, [&] { return peer.received("ping").size() == 1; }));
            }
        }
        REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
    });
}

TEST_CASE("databases, collections, cursors and batches outlive the client that made them") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find", reply_script().reply(first_batch(numbered(3), 5)));
        peer.always("getMore", reply_script().reply(next_batch(numbered(2, 3))));
        auto people = client(r, peer.uri())["db"]["c"];
        auto cursor = people.find();
        auto batch = sync_wait(r, cursor.next_batch());
        REQUIRE(batch);
        auto rest = sync_wait(r, cursor.to_vector());
        CHECK(rest == numbered(2, 3));
        people = client(r, peer.uri())["db"]["other"];
        int id = 0;
        for (const auto& d : *batch) {
            CHECK(d["_id"].get<int>() == id++);
        }
        CHECK(id == 3);
    });
}

TEST_CASE("a reactor that is destroyed first ends nothing well, and leaks nothing") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        op_msg_peer peer;
        peer.always("find", reply_script().reply(first_batch(numbered(3), 5)));
        peer.always("getMore", reply_script().hang());
        std::optional<client> c(std::in_place, *r, peer.uri(), client_options{.max_pool_size = 2});
        auto cursor = (*c)["db"]["c"].find();
        auto unused = (*c)["db"]["c"].find_one();
        auto batch = sync_wait(*r, cursor.next_batch());
        REQUIRE(batch);
        auto lonely = (*c)["db"]["c"].as<document_view>().find_one();
        const auto kept = sync_wait(*r, std::move(lonely));
        REQUIRE(kept);
        // Operations under way, in the queue and unstarted, by tasks that outlive the reactor.
        const auto wait = [](mongoro::cursor<document>& from) -> task<> {
            static_cast<void>(co_await as_result(from.next()));
        };
        const auto queue = [](collection<> from) -> task<> {
            static_cast<void>(co_await as_result(from.find_one()));
        };
        detail::outcome<void> nothing;
        auto first = detail::branch_of(wait(cursor), &nothing);
        auto second = detail::branch_of(queue((*c)["db"]["c"]), &nothing);
        nobody listener;
        first.prepare(listener, &detail::root_context(r->core()));
        second.prepare(listener, &detail::root_context(r->core()));
        bool started = false;
        r->post([&] {
            peer.always("find", reply_script().hang());
            first.start();
            second.start();
            started = true;
        });
        REQUIRE(poll_until(*r, [&] { return started && peer.received("getMore").size() == 1; }));
        r.reset();
        CHECK(kept->view()["_id"].get<int>() == 0);
        CHECK(!first.done());
        first = {};
        second = {};
        c.reset();
        int id = 0;
        for (const auto& d : *batch) {
            CHECK(d["_id"].get<int>() == id++);
        }
        CHECK(id == 3);
    });
}

TEST_CASE("who was granted a connection as its reactor ended lets the one behind be") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        op_msg_peer peer;
        peer.always("find", after(20ms));
        std::optional<client> c(std::in_place, *r, peer.uri(), client_options{.max_pool_size = 1});
        const auto hold = [](collection<> from, reactor& stopped) -> task<> {
            static_cast<void>(co_await as_result(from.find_one()));
            stopped.stop();  // before whoever is next has resumed
        };
        const auto queue = [](collection<> from, find_one_options options) -> task<> {
            static_cast<void>(co_await as_result(from.find_one({}, options)));
        };
        detail::outcome<void> nothing;
        auto first = detail::branch_of(hold((*c)["db"]["c"], *r), &nothing);
        // One that is not sent from the line, and one that is.
        auto second = detail::branch_of(queue((*c)["db"]["c"], {.timeout = 60s}), &nothing);
        auto third = detail::branch_of(queue((*c)["db"]["c"], {}), &nothing);
        nobody listener;
        for (auto* const one : {&first, &second, &third}) {
            one->prepare(listener, &detail::root_context(r->core()));
        }
        r->post([&] {
            first.start();
            second.start();
            third.start();
        });
        r->run();
        CHECK(first.done());
        CHECK(!second.done());
        CHECK(peer.received("find").size() == 1);
        r.reset();
        second = {};
        CHECK(!third.done());
        third = {};
        c.reset();
        CHECK(peer.received("find").size() == 1);
    });
}

TEST_CASE(
    "a client may be the last to go, behind its reactor, with connections idle and draining") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        op_msg_peer peer;
        peer.always("find", reply_script().hang());
        const client c(*r, peer.uri());
        sync_wait(*r, c.ping());
        {
            running find(*r, c["db"]["c"].find_one());
            REQUIRE(poll_until(*r, [&] { return peer.received("find").size() == 1; }));
        }
        sync_wait(*r, c.ping());
        CHECK(c.statistics().connections == 2);
        r.reset();
        CHECK(peer.wait_for_closed(1));
    });
}

TEST_CASE("batches are read and destroyed on another thread than the reactor's") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(100)));
        auto batch = sync_wait(r, s.c.find().next_batch());
        REQUIRE(batch);
        int sum = 0;
        std::thread([moved = std::move(*batch), &sum] {
            for (const auto& d : moved) {
                sum += d["_id"].get<int>();
            }
        }).join();
        CHECK(sum == 99 * 100 / 2);
        s.check_works(1);
    });
}

TEST_CASE(
    "a client that is dropped before its reactor first runs ends then, and connects to none") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const auto listener = std::make_shared<topology_listener>();
        { const client c(r, peer.uri(), {.topology_listener = listener}); }
        r.run();
        CHECK(listener.use_count() == 1);
        CHECK(peer.connections() == 0);
    });
}

TEST_CASE("a posted function that goes with its reactor may be the last to keep a client") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        op_msg_peer peer;
        const auto listener = std::make_shared<topology_listener>();
        auto kept = std::make_shared<std::optional<client>>();
        r->post([kept] {});
        // What it has in the queue is behind the function.
        kept->emplace(*r, peer.uri(), client_options{.topology_listener = listener});
        kept.reset();
        CHECK(listener.use_count() > 1);
        r.reset();
        CHECK(listener.use_count() == 1);
        CHECK(peer.connections() == 0);
    });
}

TEST_CASE("the last handle of a client may be dropped by a listener, whatever it hears of") {
    on_each_backend([](reactor& r) {
        // A client that opens connections and does nothing else, one whose server refuses, and the
        // killCursors of a cursor.
        enum class scenes { idle, refused, cursor };
        for (const auto what : {scenes::idle, scenes::refused, scenes::cursor}) {
            CAPTURE(static_cast<int>(what));
            bool came_so_far = true;
            int at = 0;
            for (; came_so_far && at < 40; ++at) {
                CAPTURE(at);
                op_msg_peer peer;
                peer.always("find", reply_script().reply(first_batch(numbered(1), 7)));
                const auto listens = std::make_shared<dropper>();
                listens->at = at;
                const auto where = what == scenes::refused ? listener::refused_uri()
                                                           : peer.uri() + "?minPoolSize=2";
                listens->only.emplace(r, where,
                                      client_options{.command_listener = listens,
                                                     .pool_listener = listens,
                                                     .topology_listener = listens});
                if (what == scenes::cursor) {
                    auto left = (*listens->only)["db"]["c"].find();
                    const auto first = sync_wait(r, as_result(left.next()));
                    CHECK((first || first.error() == errc::client_closed));
                }
                const auto limit = std::chrono::steady_clock::now() + 100ms;
                while (listens->only && std::chrono::steady_clock::now() < limit) {
                    if (r.poll() == 0) {
                        std::this_thread::sleep_for(200us);
                    }
                }
                came_so_far = !listens->only;
                listens->only.reset();
                CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
            }
            CHECK(at > 5);
        }
    });
}
