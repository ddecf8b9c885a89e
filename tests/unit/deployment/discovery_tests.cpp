#include "deployment_support.hpp"
#include "op_msg_peer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

using namespace mongoro;
using namespace mongoro::test;

TEST_CASE("a client finds all members and the primary of a replica set from any one of them") {
    on_each_backend([](reactor& r) {
        for (std::size_t seed = 0; seed < 3; ++seed) {
            CAPTURE(seed);
            const test::deployment set(three_members);
            const auto seen = std::make_shared<watcher>();
            const client c(r, "mongodb://" + set.address(seed) + "/?replicaSet=rs",
                           {.topology_listener = seen});
            CHECK(sync_wait(r, c["db"]["c"].insert_one({{"_id", 1}})).acknowledged);
            CHECK(seen->now->type == topology_type::replica_set_with_primary);
            CHECK(seen->now->servers.size() == 3);
            REQUIRE(seen->now->primary() != nullptr);
            CHECK(seen->now->primary()->address == set.address(0));
            CHECK(set.count(0, "insert") == 1);
            CHECK(set.count("insert") == 1);
        }
    });
}

TEST_CASE("a step-down and an election are followed, without waiting for a heartbeat to be due") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "heartbeatFrequencyMS=600000");
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        REQUIRE(s.until_all_known());
        s.set.step_down();
        REQUIRE(s.until_type(topology_type::replica_set_no_primary));
        running waits(r, s.c.insert_one({{"_id", 2}}));
        r.poll();
        CHECK(!waits.done());
        s.set.elect(2);
        CHECK(waits.wait());
        CHECK(s.seen->type_of(s.set.address(2)) == server_type::rs_primary);
        CHECK(s.set.count(0, "insert") == 1);
        CHECK(s.set.count(2, "insert") == 1);
        CHECK(s.set.count("insert") == 2);
    });
}

TEST_CASE("who writes to a primary that has just stepped down gets its error, and the next works") {
    on_each_backend([](reactor& r) {
        // A monitor that asks every ten seconds: the operation is the first to notice.
        set_scene s(r, three_members, "serverMonitoringMode=poll");
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        s.set.elect(1);
        const auto e = error_of(r, s.c.insert_one({{"_id", 2}}));
        CHECK(e.server_code() == 10107);
        CHECK(s.seen->type_of(s.set.address(0)) != server_type::rs_primary);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 3}})));
        CHECK(s.set.count(1, "insert") == 1);
        CHECK(s.set.store().documents("db.c").size() == 2);
    });
}

TEST_CASE("a connection for operations says what its server is, and that is believed") {
    on_each_backend([](reactor& r) {
        // Its monitors ask every ten minutes, so that they do not notice.
        set_scene s(r, three_members, "serverMonitoringMode=poll&heartbeatFrequencyMS=600000");
        REQUIRE(s.until_all_known());
        const auto first = s.set.address(0);
        const auto before = s.seen->now->find(first)->round_trip_time;
        REQUIRE(before);
        s.set.step_down();
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.set.count(0, "ping") == 1);
        CHECK(s.seen->type_of(first) == server_type::rs_secondary);
        CHECK(s.seen->now->type == topology_type::replica_set_no_primary);
        CHECK(s.seen->now->find(first)->round_trip_time == before);
        CHECK(s.seen->asked[first] == 1);
    });
}

TEST_CASE("what a connection for operations says is older, or of no time at all, is not believed") {
    on_each_backend([](reactor& r) {
        const auto version = [](std::int64_t counter) {
            static const auto process = bson::object_id::generate();
            return doc({"processId", process}, {"counter", counter});
        };
        for (const bool versioned : {true, false}) {
            CAPTURE(versioned);
            op_msg_peer peer;
            auto now = op_msg_peer::hello_document();
            now.append("topologyVersion", version(2));
            peer.always("hello", reply_script().reply(now));
            const auto seen = std::make_shared<watcher>();
            const client c(r, peer.uri() + "?serverMonitoringMode=poll",
                           {.topology_listener = seen});
            REQUIRE(poll_until(r, [&] { return seen->all_known(); }));
            auto other = op_msg_peer::hello_document();
            other.append("msg", "isdbgrid");
            if (versioned) {
                other.append("topologyVersion", version(1));
            }
            peer.always("hello", reply_script().reply(other));
            CHECK(!error_of(r, c.ping()));
            REQUIRE(seen->now->servers.size() == 1);
            CHECK(seen->now->servers[0]->type == server_type::standalone);
            CHECK(seen->now->servers[0]->topology_version->counter == 2);
        }
    });
}

namespace {

/// A server whose hello says each time how many there were, in its tags and as the time of its last
/// write, and whose login takes its time.
struct counting_scene {
    explicit counting_scene(std::chrono::milliseconds login) {
        peer.always("hello", reply_script().answer([this](const received_command&) {
            const int n = ++hellos;
            auto hello = op_msg_peer::hello_document();
            hello
                .append("topologyVersion",
                        doc({"processId", process}, {"counter", std::int64_t{1}}))
                .append("tags", doc({"n", std::to_string(n)}))
                .append("lastWrite", doc({"lastWriteDate", bson::date(std::chrono::seconds(n))}));
            return hello;
        }));
        peer.always("saslStart", reply_script().answer([this, login](const received_command&) {
            login_began = std::chrono::steady_clock::now();
            std::this_thread::sleep_for(login);
            auto done = op_msg_peer::ok_document();
            done.append("conversationId", 1)
                .append("done", true)
                .append("payload", bson::binary_view{});
            return done;
        }));
    }
    [[nodiscard]] std::string uri(std::string_view options) const {
        return "mongodb://ada:pencil@127.0.0.1:" + std::to_string(peer.port()) +
               "/?authMechanism=PLAIN&maxPoolSize=1&serverMonitoringMode=poll&" +
               std::string(options);
    }

    bson::object_id process = bson::object_id::generate();
    std::atomic<int> hellos = 0;
    std::atomic<std::chrono::steady_clock::time_point> login_began{};
    op_msg_peer peer;  // last: its threads use all of the above
};

/// All descriptions of the one server, in their order.
class descriptions final : public topology_listener {
 public:
    void on(const server_description_changed_event& e) noexcept override {
        all.push_back(e.new_description);
    }
    std::vector<server_description_ptr> all;
};

}  // namespace

TEST_CASE("what a connection heard before a long login is not believed after what came since") {
    on_each_backend([](reactor& r) {
        counting_scene s(1300ms);
        const auto seen = std::make_shared<descriptions>();
        const client c(r, s.uri("heartbeatFrequencyMS=500"), {.topology_listener = seen});
        CHECK(!error_of(r, c.ping()));
        // The monitor's first, the connection's, and the monitor's while that logged in.
        REQUIRE(s.hellos.load() >= 3);
        REQUIRE(seen->all.size() >= 2);
        for (std::size_t i = 1; i < seen->all.size(); ++i) {
            CAPTURE(i);
            CHECK(*seen->all[i]->last_write_date > *seen->all[i - 1]->last_write_date);
            CHECK(seen->all[i]->last_update_time > seen->all[i - 1]->last_update_time);
        }
    });
}

TEST_CASE("what a connection heard is of the time of its hello, and not of the end of its login") {
    on_each_backend([](reactor& r) {
        counting_scene s(100ms);
        const auto seen = std::make_shared<descriptions>();
        const client c(r, s.uri("heartbeatFrequencyMS=600000"), {.topology_listener = seen});
        CHECK(!error_of(r, c.ping()));
        REQUIRE(seen->all.size() == 2);
        CHECK(seen->all[1]->tags.at("n") == "2");
        CHECK(seen->all[1]->last_update_time <= s.login_began.load());
    });
}

TEST_CASE(
    "a connection to a server that has left the set is closed with its pool, and used no more") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members,
                    "serverMonitoringMode=poll&heartbeatFrequencyMS=600000&"
                    "serverSelectionTimeoutMS=100&localThresholdMS=60000");
        REQUIRE(s.until_all_known());
        s.set.set_hello_fields(0, doc({"setName", "other"}));
        CHECK(error_of(r, s.client.ping()));
        CHECK(s.set.count(0, "ping") == 0);
        CHECK(s.seen->now->find(s.set.address(0)) == nullptr);
        CHECK(s.client.statistics().connections == 0);
    });
}

TEST_CASE("a member that is cut off is taken out, whether it resets or hangs, until it is back") {
    on_each_backend([](reactor& r) {
        for (const auto how : {partition_mode::reset, partition_mode::hang}) {
            set_scene s(r, three_members, "heartbeatFrequencyMS=500&connectTimeoutMS=500");
            REQUIRE(s.until_all_known());
            s.set.partition(2, how);
            REQUIRE(s.until_member(2, server_type::unknown));
            CHECK(s.seen->now->type == topology_type::replica_set_with_primary);
            CHECK(s.seen->now->find(s.set.address(2))->error);
            const auto before = s.set.count(2, "find");
            const auto nearest = s.c.with_read_preference({.mode = read_mode::secondary});
            for (int i = 0; i < 10; ++i) {
                CHECK(!error_of(r, nearest.find_one()));
            }
            CHECK(s.set.count(1, "find") == 10);
            CHECK(s.set.count(2, "find") == before);
            s.set.heal(2);
            CHECK(s.until_member(2, server_type::rs_secondary));
        }
    });
}

TEST_CASE("a primary that is killed is replaced by the one that the others elect") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        REQUIRE(s.until_all_known());
        s.set.kill(0);
        REQUIRE(s.until_type(topology_type::replica_set_no_primary));
        s.set.elect(1);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 2}})));
        CHECK(s.set.count(1, "insert") == 1);
        s.set.restart(0);
        CHECK(s.until_member(0, server_type::rs_secondary));
    });
}

TEST_CASE("members that join are watched, and those that are removed are dropped") {
    on_each_backend([](reactor& r) {
        set_scene s(r);
        REQUIRE(s.until_all_known());
        const auto added = s.set.add(role::secondary);
        REQUIRE(s.until([&] { return s.seen->now->servers.size() == 4; }));
        CHECK(s.until_member(added, server_type::rs_secondary));
        s.set.remove(2);
        REQUIRE(s.until([&] { return s.seen->now->servers.size() == 3; }));
        CHECK(s.seen->now->find(s.set.address(2)) == nullptr);
        CHECK(s.seen->closed == std::vector<std::string>{s.set.address(2)});
        const auto secondary = s.c.with_read_preference({.mode = read_mode::secondary});
        for (int i = 0; i < 20; ++i) {
            CHECK(!error_of(r, secondary.find_one()));
        }
        CHECK(s.set.count(2, "find") == 0);
    });
}

TEST_CASE("who waits for a connection to a server that leaves the topology is told of that") {
    class check_outs final : public pool_listener {
     public:
        void on(const connection_check_out_failed_event& e) noexcept override {
            failed.push_back(e.reason);
        }
        std::vector<check_out_failed_reason> failed;
    };
    on_each_backend([](reactor& r) {
        test::deployment set({role::primary, role::secondary});
        const auto seen = std::make_shared<watcher>();
        const auto heard = std::make_shared<check_outs>();
        const client c(r, set.uri("maxPoolSize=1"),
                       {.pool_listener = heard, .topology_listener = seen});
        REQUIRE(poll_until(r, [&] { return seen->all_known() && seen->now->servers.size() == 2; }));
        failure_rule slow;
        slow.commands = {"find"};
        slow.block = 1h;
        set.fail(1, slow);
        const auto secondary = c["db"]["c"].with_read_preference({.mode = read_mode::secondary});
        running runs(r, secondary.find_one());
        REQUIRE(poll_until(r, [&] { return set.count(1, "find") == 1; }));
        running waits(r, secondary.find_one());
        r.poll();
        set.remove(1);
        REQUIRE(poll_until(r, [&] { return seen->now->servers.size() == 1; }));
        const auto why = waits.wait().error();
        CHECK(why == errc::pool_cleared);
        CHECK(why.message() ==
              "the server " + set.address(1) + " is no part of the topology any more");
        CHECK(heard->failed == std::vector{check_out_failed_reason::pool_closed});
        CHECK(!runs.done());
        // The client itself is as good as before.
        CHECK(!error_of(r, c["db"]["c"].insert_one({{"_id", 1}})));
        CHECK(error_of(r, c.close(deadline::after(20ms))) == errc::deadline_exceeded);
        CHECK(runs.wait().error() == errc::client_closed);
    });
}

TEST_CASE("a login that is refused since the state of the server changes is an error of that") {
    class pool_events final : public pool_listener {
     public:
        void on(const pool_cleared_event&) noexcept override { ++cleared; }
        int cleared = 0;
    };
    on_each_backend([](reactor& r) {
        struct refusal {
            std::int32_t code;
            int cleared;
        };
        // A node that recovers, one that is shutting down, and a password that is wrong.
        for (const auto& [code, cleared] : {refusal{13436, 0}, refusal{11600, 1}, refusal{18, 1}}) {
            CAPTURE(code);
            op_msg_peer peer;
            peer.expect("saslStart", reply_script().reply(
                                         op_msg_peer::error_document(code, "Refused", "refused")));
            const auto seen = std::make_shared<watcher>();
            const auto pools = std::make_shared<pool_events>();
            const client c(r,
                           "mongodb://ada:pencil@127.0.0.1:" + std::to_string(peer.port()) +
                               "/?authMechanism=PLAIN&heartbeatFrequencyMS=600000",
                           {.pool_listener = pools, .topology_listener = seen});
            const auto e = error_of(r, c.ping());
            CHECK(e == errc::authentication_failed);
            CHECK(e.server_code() == code);
            CHECK(seen->now->servers.at(0)->type == server_type::unknown);
            CHECK(pools->cleared == cleared);
            if (code != 18) {
                // Checked again soon, and not minutes later.
                const auto address = "127.0.0.1:" + std::to_string(peer.port());
                CHECK(poll_until(r, [&] { return seen->asked[address] == 2; }));
            }
        }
    });
}

TEST_CASE("a socket's path is used as it stands, also one that is relative") {
    on_each_backend([](reactor& r) {
        const op_msg_peer peer(listen_at::unix_socket);
        const auto relative = std::filesystem::relative(peer.host()).string();
        REQUIRE(relative.front() != '/');
        for (const auto& path : {peer.host(), relative}) {
            CAPTURE(path);
            std::string encoded;
            for (const char c : path) {
                c == '/' ? encoded += "%2F" : encoded += c;
            }
            const auto seen = std::make_shared<watcher>();
            const client c(r, "mongodb://" + encoded + "/?serverSelectionTimeoutMS=2000",
                           {.topology_listener = seen});
            const auto e = error_of(r, c.ping());
            CHECK_MESSAGE(!e, e.to_string());
            REQUIRE(seen->now->servers.size() == 1);
            CHECK(seen->now->servers[0]->address == path);
        }
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a seed of another replica set is never used") {
    on_each_backend([](reactor& r) {
        const test::deployment right(three_members);
        const test::deployment wrong({role::primary}, {.set_name = "other"});
        const auto seen = std::make_shared<watcher>();
        const client c(r,
                       "mongodb://" + wrong.address(0) + "," + right.address(0) + "/?replicaSet=rs",
                       {.topology_listener = seen});
        for (int i = 0; i < 10; ++i) {
            CHECK(!error_of(r, c["db"]["c"].insert_one({{"_id", i}})));
        }
        REQUIRE(poll_until(r, [&] { return seen->now->find(wrong.address(0)) == nullptr; }));
        CHECK(wrong.count("insert") == 0);
        CHECK(right.count("insert") == 10);
    });
}

TEST_CASE("what is missing of a set is said when no server is found in time") {
    on_each_backend([](reactor& r) {
        set_scene s(r, three_members, "serverSelectionTimeoutMS=100");
        s.set.step_down();
        const auto e = error_of(r, s.c.insert_one({{"_id", 1}}));
        CHECK(e == errc::server_selection_timeout);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK_MESSAGE(e.to_string().find(s.set.address(i)) != std::string::npos, e.to_string());
        }
        CHECK(e.to_string().find("ReplicaSetNoPrimary") != std::string::npos);
        CHECK(s.set.count("insert") == 0);
    });
}
