#include "deployment_support.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/bson/object_id.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <list>

using namespace mongoro;
using namespace mongoro::test;

namespace {

failure_rule overloaded(std::vector<std::string> commands, std::size_t times = SIZE_MAX) {
    failure_rule rule;
    rule.commands = std::move(commands);
    rule.times = times;
    rule.error_code = 462;
    rule.code_name = "IngressRequestRateLimitExceeded";
    rule.labels = {"SystemOverloadedError", "RetryableError"};
    return rule;
}

void find_often(reactor& r, const collection<>& c, int times) {
    for (int i = 0; i < times; ++i) {
        const auto e = error_of(r, c.find_one());
        CHECK_MESSAGE(!e, e.to_string());
    }
}

}  // namespace

TEST_CASE("reads go to secondaries if told so, and to the primary if not") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "localThresholdMS=60000");
        REQUIRE(s.until_all_known());
        find_often(r, s.c, 5);
        CHECK(s.set.count(0, "find") == 5);
        CHECK(s.set.count("find") == 5);
        find_often(r, s.c.with_read_preference({.mode = read_mode::secondary}), 40);
        CHECK(s.set.count(0, "find") == 5);
        CHECK(s.set.count(1, "find") > 0);
        CHECK(s.set.count(2, "find") > 0);
        CHECK(s.set.count("find") == 45);
        const auto sent = s.set.received(1, "find");
        CHECK(sent[0].body["$readPreference"]["mode"].get<std::string>() == "secondary");
        CHECK(!s.set.received(0, "find")[0].body["$readPreference"].exists());
        find_often(r, s.c.with_read_preference({.mode = read_mode::nearest}), 60);
        CHECK(s.set.count(0, "find") > 5);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        CHECK(s.set.count(0, "insert") == 1);
    });
}

TEST_CASE("the connection string's read preference is for all that have none of their own") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "readPreference=secondary");
        find_often(r, s.c, 5);
        CHECK(s.set.count(0, "find") == 0);
        find_often(r, s.c.with_read_preference({.mode = read_mode::primary}), 5);
        CHECK(s.set.count(0, "find") == 5);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        CHECK(s.set.count(0, "insert") == 1);
    });
}

TEST_CASE("the primary with a staleness, tags or a hedge is refused whenever it is asked") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        const bson::array tags = arr(doc({"dc", "ny"}));
        for (const bool known : {false, true}) {
            CAPTURE(known);
            if (known) {
                REQUIRE(s.until_all_known());
                CHECK(!error_of(r, s.client.ping()));
            }
            const auto refused = [&](const read_preference& p) {
                return error_of(r, s.c.with_read_preference(p).find_one()) ==
                       errc::invalid_argument;
            };
            CHECK(refused({.max_staleness = 100s}));
            CHECK(refused({.tag_sets = tags}));
            CHECK(refused({.hedge = true}));
        }
        CHECK(s.set.count("find") == 0);
        find_often(r, s.c.with_read_preference({.max_staleness = -1s}), 1);
        CHECK(s.set.count(0, "find") == 1);
    });
}

TEST_CASE("a pipeline that writes is run where a secondary can, by servers from 5.0 on alone") {
    on_each_backend([](reactor& r) {
        const auto pipeline = arr(doc({"$out", "d"}));
        const auto out = [&](set_scene& s) {
            const auto c = s.c.with_read_preference({.mode = read_mode::secondary});
            auto cursor = c.aggregate(pipeline);
            const auto e = error_of(r, cursor.next());
            CHECK_MESSAGE(!e, e.to_string());
        };
        {
            set_scene s(r, {role::primary, role::secondary});
            REQUIRE(s.until_all_known());
            out(s);
            REQUIRE(s.set.count(1, "aggregate") == 1);
            CHECK(s.set.count(0, "aggregate") == 0);
            CHECK(s.set.received(1, "aggregate")[0]
                      .body["$readPreference"]["mode"]
                      .get<std::string>() == "secondary");
            // Without a preference it stays a write.
            auto plain = s.c.aggregate(pipeline);
            CHECK(!error_of(r, plain.next()));
            CHECK(s.set.count(0, "aggregate") == 1);
        }
        {
            set_scene s(r, {role::primary, role::secondary, role::secondary});
            s.set.set_hello_fields(2, doc({"maxWireVersion", 9}));
            REQUIRE(s.until_all_known());
            out(s);
            REQUIRE(s.set.count(0, "aggregate") == 1);
            CHECK(!s.set.received(0, "aggregate")[0].body["$readPreference"].exists());
            CHECK(s.set.count("aggregate") == 1);
        }
        {
            set_scene s(r, {role::mongos});
            out(s);
            REQUIRE(s.set.count(0, "aggregate") == 1);
            CHECK(s.set.received(0, "aggregate")[0]
                      .body["$readPreference"]["mode"]
                      .get<std::string>() == "secondary");
        }
    });
}

TEST_CASE("tags choose among the secondaries, and are looked at anew when they change") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "localThresholdMS=60000&serverSelectionTimeoutMS=100");
        REQUIRE(s.until_all_known());
        const auto tag = [&](std::size_t member, const char* where) {
            s.set.set_hello_fields(member, doc({"tags", doc({"dc", where})}));
            REQUIRE(s.until([&] {
                const auto& tags = s.seen->now->find(s.set.address(member))->tags;
                const auto dc = tags.find("dc");
                return dc != tags.end() && dc->second == where;
            }));
        };
        tag(1, "ny");
        tag(2, "la");
        const bson::array wanted = arr(doc({"dc", "ny"}));
        const auto near =
            s.c.with_read_preference({.mode = read_mode::secondary, .tag_sets = wanted});
        find_often(r, near, 10);
        CHECK(s.set.count(1, "find") == 10);
        tag(1, "sf");
        CHECK(error_of(r, near.find_one()) == errc::server_selection_timeout);
        tag(2, "ny");
        find_often(r, near, 10);
        CHECK(s.set.count(1, "find") == 10);
        CHECK(s.set.count(2, "find") == 10);
    });
}

TEST_CASE("without a secondary those who prefer one read from the primary, and back") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::primary, role::secondary}, "heartbeatFrequencyMS=500");
        REQUIRE(s.until_all_known());
        const auto preferring = s.c.with_read_preference({.mode = read_mode::secondary_preferred});
        find_often(r, preferring, 3);
        CHECK(s.set.count(1, "find") == 3);
        s.set.partition(1, partition_mode::reset);
        REQUIRE(s.until_member(1, server_type::unknown));
        find_often(r, preferring, 3);
        CHECK(s.set.count(0, "find") == 3);
        s.set.heal(1);
        REQUIRE(s.until_member(1, server_type::rs_secondary));
        find_often(r, preferring, 3);
        CHECK(s.set.count(1, "find") == 6);
    });
}

TEST_CASE("a member that is asked directly serves reads, whatever it is") {
    on_each_backend([](reactor& r) {
        const test::deployment set(three_members);
        const client c(r, set.direct_uri(1));
        find_often(r, c["db"]["c"], 3);
        CHECK(set.count(1, "find") == 3);
        CHECK(error_of(r, c["db"]["c"].insert_one({{"_id", 1}})).server_code() == 10107);
        CHECK(set.count(0, "hello") == 0);
    });
}

TEST_CASE("of two mongos both are used") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::mongos, role::mongos}, "localThresholdMS=60000");
        REQUIRE(s.until_all_known());
        CHECK(s.seen->now->type == topology_type::sharded);
        for (int i = 0; i < 40; ++i) {
            CHECK(!error_of(r, s.c.insert_one({{"_id", i}})));
        }
        CHECK(s.set.count(0, "insert") > 0);
        CHECK(s.set.count(1, "insert") > 0);
        CHECK(s.set.count("insert") == 40);
    });
}

TEST_CASE("of two mongos the one that is slow gets few of the operations that come meanwhile") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::mongos, role::mongos}, "localThresholdMS=30000");
        REQUIRE(s.until_all_known());
        failure_rule slow;
        slow.commands = {"find"};
        slow.block = 500ms;
        s.set.fail(0, slow);
        const auto ten = [&]() -> task<int> {
            int done = 0;
            for (int i = 0; i < 10; ++i) {
                done += co_await as_result(s.c.find_one()) ? 1 : 0;
            }
            co_return done;
        };
        std::list<running<int>> all;
        for (int i = 0; i < 10; ++i) {
            all.emplace_back(r, ten());
        }
        for (auto& one : all) {
            CHECK(one.wait().value() == 10);
        }
        CHECK(s.set.count("find") == 100);
        CHECK(s.set.count(0, "find") < 25);
        // As many to either when both are fast.
        s.set.clear_failures(0);
        const auto before = s.set.count(0, "find");
        all.clear();
        for (int i = 0; i < 10; ++i) {
            all.emplace_back(r, ten());
        }
        for (auto& one : all) {
            CHECK(one.wait().value() == 10);
        }
        CHECK(s.set.count(0, "find") - before > 25);
        CHECK(s.set.count(0, "find") - before < 75);
    });
}

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

TEST_CASE("a cursor whose late reply never came behind a load balancer harms no other connection") {
    // What must not happen.
    class clearings final : public pool_listener {
     public:
        void on(const pool_cleared_event&) noexcept override { ++count; }
        int count = 0;
    };
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

TEST_CASE("an overload error is tried again maxAdaptiveRetries times, on the connection there is") {
    on_each_backend([](reactor& r) {
        for (const std::size_t retries : {0U, 1U, 2U}) {
            CAPTURE(retries);
            set_scene s(r, {role::standalone}, "maxAdaptiveRetries=" + std::to_string(retries));
            s.set.fail(0, overloaded({"find", "insert"}));
            const auto e = error_of(r, s.c.find_one());
            CHECK(e.server_code() == 462);
            CHECK(e.has_label("SystemOverloadedError"));
            CHECK(s.set.count(0, "find") == 1 + retries);
            CHECK(error_of(r, s.c.insert_one({{"_id", 1}})).server_code() == 462);
            CHECK(s.set.count(0, "insert") == 1 + retries);
            CHECK(s.client.statistics().connections_created == 1);
            CHECK(s.client.statistics().connections == 1);
            CHECK(s.seen->now->servers[0]->type == server_type::standalone);
        }
    });
}

TEST_CASE("an operation that is tried again after an overload error succeeds, and is done once") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::standalone});
        s.set.fail(0, overloaded({"insert"}, 2));
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        CHECK(s.set.count(0, "insert") == 3);
        CHECK(s.set.store().documents("db.c").size() == 1);
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("a stop while an overload is waited for is the error, a deadline leaves the server's") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto busy = op_msg_peer::error_document(462, "IngressRequestRateLimitExceeded", "busy");
        busy.append("errorLabels", arr("SystemOverloadedError", "RetryableError"))
            .append("baseBackoffMS", 5000);
        peer.always("find", reply_script().reply(busy));
        const client c(r, peer.uri());
        for (std::size_t sent = 1; sent < 4; ++sent) {
            std::stop_source stop;
            running find(r, with_stop(c["db"]["c"].find_one(), stop.get_token()));
            REQUIRE(poll_until(r, [&] {
                return peer.received("find").size() == sent && c.statistics().idle_connections == 1;
            }));
            stop.request_stop();
            CHECK(find.wait().error() == errc::operation_cancelled);
        }
        CHECK(error_of(r, with_deadline(c["db"]["c"].find_one(), 50ms)).server_code() == 462);
    });
}

TEST_CASE("an overload error that must not be retried, and retries switched off, are not tried") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::standalone}, "retryReads=false");
        auto rule = overloaded({"find", "insert"});
        s.set.fail(0, rule);
        CHECK(error_of(r, s.c.find_one()).server_code() == 462);
        CHECK(s.set.count(0, "find") == 1);
        s.set.clear_failures(0);
        rule.labels = {"SystemOverloadedError"};
        s.set.fail(0, rule);
        CHECK(error_of(r, s.c.insert_one({{"_id", 1}})).server_code() == 462);
        CHECK(s.set.count(0, "insert") == 1);
    });
}

TEST_CASE("with enableOverloadRetargeting the next try goes to another server") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::mongos, role::mongos},
                    "localThresholdMS=60000&enableOverloadRetargeting=true&maxAdaptiveRetries=1");
        REQUIRE(s.until_all_known());
        s.set.fail(0, overloaded({"find"}));
        find_often(r, s.c, 30);
        CHECK(s.set.count(1, "find") == 30);
        CHECK(s.set.count(0, "find") > 0);
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

TEST_CASE("a mongos that is overloaded is avoided, whether retargeting is on or not") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::mongos, role::mongos}, "localThresholdMS=60000");
        REQUIRE(s.until_all_known());
        s.set.fail(0, overloaded({"insert"}));
        for (int i = 0; i < 20; ++i) {
            CHECK(!error_of(r, s.c.insert_one({{"_id", i}})));
        }
        CHECK(s.set.count(1, "insert") == 20);
        CHECK(s.set.count(0, "insert") > 0);
        CHECK(s.set.count(0, "insert") <= 20);  // never twice for one
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
