#include "client_support.hpp"

#include <mongoro/database.hpp>

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr std::int64_t cursor_id = 77;

struct cursor_scene : scene {
    explicit cursor_scene(reactor& on, std::size_t max_pool_size = 100)
        : scene(on, {.max_pool_size = max_pool_size, .drain_timeout = 60s}) {}

    /// A find with one document, and getMores that take `time` and give one each.
    void script(std::chrono::milliseconds time) {
        peer.always("find", reply_script().reply(first_batch(numbered(1), cursor_id)));
        peer.always("getMore", reply_script().wait(time).reply(next_batch(numbered(1), cursor_id)));
    }
    [[nodiscard]] std::vector<std::int64_t> max_times(std::string_view name) const {
        std::vector<std::int64_t> all;
        for (const auto& one : peer.received(name)) {
            all.push_back(one.body["maxTimeMS"].get_or<std::int64_t>(-1));
        }
        return all;
    }
};

using times = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a cursor's timeout is for all of it, and its getMores say none of it to the server") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(120ms);
        auto cursor = s.c.find({}, {.timeout = 200ms});
        CHECK(!error_of(r, cursor.next()));
        CHECK(!error_of(r, cursor.next()));
        CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
        const auto first = s.max_times("find");
        REQUIRE(first.size() == 1);
        CHECK(first[0] > 0);
        CHECK(first[0] <= 200);
        CHECK(s.max_times("getMore") == times{-1, -1});
        // It can be ended all the same, and has a timeout anew for that.
        CHECK(!error_of(r, cursor.close()));
        const auto killed = s.max_times("killCursors");
        REQUIRE(killed.size() == 1);
        CHECK(killed[0] > 0);
        CHECK(killed[0] <= 200);
    });
}

TEST_CASE("all documents in one call have the cursor's timeout together") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(120ms);
        auto cursor = s.c.find({}, {.timeout = 200ms});
        CHECK(error_of(r, cursor.to_vector(5)) == errc::deadline_exceeded);
        CHECK(s.max_times("getMore") == times{-1, -1});
        CHECK(cursor.exhausted());
    });
}

TEST_CASE("documents that are here are given also when the cursor's time is up") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.peer.always("find", reply_script().reply(first_batch(numbered(2), cursor_id)));
        auto cursor = s.c.find({}, {.timeout = 200ms});
        CHECK(!error_of(r, cursor.next()));
        const auto end = deadline::after(200ms);
        REQUIRE(poll_until(r, [&] { return end.expired(); }));
        CHECK(!error_of(r, cursor.next()));
        CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
        CHECK(cursor.exhausted());  // no time is left for any other
        CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
        CHECK(s.peer.received("getMore").empty());
    });
}

TEST_CASE("in the mode of iteration each call has the timeout, and the server hears of none") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(120ms);
        auto cursor = s.c.find({}, {.timeout = 200ms, .timeout_mode = timeout_mode::iteration});
        for (int i = 0; i < 4; ++i) {
            CHECK(!error_of(r, cursor.next()));
        }
        CHECK(s.max_times("find") == times{-1});
        CHECK(s.max_times("getMore") == times{-1, -1, -1});
        s.peer.expect("getMore", reply_script().wait(400ms).reply(next_batch({}, cursor_id)));
        CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
        // That batch is lost: none is given in its place. It can be ended all the same.
        CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
        CHECK(s.max_times("getMore").size() == 4);
        CHECK(cursor.exhausted());
        CHECK(s.max_times("killCursors").empty());
        CHECK(!error_of(r, cursor.close()));
        CHECK(s.max_times("killCursors").size() == 1);
    });
}

TEST_CASE("a call whose time passes in line for a connection loses nothing: the next asks anew") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r, 1);
        s.script(0ms);
        s.peer.always("count", reply_script().wait(800ms).reply(doc({"n", 1}, {"ok", 1.0})));
        auto cursor = s.c.find({}, {.timeout = 250ms, .timeout_mode = timeout_mode::iteration});
        CHECK(!error_of(r, cursor.next()));
        running slow(r, s.c.estimated_document_count());
        REQUIRE(poll_until(r, [&] { return s.peer.received("count").size() == 1; }));
        CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
        CHECK(!cursor.exhausted());
        CHECK(slow.wait());
        CHECK(s.max_times("getMore").empty());
        CHECK(sync_wait(r, cursor.next()));
        CHECK(s.max_times("getMore").size() == 1);
    });
}

TEST_CASE("the getMores of one call share its timeout") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(0ms);
        auto cursor = s.c.find({}, {.timeout = 250ms, .timeout_mode = timeout_mode::iteration});
        CHECK(!error_of(r, cursor.next()));
        s.peer.always("getMore", reply_script().wait(100ms).reply(next_batch({}, cursor_id)));
        CHECK(error_of(r, cursor.next()) == errc::deadline_exceeded);
        CHECK(s.peer.received("getMore").size() <= 3);
    });
}

TEST_CASE("a tailable cursor's timeout is for each call, and never told to the server") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(120ms);
        auto cursor = s.c.find({}, {.type = cursor_type::tailable, .timeout = 200ms});
        for (int i = 0; i < 4; ++i) {
            CHECK(!error_of(r, cursor.next()));
        }
        CHECK(s.max_times("find") == times{-1});
        CHECK(s.max_times("getMore") == times{-1, -1, -1});
    });
}

TEST_CASE("a cursor that waits on the server tells it the lesser of its two times") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(0ms);
        auto cursor = s.c.find(
            {}, {.type = cursor_type::tailable_await, .max_await_time = 50ms, .timeout = 60s});
        CHECK(!error_of(r, cursor.next()));
        CHECK(!error_of(r, cursor.next()));
        CHECK(s.max_times("find").at(0) > 50);
        CHECK(s.max_times("getMore") == times{50});

        auto unset = s.c.find({}, {.type = cursor_type::tailable_await, .timeout = 60s});
        CHECK(!error_of(r, unset.next()));
        CHECK(!error_of(r, unset.next()));
        CHECK(s.max_times("getMore") == times{50, -1});

        auto endless = s.c.find(
            {}, {.type = cursor_type::tailable_await, .max_await_time = 70ms, .timeout = 0ms});
        CHECK(!error_of(r, endless.next()));
        CHECK(!error_of(r, endless.next()));
        CHECK(s.max_times("getMore") == times{50, -1, 70});
    });
}

TEST_CASE("a command's cursor has the timeout of its kind") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(0ms);
        auto cursor = s.client["db"].run_cursor_command(
            {{"find", "c"}},
            {.type = cursor_type::tailable_await, .max_await_time = 50ms, .timeout = 60s});
        CHECK(!error_of(r, cursor.next()));
        CHECK(!error_of(r, cursor.next()));
        CHECK(s.max_times("find").at(0) > 0);
        CHECK(s.max_times("getMore") == times{50});
        auto plain = s.client["db"].run_cursor_command({{"find", "c"}}, {.max_await_time = 50ms});
        CHECK(!error_of(r, plain.next()));
        CHECK(!error_of(r, plain.next()));
        CHECK(s.max_times("getMore") == times{50, 50});
    });
}

TEST_CASE("close has a timeout of its own if it is given one") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(0ms);
        auto cursor = s.c.find({}, {.timeout = 1'000s});
        CHECK(!error_of(r, cursor.next()));
        CHECK(!error_of(r, cursor.close(2'000s)));
        const auto killed = s.max_times("killCursors");
        REQUIRE(killed.size() == 1);
        CHECK(killed[0] > 1'000'000);

        auto other = s.c.find();
        CHECK(!error_of(r, other.next()));
        CHECK(error_of(r, other.close(-1ms)) == errc::invalid_argument);
    });
}

TEST_CASE("a cursor that is dropped is killed within its timeout") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        s.script(0ms);
        {
            auto cursor = s.c.find({}, {.timeout = 60s});
            CHECK(!error_of(r, cursor.next()));
        }
        REQUIRE(poll_until(r, [&] { return s.peer.wait_for("killCursors", 1, 0ms); }));
        CHECK(s.max_times("killCursors").at(0) > 0);
        REQUIRE(poll_until(r, [&] { return s.client.statistics().idle_connections == 1; }));
    });
}

TEST_CASE("what of a cursor's times does not go together is an error, and nothing is sent") {
    on_each_backend([](reactor& r) {
        cursor_scene s(r);
        const auto refuses = [&](auto cursor) {
            return error_of(r, cursor.next()) == errc::invalid_argument;
        };
        using enum timeout_mode;
        CHECK(refuses(s.c.find({}, {.timeout_mode = cursor_lifetime})));
        CHECK(refuses(s.c.find({}, {.timeout_mode = iteration})));
        CHECK(refuses(s.c.find(
            {}, {.type = cursor_type::tailable, .timeout = 5s, .timeout_mode = cursor_lifetime})));
        CHECK(refuses(s.c.find(
            {}, {.type = cursor_type::tailable_await, .max_await_time = 10ms, .timeout = 10ms})));
        const bson::array out = arr(doc({"$out", "elsewhere"}));
        CHECK(refuses(s.c.aggregate(out, {.timeout = 5s, .timeout_mode = iteration})));
        CHECK(refuses(s.c.aggregate({}, {.max_await_time = 10ms, .timeout = 5ms})));
        CHECK(refuses(s.c.list_indexes({.timeout_mode = iteration})));
        CHECK(refuses(s.client["db"].list_collections({.timeout_mode = iteration})));
        CHECK(refuses(s.client["db"].run_cursor_command({{"find", "c"}},
                                                        {.max_await_time = 10ms, .timeout = 5s})));
        CHECK(s.peer.problems() == "");
        CHECK(s.peer.received("find").empty());
        CHECK(s.peer.received("aggregate").empty());
    });
}
