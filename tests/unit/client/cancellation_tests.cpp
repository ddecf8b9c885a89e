#include "client_support.hpp"

#include <mongoro/sleep_for.hpp>
#include <mongoro/when_all.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <list>

using namespace mongoro;
using namespace mongoro::test;

namespace {

reply_script after(std::chrono::milliseconds time) {
    return reply_script().wait(time).reply(first_batch(numbered(1)));
}

bool all_idle(const scene& s) {
    const auto counted = s.client.statistics();
    return counted.connections == counted.idle_connections;
}

using found = std::optional<document>;

}  // namespace

TEST_CASE("a find that is cancelled while it waits for a connection is never sent") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1});
        s.peer.expect("find", after(150ms),
                      [](const received_command& c) { return c.body["filter"]["first"].exists(); });
        running first(r, s.c.find_one({{"first", 1}}));
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));

        std::stop_source stop;
        running queued(r, with_stop(s.c.find_one({{"second", 1}}), stop.get_token()));
        r.poll();
        CHECK(!queued.done());
        stop.request_stop();
        CHECK(queued.wait().error() == errc::operation_cancelled);
        CHECK(!first.done());
        CHECK(first.wait());
        CHECK(s.peer.received("find").size() == 1);
        s.check_works(1);
    });
}

TEST_CASE("a find whose stop is requested before it starts is not sent") {
    on_each_backend([](reactor& r) {
        scene s(r);
        sync_wait(r, s.client.ping());
        std::stop_source stop;
        stop.request_stop();
        CHECK(error_of(r, with_stop(s.c.find_one(), stop.get_token())) ==
              errc::operation_cancelled);
        CHECK(error_of(r, with_deadline(s.c.find_one(), 0ms)) == errc::deadline_exceeded);
        CHECK(s.peer.received("find").empty());
        s.check_works(1);
    });
}

TEST_CASE("a find that is cancelled after it was sent ends at once; its connection is used again") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1, .drain_timeout = 60s});
        s.peer.expect("find", after(200ms));
        std::stop_source stop;
        running cancelled(r, with_stop(s.c.find_one(), stop.get_token()));
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        stop.request_stop();
        CHECK(cancelled.wait().error() == errc::operation_cancelled);
        // The reply is still to come: the connection is neither idle nor gone.
        CHECK(s.client.statistics().connections == 1);
        CHECK(s.client.statistics().idle_connections == 0);
        REQUIRE(poll_until(r, [&] { return all_idle(s); }));
        s.check_works(1);
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
    });
}

TEST_CASE("two hundred cancelled finds open no new connection, and lose no reply") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1, .drain_timeout = 60s});
        s.peer.always("find", after(1ms));
        std::size_t sent = 0;
        for (int i = 0; i < 200; ++i) {
            std::stop_source stop;
            running cancelled(r, with_stop(s.c.find_one(), stop.get_token()));
            REQUIRE(poll_until(
                r, [&] { return cancelled.done() || s.peer.wait_for("find", sent + 1, 0ms); }));
            sent += s.peer.wait_for("find", sent + 1, 0ms) ? 1 : 0;
            stop.request_stop();
            const auto& ended = cancelled.wait();
            // The reply may have been faster than the stop.
            const bool right = ended || ended.error() == errc::operation_cancelled;
            CHECK(right);
        }
        CHECK(sync_wait(r, s.c.find_one()));
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
        CHECK(s.client.statistics().connections_created == 1);
        CHECK(s.client.statistics().idle_connections == 1);
    });
}

TEST_CASE("two hundred finds at once, each cancelled, drain over the connections that are there") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 4, .drain_timeout = 60s});
        s.peer.always("find", after(2ms));
        std::stop_source stop;
        std::list<running<found>> all;
        for (int i = 0; i < 200; ++i) {
            all.emplace_back(r, with_stop(s.c.find_one(), stop.get_token()));
        }
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() >= 4; }));
        stop.request_stop();
        std::size_t cancelled = 0;
        for (auto& one : all) {
            auto& ended = one.wait();
            cancelled += ended ? 0U : 1U;
            CHECK((ended || ended.error() == errc::operation_cancelled));
        }
        CHECK(cancelled > 150);
        REQUIRE(poll_until(r, [&] { return all_idle(s); }));
        CHECK(s.client.statistics().connections_created <= 4);
        CHECK(sync_wait(r, s.c.find_one()));
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a reply that does not come within the drain bound costs its connection, and no other") {
    on_each_backend([](reactor& r) {
        scene s(r, {.drain_timeout = 50ms});
        s.peer.expect("find", reply_script().hang());
        std::stop_source stop;
        running cancelled(r, with_stop(s.c.find_one(), stop.get_token()));
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        stop.request_stop();
        CHECK(cancelled.wait().error() == errc::operation_cancelled);
        REQUIRE(poll_until(r, [&] { return s.client.statistics().connections == 0; }));
        r.poll();
        CHECK(r.in_flight() == 0);
        s.check_works(2);
    });
}

TEST_CASE("a drained reply that is malformed, or cut, costs its connection, and fails nobody") {
    on_each_backend([](reactor& r) {
        for (const auto& bad : {reply_script().wait(30ms).raw(message_bytes(40, 0xff)),
                                reply_script().wait(30ms).cut(first_batch({}), 30).close()}) {
            scene s(r);
            s.peer.expect("find", bad);
            std::stop_source stop;
            running cancelled(r, with_stop(s.c.find_one(), stop.get_token()));
            REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
            stop.request_stop();
            CHECK(cancelled.wait().error() == errc::operation_cancelled);
            REQUIRE(poll_until(r, [&] { return s.client.statistics().connections == 0; }));
            s.check_works(2);
        }
    });
}

TEST_CASE("a deadline ends a find at any stage with deadline_exceeded") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1, .drain_timeout = 60s});
        const auto hello = op_msg_peer::hello_document();
        // in the monitor's hello: while a server is selected
        s.peer.expect("hello", reply_script().wait(100ms).reply(hello));
        const auto unselected = error_of(r, with_deadline(s.client.ping(), 50ms));
        CHECK(unselected == errc::deadline_exceeded);
        REQUIRE(unselected.cause() != nullptr);
        CHECK(*unselected.cause() == errc::server_selection_timeout);
        CHECK(s.client.statistics().connections == 0);
        // in the hello of a connection, which goes on for the next one
        s.peer.expect("hello", reply_script().wait(800ms).reply(hello));
        running in_hello(r, with_deadline(s.client.ping(), 500ms));
        REQUIRE(poll_until(r, [&] { return s.client.statistics().connections == 1; }));
        CHECK(in_hello.wait().error() == errc::deadline_exceeded);
        CHECK(s.client.statistics().connections == 1);
        REQUIRE(poll_until(r, [&] { return s.client.statistics().idle_connections == 1; }));
        // in the reply, and in the queue
        s.peer.expect("find", after(400ms));
        running sent(r, with_deadline(s.c.find_one(), 200ms));
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        running queued(r, with_deadline(s.c.find_one(), 10ms));
        CHECK(queued.wait().error() == errc::deadline_exceeded);
        CHECK(sent.wait().error() == errc::deadline_exceeded);
        CHECK(s.peer.received("find").size() == 1);
        s.check_works(1);
    });
}

TEST_CASE("an inner deadline only shortens: the earlier of two wins") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", reply_script().hang());
        CHECK(error_of(r, with_deadline(with_deadline(s.c.find_one(), 60s), 40ms)) ==
              errc::deadline_exceeded);
        CHECK(error_of(r, with_deadline(with_deadline(s.c.find_one(), 40ms), 60s)) ==
              errc::deadline_exceeded);
        CHECK(!error_of(r, with_deadline(s.client.ping(), 60s)));
    });
}

TEST_CASE("a stop from another thread ends a find on the reactor's") {
    on_each_backend([](reactor& r) {
        scene s(r, {.drain_timeout = 60s});
        s.peer.expect("find", after(200ms));
        std::stop_source stop;
        std::thread other([&] {
            static_cast<void>(s.peer.wait_for("find", 1));
            stop.request_stop();
        });
        CHECK(error_of(r, with_stop(s.c.find_one(), stop.get_token())) ==
              errc::operation_cancelled);
        other.join();
        REQUIRE(poll_until(r, [&] { return all_idle(s); }));
        s.check_works(1);
    });
}

TEST_CASE("a cancelled write may have been applied: its reply is read, and the next one is right") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1, .drain_timeout = 60s});
        s.peer.expect("insert", reply_script().wait(100ms).reply(doc({"n", 1}, {"ok", 1.0})));
        s.answer("update", doc({"n", 3}, {"nModified", 2}, {"ok", 1.0}));
        const auto large = document_of_size(2'000'000);
        {
            running insert(r, with_deadline(s.c.insert_one(large), 50ms));
            CHECK(insert.wait().error() == errc::deadline_exceeded);
        }
        const auto updated = sync_wait(r, s.c.update_many({}, {{"$set", {{"x", 1}}}}));
        CHECK(updated.matched_count == 3);
        CHECK(updated.modified_count == 2);
        CHECK(s.client.statistics().connections_created == 1);
        CHECK(s.peer.received("insert").size() == 1);
    });
}

TEST_CASE("a task that is destroyed in the middle leaves nothing in flight, at every stage") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1, .drain_timeout = 60s});
        { running unstarted(r, s.c.find_one()); }
        const auto slow = reply_script().wait(100ms).reply(op_msg_peer::hello_document());
        s.peer.expect("hello", slow);
        {
            running in_selection(r, s.c.find_one());
            REQUIRE(poll_until(r, [&] { return s.peer.received().size() == 1; }));
        }
        s.peer.expect("hello", slow);
        {
            running in_hello(r, s.c.find_one());
            REQUIRE(poll_until(r, [&] { return s.peer.received().size() == 2; }));
        }
        // The connection goes on being opened, for the next one.
        REQUIRE(poll_until(r, [&] { return s.client.statistics().idle_connections == 1; }));
        CHECK(r.in_flight() == 0);

        s.peer.expect("find", after(100ms));
        {
            running queued_behind(r, s.c.find_one());
            REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
            running queued(r, s.c.find_one());
            r.poll();
        }
        REQUIRE(poll_until(r, [&] { return all_idle(s); }));
        CHECK(s.peer.received("find").size() == 1);
        s.check_works(1);
    });
}

TEST_CASE(
    "a task that is destroyed with a large request half sent gives its bytes to nobody else") {
    on_each_backend([](reactor& r) {
        // The peer reads nothing of the insert until later.
        const auto slow = byte_script()
                              .read_message()
                              .write(hello_reply())
                              .wait(150ms)
                              .read_message()
                              .write(op_msg(doc({"n", 1}, {"ok", 1.0})))
                              .read_message()
                              .write(op_msg(op_msg_peer::ok_document(), 3))
                              .read_to_end();
        const byte_peer peer(std::vector{monitored(), slow});
        const client c(r, peer.uri(), {.max_pool_size = 1, .drain_timeout = 60s});
        {
            running insert(r, c["db"]["c"].insert_one(document_of_size(15'000'000)));
            REQUIRE(poll_until(r, [&] { return c.statistics().connections_created == 1; }));
            r.poll();
        }
        sync_wait(r, c.ping());
        CHECK(c.statistics().connections_created == 1);
        CHECK(peer.received(1).size() > 15'000'000);
    });
}

TEST_CASE("of several operations side by side the one that is cancelled alone ends") {
    on_each_backend([](reactor& r) {
        scene s(r, {.drain_timeout = 60s});
        s.peer.always("find", after(100ms));
        std::stop_source stop;
        running a(r, s.c.find_one());
        running b(r, with_stop(s.c.find_one(), stop.get_token()));
        running d(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 3; }));
        stop.request_stop();
        CHECK(b.wait().error() == errc::operation_cancelled);
        CHECK(a.wait());
        CHECK(d.wait());
        REQUIRE(poll_until(r, [&] { return all_idle(s); }));
        CHECK(s.client.statistics().connections == 3);
    });
}
