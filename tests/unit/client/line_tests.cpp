// Operations in line for a connection: from there they are sent without being resumed first.

#include "client_support.hpp"

#include <mongoro/event_listener.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// A find that is answered after this time, and one behind it in line for the only connection.
struct line_scene : scene {
    explicit line_scene(reactor& loop, std::chrono::milliseconds busy = 20ms,
                        std::shared_ptr<pool_listener> listener = nullptr)
        : scene(loop,
                {.max_pool_size = 1, .drain_timeout = 60s, .pool_listener = std::move(listener)}) {
        peer.expect("find", reply_script().wait(busy).reply(first_batch(numbered(1))));
        first.emplace(loop, c.find_one({{"first", 1}}));
        REQUIRE(poll_until(loop, [&] { return peer.received("find").size() == 1; }));
    }

    [[nodiscard]] bool has_got(std::string_view name, std::size_t count) {
        return poll_until(r, [&] { return peer.received(name).size() == count; });
    }
    void check_drained() {
        REQUIRE(poll_until(r, [&] { return client.statistics().idle_connections == 1; }));
        check_works(1);
        CHECK(peer.problems() == "");
    }

    std::optional<running<std::optional<document>>> first;
};

reply_script slow_find() {
    return reply_script().wait(100ms).reply(first_batch(numbered(1)));
}

}  // namespace

TEST_CASE(
    "in line for a connection: reads and writes are sent in their turn, and get their reply") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        running read(r, s.c.find_one({{"second", 1}}));
        running write(r, s.c.insert_one({{"_id", 1}}));
        running many(r, s.c.insert_many(numbered(3)));
        running ping(r, s.client.ping());
        s.answer("find", first_batch(numbered(1, 7)));
        s.answer("insert", doc({"n", 1}, {"ok", 1.0}));
        s.answer("insert", doc({"n", 3}, {"ok", 1.0}));
        REQUIRE(read.wait());
        REQUIRE(*read.wait());
        CHECK((**read.wait())["_id"].get<int>() == 7);
        REQUIRE(write.wait());
        REQUIRE(many.wait());
        CHECK(many.wait()->inserted_count == 3);
        CHECK(ping.wait());
        const auto inserts = s.peer.received("insert");
        REQUIRE(inserts.size() == 2);
        CHECK(inserts.back().connection == inserts.front().connection);
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: a server's error is the operation's") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        running second(r, s.c.find_one({{"second", 1}}));
        s.answer("find", doc({"ok", 0.0}, {"code", 2}, {"codeName", "BadValue"}, {"errmsg", "no"}));
        CHECK(second.wait().error().server_code() == 2);
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: once it was sent, a stop ends it at once, and it is drained") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        std::stop_source stop;
        running second(r, with_stop(s.c.find_one({{"second", 1}}), stop.get_token()));
        s.peer.expect("find", slow_find());
        REQUIRE(s.has_got("find", 2));
        CHECK(!second.done());
        stop.request_stop();
        CHECK(second.wait().error() == errc::operation_cancelled);
        CHECK(s.client.statistics().idle_connections == 0);
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: once it was sent, its deadline ends it, and it is drained") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        running second(r, with_deadline(s.c.find_one({{"second", 1}}), 60ms));
        s.peer.expect("find", slow_find());
        CHECK(second.wait().error() == errc::deadline_exceeded);
        CHECK(s.peer.received("find").size() == 2);
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: once it was sent, it is destroyed, and drained") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        std::optional<running<std::optional<document>>> second;
        second.emplace(r, s.c.find_one({{"second", 1}}));
        s.peer.expect("find", slow_find());
        REQUIRE(s.has_got("find", 2));
        second.reset();
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: what is late when its turn comes is not sent") {
    on_each_backend([](reactor& r) {
        line_scene s(r, 10ms);
        running second(r, with_deadline(s.c.find_one({{"second", 1}}), 30ms));
        r.poll();
        std::this_thread::sleep_for(60ms);  // the reply is there, and the deadline has passed
        CHECK(second.wait().error() == errc::deadline_exceeded);
        CHECK(s.first->wait());
        CHECK(s.peer.received("find").size() == 1);
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: what is too large for the server is not sent") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        running second(r, s.c.insert_one(document_of_size(16 * 1024 * 1024 + 1)));
        running third(r, s.client.ping());
        CHECK(second.wait().error() == errc::document_too_large);
        CHECK(third.wait());
        CHECK(s.peer.received("insert").empty());
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: one whose connection breaks hears of it") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        running second(r, s.c.find_one({{"second", 1}}));
        running third(r, s.c.find_one({{"third", 1}}));
        s.peer.expect("find", reply_script().close());
        CHECK(second.wait().error() == errc::connection_closed);
        CHECK(third.wait().error() == errc::pool_cleared);
        CHECK(s.peer.received("find").size() == 2);
    });
}

TEST_CASE("in line for a connection: a write that is not acknowledged ends when it was sent") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        running second(r, s.c.insert_one({{"_id", 1}}, {.write_concern = write_concern{.w = 0}}));
        running third(r, s.client.ping());
        s.peer.expect("insert", reply_script());
        CHECK(second.wait());
        CHECK(third.wait());
        CHECK(s.peer.received("insert").size() == 1);
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: a server that is too busy is asked again") {
    on_each_backend([](reactor& r) {
        line_scene s(r);
        running second(r, s.c.find_one({{"second", 1}}));
        s.answer("find", doc({"ok", 0.0}, {"code", 462}, {"errmsg", "busy"},
                             {"errorLabels", arr("SystemOverloadedError", "RetryableError")}));
        s.answer("find", first_batch(numbered(1, 7)));
        REQUIRE(second.wait());
        const auto finds = s.peer.received("find");
        REQUIRE(finds.size() == 3);
        CHECK(json(finds[1].body) == json(finds[2].body));
        s.check_drained();
    });
}

TEST_CASE("in line for a connection: who listens to the pool hears of it before it is sent") {
    class listener final : public pool_listener {
     public:
        void on(const connection_checked_out_event& /*e*/) noexcept override { ++checked_out; }
        std::atomic<int> checked_out = 0;
    };
    on_each_backend([](reactor& r) {
        const auto told = std::make_shared<listener>();
        line_scene s(r, 20ms, told);
        running second(r, s.c.find_one({{"second", 1}}));
        CHECK(told->checked_out == 1);
        s.answer("find", first_batch(numbered(1, 7)));
        REQUIRE(second.wait());
        CHECK(told->checked_out == 2);
        s.check_drained();
    });
}
