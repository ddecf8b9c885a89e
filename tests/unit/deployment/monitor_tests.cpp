#include "deployment_support.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/bson/object_id.hpp>
#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <utility>

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr std::uint32_t exhaust_allowed = 1U << 16;

/// The hello of a server that can answer by itself.
document versioned_hello(std::int64_t counter) {
    static const auto process = bson::object_id::generate();
    auto hello = op_msg_peer::hello_document();
    hello.append("topologyVersion", doc({"processId", process}, {"counter", counter}));
    return hello;
}

bool awaits(const received_command& hello) {
    return hello.body["topologyVersion"].exists();
}

std::size_t count_awaiting(const op_msg_peer& peer) {
    const auto all = peer.received("hello");
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), awaits));
}

/// A client that asks as often as may be.
std::string often(const op_msg_peer& peer, std::string_view more = {}) {
    return peer.uri() + "?heartbeatFrequencyMS=500" + std::string(more);
}

}  // namespace

TEST_CASE("a server with a topologyVersion is asked once, and says by itself what is new") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().reply(versioned_hello(1)));
        peer.expect("hello",
                    reply_script()
                        .more(versioned_hello(2))
                        .more(versioned_hello(3))
                        .wait(20ms)
                        .more(versioned_hello(4))
                        .hang(),
                    awaits);
        const auto seen = std::make_shared<watcher>();
        {
            const client c(r, often(peer), {.topology_listener = seen});
            const auto address = "127.0.0.1:" + std::to_string(peer.port());
            REQUIRE(poll_until(r, [&] { return seen->awaited[address] == 3; }));
            CHECK(seen->asked[address] == 1);  // the first, of the handshake
            REQUIRE(seen->now->servers.size() == 1);
            CHECK(seen->now->servers[0]->topology_version->counter == 4);
            CHECK(count_awaiting(peer) == 1);
        }
        const auto all = peer.received("hello");
        const auto streaming = std::find_if(all.begin(), all.end(), awaits);
        REQUIRE(streaming != all.end());
        CHECK((streaming->flags & exhaust_allowed) != 0);
        CHECK(streaming->body["maxAwaitTimeMS"].get<std::int64_t>() == 500);
        CHECK(streaming->body["topologyVersion"]["counter"].get<std::int64_t>() == 1);
        // The round trip times are taken on a connection of their own.
        CHECK(peer.connections() == 2);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a heartbeat has begun before its connection is there") {
    class first_sight final : public topology_listener {
     public:
        explicit first_sight(const op_msg_peer& peer) : peer_(peer) {}
        void on(const server_heartbeat_started_event& e) noexcept override {
            if (!connections) {
                connections = peer_.connections();
                number = e.driver_connection_id;
            }
        }
        std::optional<std::size_t> connections;
        std::optional<std::int64_t> number;

     private:
        const op_msg_peer& peer_;
    };
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        const auto seen = std::make_shared<first_sight>(peer);
        const client c(r, peer.uri(), {.topology_listener = seen});
        CHECK(!error_of(r, c.ping()));
        CHECK(seen->connections == 0U);
        CHECK(seen->number == 1);
        CHECK(peer.connections() == 2);
    });
}

TEST_CASE("the round trip time of a server that answers by itself goes on being measured") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::primary}, "heartbeatFrequencyMS=500");
        REQUIRE(s.until_all_known());
        REQUIRE(s.seen->now->servers.at(0)->round_trip_time.has_value());
        s.set.slow(0, 700ms);
        // Nobody hears of a new round trip time alone.
        topology_description_ptr last;
        int changes = 0;
        CHECK(s.until([&] {
            if (last != s.seen->now) {
                last = s.seen->now;
                s.set.set_hello_fields(0,
                                       doc({"tags", doc({"change", std::to_string(++changes)})}));
            }
            return *last->servers.at(0)->round_trip_time > 250ms;
        }));
        CHECK(s.seen->awaited[s.set.address(0)] > 0);
        CHECK(s.seen->failed[s.set.address(0)] == 0);
    });
}

TEST_CASE("a server without a topologyVersion is asked again and again on one connection") {
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        const auto seen = std::make_shared<watcher>();
        const client c(r, often(peer), {.topology_listener = seen});
        const auto address = "127.0.0.1:" + std::to_string(peer.port());
        REQUIRE(poll_until(r, [&] { return seen->asked[address] == 3; }));
        CHECK(seen->awaited[address] == 0);
        CHECK(peer.received().size() == 3);
        CHECK(count_awaiting(peer) == 0);
        CHECK(peer.connections() == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("with serverMonitoringMode=poll a server is asked again and again, whatever it can do") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().reply(versioned_hello(1)));
        const auto seen = std::make_shared<watcher>();
        const client c(r, often(peer, "&serverMonitoringMode=poll"), {.topology_listener = seen});
        const auto address = "127.0.0.1:" + std::to_string(peer.port());
        REQUIRE(poll_until(r, [&] { return seen->asked[address] == 3; }));
        CHECK(seen->awaited[address] == 0);
        CHECK(count_awaiting(peer) == 0);
        CHECK(peer.connections() == 1);
    });
}

TEST_CASE("a stream that the server ends is asked for again") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().reply(versioned_hello(1)));
        peer.expect("hello", reply_script().more(versioned_hello(2)).reply(versioned_hello(3)),
                    awaits);
        peer.expect("hello", reply_script().more(versioned_hello(4)).hang(), awaits);
        const auto seen = std::make_shared<watcher>();
        const client c(r, often(peer), {.topology_listener = seen});
        const auto address = "127.0.0.1:" + std::to_string(peer.port());
        REQUIRE(poll_until(r, [&] { return seen->awaited[address] == 3; }));
        CHECK(count_awaiting(peer) == 2);
        CHECK(seen->failed[address] == 0);
        CHECK(
            peer.received("hello").back().body["topologyVersion"]["counter"].get<std::int64_t>() ==
            3);
    });
}

TEST_CASE("a monitor says hello without logging in, and is not held up by a pool that is full") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find", reply_script().hang());
        const auto seen = std::make_shared<watcher>();
        const client c(r, often(peer, "&maxPoolSize=1"), {.topology_listener = seen});
        running stuck(r, c["db"]["c"].find_one());
        REQUIRE(poll_until(r, [&] { return peer.received("find").size() == 1; }));
        const auto address = "127.0.0.1:" + std::to_string(peer.port());
        const auto before = seen->asked[address];
        REQUIRE(poll_until(r, [&] { return seen->asked[address] == before + 2; }));
        CHECK(!stuck.done());
        CHECK(peer.connections() == 2);
    });
}

TEST_CASE("a network error has the server checked anew, on a new connection") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const auto seen = std::make_shared<watcher>();
        const client c(r, peer.uri(), {.topology_listener = seen});
        CHECK(!error_of(r, c.ping()));
        peer.expect("ping", reply_script().close());
        CHECK(error_of(r, c.ping()) == errc::connection_closed);
        CHECK(seen->now->servers[0]->type == server_type::unknown);
        CHECK(!error_of(r, c.ping()));
        CHECK(seen->now->servers[0]->type == server_type::standalone);
        CHECK(peer.connections() == 4);  // a monitor's and a pool's, twice
        CHECK(c.statistics().connections_created == 2);
    });
}

TEST_CASE("who comes back at once after a network error has the server checked soon") {
    on_each_backend([](reactor& r) {
        // Nobody is told of anything for minutes but by a check that is asked for.
        set_scene s(r, {role::primary}, "heartbeatFrequencyMS=300000");
        CHECK(!error_of(r, s.client.ping()));
        // The monitor's two, what it waits for, and the pool's.
        REQUIRE(s.set.wait_for(0, "hello", 4));
        failure_rule lost;
        lost.commands = {"ping"};
        lost.times = 1;
        lost.close_connection = true;
        s.set.fail(0, lost);
        const auto twice = [&]() -> task<std::pair<error, error>> {
            const auto first = co_await as_result(s.client.ping());
            const auto second = co_await as_result(with_deadline(s.client.ping(), 10s));
            co_return std::pair(first ? error() : first.error(), second ? error() : second.error());
        };
        const auto [first, second] = sync_wait(r, twice());
        CHECK(first == errc::connection_closed);
        CHECK_MESSAGE(!second, second.to_string());
    });
}

TEST_CASE("a network error between two checks has the round trip times so far forgotten") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().wait(300ms).reply(op_msg_peer::hello_document()));
        const auto seen = std::make_shared<watcher>();
        const client c(r, peer.uri() + "?serverMonitoringMode=poll", {.topology_listener = seen});
        const auto round_trip = [&] { return seen->now->servers.at(0)->round_trip_time; };
        CHECK(!error_of(r, c.ping()));
        REQUIRE(round_trip());
        CHECK(*round_trip() >= 300ms);
        peer.always("hello", reply_script().reply(op_msg_peer::hello_document()));
        peer.expect("ping", reply_script().close());
        CHECK(error_of(r, c.ping()) == errc::connection_closed);
        CHECK(!round_trip());
        CHECK(!error_of(r, c.ping()));
        REQUIRE(round_trip());
        CHECK(*round_trip() < 150ms);  // a fifth of the way from the slow one would be more
    });
}

TEST_CASE("a server that leaves the topology by its own answer may be measured at that moment") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const auto address = "127.0.0.1:" + std::to_string(peer.port());
        const auto primary_of = [&](std::string_view set) {
            auto hello = versioned_hello(1);
            hello.append("setName", set).append("hosts", arr(address)).append("me", address);
            return hello;
        };
        peer.always("hello", reply_script().reply(primary_of("rs")));
        // Comes by itself once the other connection waits for the answer to its second hello.
        peer.expect("hello", reply_script().answer([&](const received_command&) {
            peer.wait_for("hello", 2);
            return primary_of("other");
        }),
                    awaits);
        peer.expect("hello", reply_script().hang(), [](const received_command& hello) {
            return !awaits(hello) && !hello.body["client"].exists();
        });
        const auto seen = std::make_shared<watcher>();
        const client c(r, often(peer, "&replicaSet=rs"), {.topology_listener = seen});
        REQUIRE(poll_until(r, [&] { return seen->closed.size() == 1; }));
        CHECK(seen->now->servers.empty());
        REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(peer.connections() == 2);
        CHECK(peer.problems() == "");
    });
}
