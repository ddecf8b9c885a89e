#include "deployment_support.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/as_result.hpp>

#include <list>

using namespace mongoro;
using namespace mongoro::test;

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

TEST_CASE("a pipeline that writes is run by a secondary that is asked directly") {
    on_each_backend([](reactor& r) {
        const test::deployment set({role::primary, role::secondary});
        const client c(r, set.direct_uri(1));
        auto cursor = c["db"]["c"].aggregate(arr(doc({"$out", "d"})));
        CHECK(!error_of(r, cursor.next()));
        REQUIRE(set.count(1, "aggregate") == 1);
        CHECK(set.received(1, "aggregate")[0].body["$readPreference"]["mode"].get<std::string>() ==
              "primaryPreferred");
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
