#include "deployment_support.hpp"
#include "fault_proxy.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/bson/object_id.hpp>
#include <mongoro/with_deadline.hpp>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

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

/// The next batch of cursor 42, which takes its time.
reply_script late_batch(std::chrono::milliseconds time) {
    return reply_script().wait(time).reply(batch_of("nextBatch", 1, 42));
}

/// An answer to killCursors that takes its time.
reply_script late_kill() {
    return reply_script().wait(50ms).reply(op_msg_peer::ok_document());
}

/// A load balancer, and a client that is told that it is one. Nothing is monitored and the client
/// connects when it has to, so what to expect may be said afterwards.
struct balanced_scene {
    explicit balanced_scene(reactor& on, const client_options& options = {})
        : r(on), client(on, peer.uri() + "?loadBalanced=true", options) {
        be_load_balancer(peer);
    }

    /// Expects a find, which opens cursor 42, and then this command.
    void expect_cursor_and(std::string name, reply_script script) {
        peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 42)));
        peer.expect(std::move(name), std::move(script));
    }
    /// A cursor that has read its first batch.
    [[nodiscard]] cursor<> opened() {
        auto one = c.find();
        CHECK(sync_wait(r, one.next()));
        return one;
    }
    /// One whose getMore then was given up.
    [[nodiscard]] cursor<> given_up() {
        auto one = opened();
        CHECK(error_of(r, with_deadline(one.next(), 5ms)) == errc::deadline_exceeded);
        return one;
    }
    /// Which connection the command came on: the first of that name, or a later one.
    [[nodiscard]] std::size_t connection_of(std::string_view name, std::size_t index = 0) const {
        return peer.received(name).at(index).connection;
    }
    [[nodiscard]] std::size_t kills() const { return peer.received("killCursors").size(); }
    [[nodiscard]] std::size_t connections() const { return client.statistics().connections; }
    [[nodiscard]] std::size_t idle() const { return client.statistics().idle_connections; }
    [[nodiscard]] bool until_idle(std::size_t count) {
        return poll_until(r, [&] { return idle() == count; });
    }

    reactor& r;
    op_msg_peer peer;
    mongoro::client client;
    collection<> c = client["db"]["c"];
};

}  // namespace

TEST_CASE("a cursor behind a load balancer keeps its connection until it has ended") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.expect_cursor_and("getMore", reply_script().reply(batch_of("nextBatch", 1, 42)));
        s.peer.expect("getMore", reply_script().reply(batch_of("nextBatch", 2, 0)));
        auto cursor = s.opened();
        CHECK(s.idle() == 0);
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.connections() == 2);
        CHECK(sync_wait(r, cursor.next()));
        CHECK(sync_wait(r, cursor.next()));
        CHECK(s.idle() == 2);
        CHECK(!sync_wait(r, cursor.next()));
        REQUIRE(s.peer.received("find").size() == 1);
        REQUIRE(s.peer.received("getMore").size() == 2);
        CHECK(s.connection_of("getMore", 0) == s.connection_of("find"));
        CHECK(s.connection_of("getMore", 1) == s.connection_of("find"));
        CHECK(s.connection_of("ping") != s.connection_of("find"));
        CHECK(s.peer.problems() == "");

        // One that is dropped is killed on its own connection, which then is free again.
        s.peer.expect("find", reply_script().reply(batch_of("firstBatch", 0, 43)));
        { const auto dropped = s.opened(); }
        REQUIRE(s.until_idle(2));
        REQUIRE(s.kills() == 1);
        CHECK(s.connection_of("killCursors") == s.connection_of("find", 1));
    });
}

TEST_CASE("a cursor behind a load balancer that meets an overload goes on on its connection") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        const document busy{{"ok", 0.0},
                            {"code", 462},
                            {"errmsg", "too many requests"},
                            {"errorLabels", arr("SystemOverloadedError", "RetryableError")}};
        s.expect_cursor_and("getMore", reply_script().reply(busy));
        s.peer.expect("getMore", reply_script().reply(batch_of("nextBatch", 1, 0)));
        auto cursor = s.opened();
        CHECK(!error_of(r, s.client.ping()));  // another connection, which is free
        const auto next = sync_wait(r, cursor.next());
        REQUIRE(next);
        CHECK((*next)["_id"].get<int>() == 1);
        REQUIRE(s.peer.received("getMore").size() == 2);
        CHECK(s.connection_of("getMore", 0) == s.connection_of("find"));
        CHECK(s.connection_of("getMore", 1) == s.connection_of("find"));
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a cursor that has lost its connection behind a load balancer takes no other one") {
    on_each_backend([](reactor& r) {
        for (const bool closed : {true, false}) {
            CAPTURE(closed);
            balanced_scene s(r);
            s.expect_cursor_and("getMore", reply_script().close());
            {
                auto cursor = s.opened();
                CHECK(error_of(r, cursor.next()) == errc::connection_closed);
                // It is still the cursor's, and no use to anybody.
                CHECK(s.connections() == 1);
                CHECK(s.idle() == 0);
                CHECK(error_of(r, cursor.next()) == errc::connection_closed);
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                    CHECK(s.connections() == 0);
                    CHECK(error_of(r, cursor.next()) == errc::client_closed);
                }
            }
            CHECK(s.connections() == 0);
            CHECK(!error_of(r, s.client.ping()));
            CHECK(!error_of(r, s.client.close()));
            CHECK(s.peer.received("getMore").size() == 1);
            CHECK(s.kills() == 0);
            CHECK(s.peer.problems() == "");
        }
    });
}

TEST_CASE("a cursor that a server refuses to go on with is killed on its own connection") {
    on_each_backend([](reactor& r) {
        for (const bool closed : {true, false}) {
            CAPTURE(closed);
            balanced_scene s(r);
            const auto refusal = op_msg_peer::error_document(7, "HostNotFound", "no");
            s.expect_cursor_and("getMore", reply_script().reply(refusal));
            {
                auto cursor = s.opened();
                CHECK(error_of(r, cursor.next()).server_code() == 7);
                CHECK(s.idle() == 0);
                CHECK(s.kills() == 0);
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                }
            }
            REQUIRE(s.until_idle(1));
            REQUIRE(s.kills() == 1);
            CHECK(s.connection_of("killCursors") == s.connection_of("find"));
            CHECK(s.peer.connections() == 1);
            CHECK(s.peer.problems() == "");
        }
    });
}

TEST_CASE("a cursor whose getMore was given up behind a load balancer is killed after the reply") {
    on_each_backend([](reactor& r) {
        for (const bool closed : {true, false}) {
            CAPTURE(closed);
            balanced_scene s(r);
            s.expect_cursor_and("getMore", late_batch(50ms));
            {
                auto cursor = s.given_up();
                CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
                CHECK(s.idle() == 0);
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                    CHECK(s.idle() == 1);
                }
            }
            REQUIRE(s.until_idle(1));
            REQUIRE(s.kills() == 1);
            CHECK(s.connection_of("killCursors") == s.connection_of("getMore"));
            CHECK(s.peer.connections() == 1);
            CHECK(s.peer.problems() == "");
        }
    });
}

TEST_CASE("a cursor behind a load balancer keeps its connection when a late reply has been read") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.expect_cursor_and("getMore", late_batch(30ms));
        auto cursor = s.given_up();
        const auto read = deadline::after(150ms);
        REQUIRE(poll_until(r, [&] { return read.expired(); }));
        CHECK(s.idle() == 0);
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.connection_of("ping") != s.connection_of("find"));
        CHECK(s.idle() == 1);
        CHECK(!error_of(r, cursor.close()));
        CHECK(s.connection_of("killCursors") == s.connection_of("find"));
        CHECK(s.idle() == 2);
        CHECK(s.connections() == 2);
        CHECK(!error_of(r, s.client.close()));
        CHECK(s.peer.problems() == "");
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
            const auto cleared = std::make_shared<clearings>();
            const auto killed = std::make_shared<kills>();
            balanced_scene s(
                r, {.drain_timeout = 50ms, .command_listener = killed, .pool_listener = cleared});
            s.expect_cursor_and("getMore", reply_script().hang());
            {
                auto cursor = s.opened();
                CHECK(!error_of(r, s.client.ping()));
                CHECK(s.idle() == 1);
                CHECK(error_of(r, with_deadline(cursor.next(), 5ms)) == errc::deadline_exceeded);
                if (closed) {
                    CHECK(!error_of(r, cursor.close()));
                }
            }
            REQUIRE(poll_until(r, [&] { return s.connections() == 1; }));
            r.run();
            CHECK(killed->count == 0);
            CHECK(cleared->count == 0);
            CHECK(s.idle() == 1);
            CHECK(!error_of(r, s.client.close()));
        }
    });
}

TEST_CASE(
    "a find that is given up behind a load balancer takes its cursor and its connection away") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.peer.expect("find", reply_script().wait(50ms).reply(batch_of("firstBatch", 0, 42)));
        CHECK(!error_of(r, s.client.ping()));
        CHECK(error_of(r, with_deadline(s.c.find().next(), 5ms)) == errc::deadline_exceeded);
        CHECK(s.connections() == 1);
        REQUIRE(poll_until(r, [&] { return s.connections() == 0; }));
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.kills() == 0);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a close behind a load balancer waits for an outstanding reply no longer than it may") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.expect_cursor_and("getMore", late_batch(500ms));
        auto cursor = s.given_up();
        CHECK(error_of(r, cursor.close(5ms)) == errc::deadline_exceeded);
        // It has let go of its connection, which is good again once the reply has been read.
        REQUIRE(s.until_idle(1));
        CHECK(s.kills() == 0);
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.peer.connections() == 1);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a cursor behind a load balancer is closed though its connection breaks meanwhile") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.expect_cursor_and("killCursors", reply_script().close());
        auto cursor = s.opened();
        CHECK(!error_of(r, cursor.close()));
        CHECK(s.connections() == 0);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a cursor that is being closed behind a load balancer refuses a second close") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.expect_cursor_and("killCursors", late_kill());
        auto cursor = s.opened();
        {
            const running closing(r, cursor.close());
            REQUIRE(poll_until(r, [&] { return s.kills() == 1; }));
            CHECK(error_of(r, cursor.close()) == errc::invalid_argument);
            CHECK(s.connections() == 1);
            REQUIRE(s.until_idle(1));
        }
        CHECK(!error_of(r, cursor.close()));
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE(
    "a close that is given up behind a load balancer leaves the connection to be used again") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.expect_cursor_and("killCursors", late_kill());
        {
            auto cursor = s.opened();
            {
                const running closing(r, cursor.close());
                REQUIRE(poll_until(r, [&] { return s.kills() == 1; }));
            }
            REQUIRE(s.until_idle(1));
        }
        CHECK(s.idle() == 1);
        CHECK(s.connections() == 1);
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.peer.connections() == 1);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("close does not wait for a cursor that rests on its connection behind a load balancer") {
    on_each_backend([](reactor& r) {
        balanced_scene s(r);
        s.expect_cursor_and("getMore", late_batch(50ms));
        auto cursor = s.opened();
        {
            // For its next batch it does.
            running more(r, cursor.next());
            r.poll();
            const auto e = error_of(r, s.client.close());
            CHECK_MESSAGE(!e, e.to_string());
            CHECK(more.done());
            CHECK(more.wait());
        }
        CHECK(error_of(r, cursor.next()) == errc::client_closed);
        CHECK(s.kills() == 0);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("close does not wait for a cursor whose connection is lost, or reads what nobody wants") {
    on_each_backend([](reactor& r) {
        for (const bool lost : {true, false}) {
            CAPTURE(lost);
            balanced_scene s(r);
            s.expect_cursor_and("getMore", lost ? reply_script().close() : late_batch(50ms));
            auto cursor = lost ? s.opened() : s.given_up();
            if (lost) {
                CHECK(error_of(r, cursor.next()) == errc::connection_closed);
            }
            running closing(r, s.client.close());
            closing.wait();
            CHECK(!closing.failure());
        }
    });
}
