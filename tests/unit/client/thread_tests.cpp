#include "client_support.hpp"

#include <mongoro/event_listener.hpp>
#include <mongoro/when_all.hpp>
#include <mongoro/with_stop.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// Runs a body on a thread of its own, and the reactor on this one until it has ended.
template <typename Body>
void beside(reactor& r, Body body) {
    std::atomic<bool> done = false;
    std::thread other([&] {
        body();
        done = true;
    });
    const bool ended = poll_until(r, [&] { return done.load(); });
    other.join();
    REQUIRE(ended);
}

std::unique_ptr<reactor> another(const reactor& r) {
    return std::move(reactor::create({.backend = r.backend()}).value());
}

task<std::thread::id> find_and_say_where(collection<> c) {
    static_cast<void>(co_await c.find_one());
    co_return std::this_thread::get_id();
}

reply_script one_document() {
    return reply_script().reply(first_batch(numbered(1, 7)));
}

/// Where clients have ended.
class endings final : public topology_listener {
 public:
    void on(const topology_closed_event&) noexcept override {
        where = std::this_thread::get_id();
        ++count;
    }
    using topology_listener::on;

    std::thread::id where;  // read it after the count
    std::atomic<int> count = 0;
};

}  // namespace

TEST_CASE("a task of another thread's reactor awaits a find, and resumes on its own thread") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", one_document());
        int right = 0;
        beside(r, [&] {
            const auto theirs = another(r);
            for (int i = 0; i < 20; ++i) {
                const auto where = sync_wait(*theirs, find_and_say_where(s.c));
                right += where == std::this_thread::get_id() ? 1 : 0;
            }
        });
        CHECK(right == 20);
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("operations are built and awaited from several threads at once, over one pool") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 2});
        s.peer.always("find", one_document());
        s.peer.always("insert", reply_script().reply(doc({"n", 1}, {"ok", 1.0})));
        std::atomic<int> found = 0;
        std::atomic<int> left = 4;
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                const auto theirs = another(r);
                for (int i = 0; i < 25; ++i) {
                    static_cast<void>(sync_wait(*theirs, s.c.insert_one({{"i", i}})));
                    found += sync_wait(*theirs, s.c.find_one()) ? 1 : 0;
                }
                --left;
            });
        }
        const bool ended = poll_until(r, [&] { return left == 0; });
        for (auto& t : threads) {
            t.join();
        }
        REQUIRE(ended);
        CHECK(found == 100);
        CHECK(s.peer.received("insert").size() == 100);
        CHECK(s.client.statistics().connections_created <= 2);
    });
}

TEST_CASE("an error, a refused argument and a stop reach an awaiter on another thread") {
    on_each_backend([](reactor& r) {
        scene s(r, {.drain_timeout = 60s});
        s.peer.always("count",
                      reply_script().reply(op_msg_peer::error_document(2, "BadValue", "")));
        s.peer.always("find", reply_script().wait(100ms).reply(first_batch({})));
        error failed;
        error refused;
        error stopped;
        beside(r, [&] {
            const auto theirs = another(r);
            failed = error_of(*theirs, s.c.estimated_document_count());
            refused = error_of(*theirs, s.c.update_one({}, {{"x", 1}}));
            std::stop_source stop;
            std::jthread third([&] {
                static_cast<void>(s.peer.wait_for("find", 1));
                stop.request_stop();
            });
            stopped = error_of(*theirs, with_stop(s.c.find_one(), stop.get_token()));
        });
        CHECK(failed == errc::command_failed);
        CHECK(refused == errc::invalid_argument);
        CHECK(stopped == errc::operation_cancelled);
        CHECK(!error_of(r, s.client.close()));
    });
}

TEST_CASE("a cursor is read from another thread, one call at a time") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(3), 9));
        s.answer("getMore", next_batch(numbered(3, 3)));
        std::vector<document> all;
        beside(r, [&] {
            const auto theirs = another(r);
            auto cursor = s.c.find();
            while (auto next = sync_wait(*theirs, cursor.next())) {
                all.push_back(std::move(*next));
            }
        });
        CHECK(all == numbered(6));
    });
}

TEST_CASE("a reactor and a client a thread share nothing") {
    const auto kinds = backends();
    std::atomic<int> found = 0;
    op_msg_peer peer;
    peer.always("find", one_document());
    std::vector<std::unique_ptr<reactor>> made_ones;
    for (std::size_t t = 0; t < 4; ++t) {
        auto made = make_reactor({.backend = kinds[t % kinds.size()]});
        made_ones.push_back(made ? std::move(made)
                                 : make_reactor({.backend = reactor_backend::epoll}));
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            const auto mine = std::move(made_ones[t]);
            reactor& r = *mine;
            const client c(r, peer.uri());
            for (int i = 0; i < 50; ++i) {
                found += sync_wait(r, c["db"]["c"].find_one()) ? 1 : 0;
            }
            sync_wait(r, c.close());
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    CHECK(found == 200);
    CHECK(peer.connections() == 4 + 4);  // a monitor's for each
}

TEST_CASE("the last handle of a client may be dropped on another thread: it ends on its own") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find", one_document());
        const auto ended = std::make_shared<endings>();
        std::optional<client> c(std::in_place, r, peer.uri(),
                                client_options{.topology_listener = ended});
        auto people = std::make_unique<collection<>>((*c)["db"]["c"]);
        r.post([&] { c.reset(); });
        bool found = false;
        beside(r, [&, mine = std::move(people)]() mutable {
            const auto theirs = another(r);
            found = sync_wait(*theirs, mine->find_one()).has_value();
            mine.reset();
        });
        CHECK(found);
        REQUIRE(poll_until(r, [&] { return ended->count == 1; }));
        CHECK(ended->where == std::this_thread::get_id());
        CHECK(poll_until(r, [&] { return peer.wait_for_closed(2, 0ms); }));
        CHECK(ended->count == 1);
    });
}

TEST_CASE("an operation that is dropped unstarted may be the last to keep its client, anywhere") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const auto ended = std::make_shared<endings>();
        std::optional<client> c(std::in_place, r, peer.uri(),
                                client_options{.topology_listener = ended});
        sync_wait(r, c->ping());
        auto ping = std::make_unique<awaitable<void>>(c->ping());
        c.reset();
        beside(r, [mine = std::move(ping)]() mutable { mine.reset(); });
        REQUIRE(poll_until(r, [&] { return ended->count == 1; }));
        CHECK(ended->where == std::this_thread::get_id());
    });
}

TEST_CASE("unfinished cursors that are dropped on another thread are killed") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", reply_script().reply(first_batch(numbered(2), 9)));
        constexpr int count = 20;
        beside(r, [&] {
            const auto theirs = another(r);
            for (int i = 0; i < count; ++i) {
                auto cursor = s.c.find();
                static_cast<void>(sync_wait(*theirs, cursor.next()));
            }
        });
        REQUIRE(poll_until(r, [&] { return s.peer.received("killCursors").size() == count; }));
        CHECK(!error_of(r, s.client.close()));
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a cursor that is the last to keep its client may be dropped on another thread") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find", reply_script().reply(first_batch(numbered(2), 9)));
        const auto ended = std::make_shared<endings>();
        const client_options told{.topology_listener = ended};
        auto cursor = std::make_unique<mongoro::cursor<document>>(
            client(r, peer.uri(), told)["db"]["c"].find());
        beside(r, [&, mine = std::move(cursor)]() mutable {
            const auto theirs = another(r);
            static_cast<void>(sync_wait(*theirs, mine->next()));
            mine.reset();
        });
        REQUIRE(poll_until(r, [&] { return ended->count == 1; }));
        CHECK(ended->where == std::this_thread::get_id());
    });
}

TEST_CASE("an end that waits for its reactor happens with the reactor's at the latest") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        op_msg_peer peer;
        peer.always("find", reply_script().reply(first_batch(numbered(2), 9)));
        const auto listener = std::make_shared<topology_listener>();
        std::optional<client> c(std::in_place, *r, peer.uri(),
                                client_options{.topology_listener = listener});
        auto cursor = std::make_unique<mongoro::cursor<document>>((*c)["db"]["c"].find());
        CHECK(sync_wait(*r, cursor->next()));
        std::thread([&] {
            cursor.reset();
            c.reset();
        }).join();
        CHECK(listener.use_count() > 1);
        r.reset();
        CHECK(listener.use_count() == 1);
        CHECK(peer.received("killCursors").empty());
    });
}
