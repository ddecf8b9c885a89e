#include "deployment_support.hpp"
#include "fault_proxy.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/bson/object_id.hpp>
#include <mongoro/with_deadline.hpp>

#include <atomic>
#include <thread>

using namespace mongoro;
using namespace mongoro::test;

TEST_CASE("behind a load balancer nothing is monitored, and each connection says so") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::load_balancer});
        find_often(r, s.c, 5);
        CHECK(s.seen->now->type == topology_type::load_balanced);
        CHECK(s.set.connections(0) == 1);
        CHECK(s.set.count(0, "hello") == 1);
        CHECK(s.seen->asked.empty());
        CHECK(s.seen->awaited.empty());
    });
}

namespace {

document batch_of(const char* name, int number, std::int64_t id) {
    return {{"cursor", doc({"id", id}, {"ns", "db.c"}, {name, arr(doc({"_id", number}))})},
            {"ok", 1.0}};
}

void be_load_balancer(op_msg_peer& peer) {
    auto hello = op_msg_peer::hello_document();
    hello.append("serviceId", bson::object_id::generate()).append("msg", "isdbgrid");
    peer.always("hello", reply_script().reply(hello));
}

/// One cursor, whose getMore takes its time.
void be_late_behind_load_balancer(op_msg_peer& peer, std::chrono::milliseconds time) {
    be_load_balancer(peer);
    peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
    peer.expect("getMore", reply_script().wait(time).reply(batch_of("nextBatch", 1, 42)));
}

void give_up_get_more(reactor& r, cursor<>& of) {
    CHECK(sync_wait(r, of.next()));
    CHECK(error_of(r, with_deadline(of.next(), 5ms)) == errc::deadline_exceeded);
}

/// One cursor, which takes its time to be killed.
void close_slowly_behind_load_balancer(op_msg_peer& peer) {
    be_load_balancer(peer);
    peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
    peer.expect("killCursors", reply_script().wait(50ms).reply(op_msg_peer::ok_document()));
}

}  // namespace

TEST_CASE("a cursor behind a load balancer keeps its connection until it has ended") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        be_load_balancer(peer);
        peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
        peer.expect("getMore", reply_script().reply(batch_of("nextBatch", 1, 42)));
        peer.expect("getMore", reply_script().reply(batch_of("nextBatch", 2, 0)));
        const client c(r, peer.uri() + "?loadBalanced=true");
        auto cursor = c["db"]["c"].find();
        CHECK(sync_wait(r, cursor.next()));
        CHECK(c.statistics().idle_connections == 0);
        CHECK(!error_of(r, c.ping()));
        CHECK(c.statistics().connections == 2);
        CHECK(sync_wait(r, cursor.next()));
        CHECK(sync_wait(r, cursor.next()));
        CHECK(c.statistics().idle_connections == 2);
        CHECK(!sync_wait(r, cursor.next()));
        const auto find = peer.received("find");
        const auto more = peer.received("getMore");
        REQUIRE(find.size() == 1);
        REQUIRE(more.size() == 2);
        CHECK(more[0].connection == find[0].connection);
        CHECK(more[1].connection == find[0].connection);
        CHECK(peer.received("ping")[0].connection != find[0].connection);
        CHECK(peer.problems() == "");

        // One that is dropped is killed on its own connection, which then is free again.
        peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 43)));
        {
            auto dropped = c["db"]["c"].find();
            CHECK(sync_wait(r, dropped.next()));
        }
        REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 2; }));
        REQUIRE(peer.received("killCursors").size() == 1);
        CHECK(peer.received("killCursors")[0].connection == peer.received("find")[1].connection);
    });
}

TEST_CASE("a cursor that has lost its connection behind a load balancer takes no other one") {
    on_each_backend([](reactor& r) {
        for (const bool closed : {true, false}) {
            CAPTURE(closed);
            op_msg_peer peer;
            be_load_balancer(peer);
            peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
            peer.expect("getMore", reply_script().close());
            const client c(r, peer.uri() + "?loadBalanced=true");
            {
                auto cursor = c["db"]["c"].find();
                CHECK(sync_wait(r, cursor.next()));
                CHECK(error_of(r, cursor.next()) == errc::connection_closed);
                // It is still the cursor's, and no use to anybody.
                CHECK(c.statistics().connections == 1);
                CHECK(c.statistics().idle_connections == 0);
                CHECK(error_of(r, cursor.next()) == errc::connection_closed);
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                    CHECK(c.statistics().connections == 0);
                    CHECK(error_of(r, cursor.next()) == errc::client_closed);
                }
            }
            CHECK(c.statistics().connections == 0);
            CHECK(!error_of(r, c.ping()));
            CHECK(!error_of(r, c.close()));
            CHECK(peer.received("getMore").size() == 1);
            CHECK(peer.received("killCursors").empty());
            CHECK(peer.problems() == "");
        }
    });
}

TEST_CASE("a cursor that a server refuses to go on with is killed on its own connection") {
    on_each_backend([](reactor& r) {
        for (const bool closed : {true, false}) {
            CAPTURE(closed);
            op_msg_peer peer;
            be_load_balancer(peer);
            peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
            peer.expect("getMore",
                        reply_script().reply(op_msg_peer::error_document(7, "HostNotFound", "no")));
            const client c(r, peer.uri() + "?loadBalanced=true");
            {
                auto cursor = c["db"]["c"].find();
                CHECK(sync_wait(r, cursor.next()));
                CHECK(error_of(r, cursor.next()).server_code() == 7);
                CHECK(c.statistics().idle_connections == 0);
                CHECK(peer.received("killCursors").empty());
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                }
            }
            REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 1; }));
            REQUIRE(peer.received("killCursors").size() == 1);
            CHECK(peer.received("killCursors")[0].connection ==
                  peer.received("find")[0].connection);
            CHECK(peer.connections() == 1);
            CHECK(peer.problems() == "");
        }
    });
}

TEST_CASE("a cursor whose getMore was given up behind a load balancer is killed after the reply") {
    on_each_backend([](reactor& r) {
        for (const bool closed : {true, false}) {
            CAPTURE(closed);
            op_msg_peer peer;
            be_late_behind_load_balancer(peer, 50ms);
            const client c(r, peer.uri() + "?loadBalanced=true");
            {
                auto cursor = c["db"]["c"].find();
                give_up_get_more(r, cursor);
                CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
                CHECK(c.statistics().idle_connections == 0);
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                    CHECK(c.statistics().idle_connections == 1);
                }
            }
            REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 1; }));
            REQUIRE(peer.received("killCursors").size() == 1);
            CHECK(peer.received("killCursors")[0].connection ==
                  peer.received("getMore")[0].connection);
            CHECK(peer.connections() == 1);
            CHECK(peer.problems() == "");
        }
    });
}

TEST_CASE("a cursor behind a load balancer keeps its connection when a late reply has been read") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        be_late_behind_load_balancer(peer, 30ms);
        const client c(r, peer.uri() + "?loadBalanced=true");
        auto cursor = c["db"]["c"].find();
        give_up_get_more(r, cursor);
        const auto read = deadline::after(150ms);
        REQUIRE(poll_until(r, [&] { return read.expired(); }));
        CHECK(c.statistics().idle_connections == 0);
        CHECK(!error_of(r, c.ping()));
        CHECK(peer.received("ping")[0].connection != peer.received("find")[0].connection);
        CHECK(c.statistics().idle_connections == 1);
        CHECK(!error_of(r, cursor.close()));
        CHECK(peer.received("killCursors").at(0).connection == peer.received("find")[0].connection);
        CHECK(c.statistics().idle_connections == 2);
        CHECK(c.statistics().connections == 2);
        CHECK(!error_of(r, c.close()));
        CHECK(peer.problems() == "");
    });
}

namespace {

class clearings final : public pool_listener {
 public:
    void on(const pool_cleared_event&) noexcept override { ++count; }
    int count = 0;
};

}  // namespace

TEST_CASE("a service that a server names without being asked changes nothing of how errors count") {
    class services final : public command_listener {
     public:
        void on(const command_started_event& e) noexcept override { named = named || e.service_id; }
        bool named = false;
    };
    on_each_backend([](reactor& r) {
        std::atomic<int> answered = 0;
        op_msg_peer peer;
        be_load_balancer(peer);
        // Two at once: each is answered when it is its turn.
        peer.always("find", reply_script().answer([&](const received_command& c) {
            const auto turn = c.body["filter"]["turn"].get<int>();
            const auto limit = deadline::after(20s);
            while (answered < turn && !limit.expired()) {
                std::this_thread::sleep_for(1ms);
            }
            return batch_of("firstBatch", 0, 0);
        }));
        fault_proxy proxy(peer.port());
        const auto cleared = std::make_shared<clearings>();
        const auto heard = std::make_shared<services>();
        const client c(r, proxy.uri(), {.command_listener = heard, .pool_listener = cleared});
        const auto find = [&](int turn) { return c["db"]["c"].find_one({{"turn", turn}}); };
        running first(r, find(1));
        running second(r, find(2));
        REQUIRE(poll_until(r, [&] { return peer.received("find").size() == 2; }));
        for (auto* const one : {&first, &second}) {
            // What comes next, which is the answer to that find, ends its connection instead.
            proxy.set(direction::to_client, {.at = fault_point{.after_bytes = 0}});
            ++answered;
            CHECK(one->wait().error() == errc::connection_closed);
            proxy.clear();
            CHECK(cleared->count == 1);
            CHECK(!error_of(r, c.ping()));
        }
        CHECK(!heard->named);
        CHECK(c.statistics().connections == 1);
    });
}

TEST_CASE("a cursor whose late reply never came behind a load balancer harms no other connection") {
    class kills final : public command_listener {
     public:
        void on(const command_started_event& e) noexcept override {
            count += e.command_name == "killCursors" ? 1 : 0;
        }
        int count = 0;
    };
    on_each_backend([](reactor& r) {
        for (const bool closed : {true, false}) {
            CAPTURE(closed);
            op_msg_peer peer;
            be_load_balancer(peer);
            peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
            peer.expect("getMore", reply_script().hang());
            const auto cleared = std::make_shared<clearings>();
            const auto killed = std::make_shared<kills>();
            const client c(
                r, peer.uri() + "?loadBalanced=true",
                {.drain_timeout = 50ms, .command_listener = killed, .pool_listener = cleared});
            {
                auto cursor = c["db"]["c"].find();
                CHECK(sync_wait(r, cursor.next()));
                CHECK(!error_of(r, c.ping()));
                CHECK(c.statistics().idle_connections == 1);
                CHECK(error_of(r, with_deadline(cursor.next(), 5ms)) == errc::deadline_exceeded);
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                }
            }
            REQUIRE(poll_until(r, [&] { return c.statistics().connections == 1; }));
            r.run();
            CHECK(killed->count == 0);
            CHECK(cleared->count == 0);
            CHECK(c.statistics().idle_connections == 1);
            CHECK(!error_of(r, c.close()));
        }
    });
}

TEST_CASE(
    "a find that is given up behind a load balancer takes its cursor and its connection away") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        be_load_balancer(peer);
        peer.expect("find", reply_script().wait(50ms).reply(batch_of("firstBatch", 0, 42)));
        const client c(r, peer.uri() + "?loadBalanced=true");
        CHECK(!error_of(r, c.ping()));
        CHECK(error_of(r, with_deadline(c["db"]["c"].find().next(), 5ms)) ==
              errc::deadline_exceeded);
        CHECK(c.statistics().connections == 1);
        REQUIRE(poll_until(r, [&] { return c.statistics().connections == 0; }));
        CHECK(!error_of(r, c.ping()));
        CHECK(peer.received("killCursors").empty());
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a close behind a load balancer waits for an outstanding reply no longer than it may") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        be_late_behind_load_balancer(peer, 500ms);
        const client c(r, peer.uri() + "?loadBalanced=true");
        auto cursor = c["db"]["c"].find();
        give_up_get_more(r, cursor);
        CHECK(error_of(r, cursor.close(5ms)) == errc::deadline_exceeded);
        // It has let go of its connection, which is good again once the reply has been read.
        REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 1; }));
        CHECK(peer.received("killCursors").empty());
        CHECK(!error_of(r, c.ping()));
        CHECK(peer.connections() == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a cursor behind a load balancer is closed though its connection breaks meanwhile") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        be_load_balancer(peer);
        peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
        peer.expect("killCursors", reply_script().close());
        const client c(r, peer.uri() + "?loadBalanced=true");
        auto cursor = c["db"]["c"].find();
        CHECK(sync_wait(r, cursor.next()));
        CHECK(!error_of(r, cursor.close()));
        CHECK(c.statistics().connections == 0);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a cursor that is being closed behind a load balancer refuses a second close") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        close_slowly_behind_load_balancer(peer);
        const client c(r, peer.uri() + "?loadBalanced=true");
        auto cursor = c["db"]["c"].find();
        CHECK(sync_wait(r, cursor.next()));
        {
            const running closing(r, cursor.close());
            REQUIRE(poll_until(r, [&] { return peer.received("killCursors").size() == 1; }));
            CHECK(error_of(r, cursor.close()) == errc::invalid_argument);
            CHECK(c.statistics().connections == 1);
            REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 1; }));
        }
        CHECK(!error_of(r, cursor.close()));
        CHECK(peer.problems() == "");
    });
}

TEST_CASE(
    "a close that is given up behind a load balancer leaves the connection to be used again") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        close_slowly_behind_load_balancer(peer);
        const client c(r, peer.uri() + "?loadBalanced=true");
        {
            auto cursor = c["db"]["c"].find();
            CHECK(sync_wait(r, cursor.next()));
            {
                const running closing(r, cursor.close());
                REQUIRE(poll_until(r, [&] { return peer.received("killCursors").size() == 1; }));
            }
            REQUIRE(poll_until(r, [&] { return c.statistics().idle_connections == 1; }));
        }
        CHECK(c.statistics().idle_connections == 1);
        CHECK(c.statistics().connections == 1);
        CHECK(!error_of(r, c.ping()));
        CHECK(peer.connections() == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("close does not wait for a cursor that rests on its connection behind a load balancer") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        be_load_balancer(peer);
        peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
        peer.expect("getMore", reply_script().wait(50ms).reply(batch_of("nextBatch", 1, 42)));
        const client c(r, peer.uri() + "?loadBalanced=true");
        auto cursor = c["db"]["c"].find();
        CHECK(sync_wait(r, cursor.next()));
        {
            // For its next batch it does.
            running more(r, cursor.next());
            r.poll();
            const auto e = error_of(r, c.close());
            CHECK_MESSAGE(!e, e.to_string());
            CHECK(more.done());
            CHECK(more.wait());
        }
        CHECK(error_of(r, cursor.next()) == errc::client_closed);
        CHECK(peer.received("killCursors").empty());
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("close does not wait for a cursor whose connection is lost, or reads what nobody wants") {
    on_each_backend([](reactor& r) {
        for (const bool lost : {true, false}) {
            CAPTURE(lost);
            op_msg_peer peer;
            be_load_balancer(peer);
            peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
            peer.expect("getMore",
                        lost ? reply_script().close()
                             : reply_script().wait(50ms).reply(batch_of("nextBatch", 1, 42)));
            const client c(r, peer.uri() + "?loadBalanced=true");
            auto cursor = c["db"]["c"].find();
            if (lost) {
                CHECK(sync_wait(r, cursor.next()));
                CHECK(error_of(r, cursor.next()) == errc::connection_closed);
            } else {
                give_up_get_more(r, cursor);
            }
            running closing(r, c.close());
            closing.wait();
            CHECK(!closing.failure());
        }
    });
}
