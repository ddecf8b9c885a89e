#include "commands.hpp"

#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using documents = std::vector<document>;

document get_more(i64 id, i64 batch_size = 0) {
    document d{{"getMore", id}, {"collection", "c"}};
    if (batch_size != 0) {
        d.append("batchSize", static_cast<std::int32_t>(batch_size));
    }
    return d.append("$db", "db");
}

std::vector<std::string> sent_get_mores(const scene& s) {
    std::vector<std::string> all;
    for (const auto& command : s.peer.received("getMore")) {
        all.push_back(json(with_database_last(command.body)));
    }
    return all;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "next gives the documents of every batch in order, with a getMore only when one is used up") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(2), 42));
        s.answer("getMore", next_batch(numbered(2, 2), 42));
        s.answer("getMore", next_batch(numbered(1, 4)));
        auto cursor = s.c.find();
        CHECK(cursor.id() == 0);
        CHECK(!cursor.exhausted());
        for (int i = 0; i < 5; ++i) {
            const auto next = sync_wait(r, cursor.next());
            REQUIRE(next);
            CHECK((*next)["_id"].get<int>() == i);
            CHECK(s.peer.received("getMore").size() == static_cast<std::size_t>(i / 2));
        }
        CHECK(cursor.exhausted());
        CHECK(cursor.id() == 0);
        CHECK(!sync_wait(r, cursor.next()));
        CHECK(!sync_wait(r, cursor.next()));
        CHECK(sent_get_mores(s) == texts{json(get_more(42)), json(get_more(42))});
        CHECK(s.peer.received("killCursors").empty());
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a cursor's id may be larger than 32 bits, or negative") {
    on_each_backend([](reactor& r) {
        for (const i64 id : {i64{1} << 60, i64{-5}}) {
            scene s(r);
            s.answer("find", first_batch({}, id));
            s.answer("getMore", next_batch(numbered(1)));
            CHECK(sync_wait(r, s.c.find().to_vector()).size() == 1);
            CHECK(sent_get_mores(s) == texts{json(get_more(id))});
        }
    });
}

TEST_CASE("empty batches in between are gone past; an empty result ends at once") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch({}, 42));
        s.answer("getMore", next_batch({}, 42));
        s.answer("getMore", next_batch(numbered(1), 42));
        s.answer("getMore", next_batch({}));
        CHECK(sync_wait(r, s.c.find().to_vector()) == numbered(1));
        s.answer("find", first_batch({}));
        CHECK(sync_wait(r, s.c.find().to_vector()).empty());
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a getMore asks for the batch size, but never beyond the limit") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(3), 42));
        s.answer("getMore", next_batch(numbered(3, 3), 42));
        s.answer("getMore", next_batch(numbered(2, 6)));
        CHECK(sync_wait(r, s.c.find().limit(8).batch_size(3).to_vector()) == numbered(8));
        CHECK(sent_get_mores(s) == texts{json(get_more(42, 3)), json(get_more(42, 2))});
    });
}

TEST_CASE(
    "a cursor whose limit is reached, and which the server left open, is killed and not asked "
    "again") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(2), 42));
        auto cursor = s.c.find().limit(2);
        CHECK(sync_wait(r, cursor.to_vector()) == numbered(2));
        REQUIRE(poll_until(r, [&] { return s.peer.received("killCursors").size() == 1; }));
        CHECK(s.peer.received("getMore").empty());
        CHECK(cursor.exhausted());
        CHECK(!error_of(r, s.client.close()));
    });
}

TEST_CASE("a cursor's comment goes with each getMore, a tailable_await one's wait as maxTimeMS") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch({}, 42));
        s.answer("getMore", next_batch(numbered(1)));
        {
            std::string gone = "why this find";
            auto cursor = s.c.find(
                {},
                {.comment = gone, .type = cursor_type::tailable_await, .max_await_time = 250ms});
            gone.assign(gone.size(), '?');
            CHECK(!sync_wait(r, cursor.next()));
            CHECK(sync_wait(r, cursor.next()));
        }
        CHECK(json(s.sent("getMore")) == json(document{{"getMore", i64{42}},
                                                       {"collection", "c"},
                                                       {"maxTimeMS", i64{250}},
                                                       {"comment", "why this find"},
                                                       {"$db", "db"}}));
        CHECK(!s.sent("find")["maxTimeMS"].exists());
    });
}

TEST_CASE("the limit, the skip and the order of what is no find's cursor are refused, not lost") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto db = s.client["db"];
        const auto refused = [&](cursor<> c) {
            CHECK(error_of(r, c.next()) == errc::invalid_argument);
            CHECK(error_of(r, c.next()) == errc::invalid_argument);
            CHECK(!error_of(r, c.close()));
        };
        refused(s.c.aggregate(arr()).limit(2));
        refused(s.c.aggregate(arr()).skip(2));
        refused(s.c.aggregate(arr()).sort({{"x", 1}}));
        refused(s.c.aggregate(arr()).projection({{"x", 1}}));
        refused(s.c.list_indexes().limit(2));
        refused(db.aggregate(arr()).limit(2));
        refused(db.list_collections().skip(1));
        refused(db.run_cursor_command({{"find", "c"}}).limit(2));
        CHECK(s.client.statistics().connections_created == 0);
    });
}

TEST_CASE("a batch size is the first batch's too, but for a command that is not the driver's") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto db = s.client["db"];
        const auto sizes = [&](const std::string& name, cursor<> c) {
            s.answer(name, first_batch({}, 42));
            s.answer("getMore", next_batch(numbered(1)));
            CHECK(sync_wait(r, c.next()));
            CHECK(s.peer.received("getMore").back().body["batchSize"].get<int>() == 7);
            return document(s.peer.received(name).back().body);
        };
        CHECK(sizes("aggregate", s.c.aggregate(arr()).batch_size(7))["cursor"]["batchSize"]
                  .get<int>() == 7);
        CHECK(sizes("aggregate",
                    s.c.aggregate(arr(), {.batch_size = 3}).batch_size(7))["cursor"]["batchSize"]
                  .get<int>() == 7);
        CHECK(sizes("aggregate", db.aggregate(arr()).batch_size(7))["cursor"]["batchSize"]
                  .get<int>() == 7);
        CHECK(sizes("listIndexes", s.c.list_indexes().batch_size(7))["cursor"]["batchSize"]
                  .get<int>() == 7);
        CHECK(sizes("listCollections", db.list_collections().batch_size(7))["cursor"]["batchSize"]
                  .get<int>() == 7);
        CHECK(!sizes("x", db.run_cursor_command({{"x", 1}}).batch_size(7))["cursor"].exists());
        // 0 takes it back.
        s.answer("aggregate", first_batch({}));
        auto any = s.c.aggregate(arr(), {.batch_size = 3}).batch_size(0);
        CHECK(!sync_wait(r, any.next()));
        CHECK(s.peer.received("aggregate").back().body["cursor"].get<document>() == doc());
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a comment goes with the getMores of a cursor, but for those that inherit it") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto db = s.client["db"];
        const auto check = [&](const std::string& name, cursor<> c, bool in_command,
                               bool in_get_more) {
            s.answer(name, first_batch({}, 42));
            s.answer("getMore", next_batch(numbered(1)));
            CHECK(sync_wait(r, c.next()));
            const document get_more(s.peer.received("getMore").back().body);
            CHECK(get_more["comment"].get_or<std::string>("") == (in_get_more ? "why" : ""));
            CHECK(s.peer.received(name).back().body["comment"].exists() == in_command);
        };
        check("aggregate", s.c.aggregate(arr(), {.comment = "why"}), true, true);
        check("listIndexes", s.c.list_indexes({.comment = "why"}), true, true);
        check("listCollections", db.list_collections({.comment = "why"}), true, false);
        check("x", db.run_cursor_command({{"x", 1}}, {.comment = "why"}), false, true);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("servers before 4.4 are sent no comment with a getMore") {
    on_each_backend([](reactor& r) {
        scene s(r);
        document hello;
        hello.append("isWritablePrimary", true).append("maxWireVersion", 8).append("ok", 1);
        s.peer.always("hello", reply_script().reply(hello));
        s.answer("find", first_batch({}, 42));
        s.answer("getMore", next_batch(numbered(1)));
        auto cursor = s.c.find({}, {.comment = "why"});
        CHECK(sync_wait(r, cursor.next()));
        CHECK(s.sent("find")["comment"].exists());
        CHECK(!s.sent("getMore")["comment"].exists());
    });
}

TEST_CASE("a tailable cursor gives nothing when nothing new is there, and may be asked again") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(1), 42));
        s.answer("getMore", next_batch({}, 42));
        s.answer("getMore", next_batch(numbered(1, 1), 42));
        s.answer("getMore", next_batch({}));
        auto cursor = s.c.find({}, {.type = cursor_type::tailable});
        CHECK(sync_wait(r, cursor.next()));
        CHECK(!sync_wait(r, cursor.next()));
        CHECK(!cursor.exhausted());
        const auto next = sync_wait(r, cursor.next());
        REQUIRE(next);
        CHECK((*next)["_id"].get<int>() == 1);
        CHECK(!sync_wait(r, cursor.next()));
        CHECK(cursor.exhausted());
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("whole batches: what is left of the current one, then the next") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(3), 42));
        s.answer("getMore", next_batch(numbered(2, 3)));
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.next()));
        std::vector<int> sizes;
        while (auto batch = sync_wait(r, cursor.next_batch())) {
            int size = 0;
            for (const auto& d : *batch) {
                CHECK(d["_id"].exists());
                ++size;
            }
            sizes.push_back(size);
        }
        CHECK(sizes == std::vector<int>{2, 2});
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("to_vector takes up to its limit, and leaves the rest to be read") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(3), 42));
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.to_vector(0)).empty());
        CHECK(s.peer.received("find").empty());
        CHECK(sync_wait(r, cursor.to_vector(2)) == numbered(2));
        s.answer("getMore", next_batch(numbered(1, 3)));
        CHECK(sync_wait(r, cursor.to_vector()) == numbered(2, 2));
    });
}

TEST_CASE("a range-like loop visits every document once") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(2), 42));
        s.answer("getMore", next_batch(numbered(2, 2)));
        const auto loop = [](scene& in) -> task<std::vector<int>> {
            std::vector<int> ids;
            auto cursor = in.c.find();
            for (auto it = co_await cursor.begin(); it != cursor.end(); co_await ++it) {
                ids.push_back((*it)["_id"].get<int>());
                CHECK(it->contains("_id"));
            }
            co_return ids;
        };
        CHECK(sync_wait(r, loop(s)) == std::vector<int>{0, 1, 2, 3});
        s.answer("find", first_batch({}));
        CHECK(sync_wait(r, loop(s)).empty());
    });
}

TEST_CASE("a view of a document lives until the next call, a found one as long as it is held") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto views = s.c.as<document_view>();
        s.answer("find", first_batch(numbered(2)));
        auto cursor = views.find();
        const auto first = sync_wait(r, cursor.next());
        REQUIRE(first);
        CHECK((*first)["_id"].get<int>() == 0);
        s.answer("find", first_batch(numbered(1, 5)));
        const auto found = sync_wait(r, views.find_one());
        REQUIRE(found);
        CHECK(!error_of(r, s.client.close()));
        CHECK(found->view()["_id"].get<int>() == 5);
        CHECK(found->owned() == doc({"_id", 5}));
    });
}

TEST_CASE("an unfinished cursor that is destroyed is killed on the server; one at its end is not") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", reply_script().reply(first_batch(numbered(2), 42)));
        {
            auto cursor = s.c.find();
            CHECK(sync_wait(r, cursor.next()));
        }
        REQUIRE(poll_until(r, [&] { return s.peer.received("killCursors").size() == 1; }));
        CHECK(json(s.sent("killCursors")) ==
              json(document{{"killCursors", "c"}, {"cursors", arr(i64{42})}, {"$db", "db"}}));
        s.answer("find", first_batch(numbered(2)));
        CHECK(sync_wait(r, s.c.find().next()));
        { const auto unstarted = s.c.find(); }
        CHECK(!error_of(r, s.client.close()));
        CHECK(s.peer.received("killCursors").size() == 1);
    });
}

TEST_CASE("a cursor is killed in the namespace that the server named") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer(
            "aggregate",
            doc({"cursor", doc({"id", i64{8}}, {"ns", "db.$cmd.aggregate"}, {"firstBatch", arr()})},
                {"ok", 1.0}));
        s.answer("getMore", next_batch(numbered(1), 8));
        {
            auto cursor = s.client["db"].aggregate(arr());
            CHECK(sync_wait(r, cursor.next()));
        }
        CHECK(s.sent("getMore")["collection"].get<std::string>() == "$cmd.aggregate");
        REQUIRE(poll_until(r, [&] { return s.peer.received("killCursors").size() == 1; }));
    });
}

TEST_CASE(
    "close kills a cursor and waits for it; afterwards it is client_closed, and closing is "
    "harmless") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(2), 42));
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.next()));
        CHECK(!error_of(r, cursor.close()));
        CHECK(s.peer.received("killCursors").size() == 1);
        CHECK(error_of(r, cursor.next()) == errc::client_closed);
        CHECK(!error_of(r, cursor.close()));
        auto unstarted = s.c.find();
        CHECK(!error_of(r, unstarted.close()));
        CHECK(error_of(r, unstarted.next()) == errc::client_closed);
        CHECK(s.peer.received("killCursors").size() == 1);
        CHECK(s.peer.received("find").size() == 1);
    });
}

TEST_CASE("closing a cursor that the server does not kill is no error, but for a deadline") {
    on_each_backend([](reactor& r) {
        scene s(r);
        for (const auto& answer :
             {reply_script().reply(op_msg_peer::error_document(13, "Unauthorized", "no")),
              reply_script().close()}) {
            s.answer("find", first_batch(numbered(2), 42));
            s.peer.expect("killCursors", answer);
            auto cursor = s.c.find();
            CHECK(sync_wait(r, cursor.next()));
            CHECK(!error_of(r, cursor.close()));
        }
        s.answer("find", first_batch(numbered(2), 42));
        s.peer.expect("killCursors", reply_script().hang());
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.next()));
        CHECK(error_of(r, cursor.close(50ms)) == errc::deadline_exceeded);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE(
    "an option that is set after the start fails the cursor, two calls at once fail the second") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(2), 42));
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.next()));
        cursor.sort({{"x", 1}});
        CHECK(sync_wait(r, cursor.next()));  // it is here already
        CHECK(error_of(r, cursor.next()) == errc::invalid_argument);
        s.peer.expect("find", reply_script().wait(60ms).reply(first_batch(numbered(1))));
        auto busy = s.c.find();
        running first(r, busy.next());
        r.poll();
        CHECK(error_of(r, busy.next()) == errc::invalid_argument);
        CHECK(error_of(r, busy.close()) == errc::invalid_argument);
        CHECK(first.wait());
    });
}

TEST_CASE("a getMore that fails ends the cursor with that error; what came before was given") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(1), 42));
        s.answer("getMore", op_msg_peer::error_document(43, "CursorNotFound", "gone"));
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.next()));
        const auto e = error_of(r, cursor.next());
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 43);
        CHECK(error_of(r, cursor.next()).server_code() == 43);
        CHECK(s.peer.received("getMore").size() == 1);
        s.check_works(1);
        CHECK(s.peer.received("killCursors").empty());
    });
}

TEST_CASE("a getMore whose connection breaks ends the cursor, and it is killed over another one") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("find", first_batch(numbered(1), 42));
        s.peer.expect("getMore", reply_script().close());
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.next()));
        CHECK(error_of(r, cursor.next()) == errc::connection_closed);
        REQUIRE(poll_until(r, [&] { return s.peer.received("killCursors").size() == 1; }));
        CHECK(!error_of(r, s.client.close()));
    });
}

TEST_CASE("a cursor of a server that is gone is not killed, and nobody waits for that for long") {
    on_each_backend([](reactor& r) {
        for (const bool closes : {true, false}) {
            scene s(r);
            s.answer("find", first_batch(numbered(1), 42));
            s.peer.expect("getMore", reply_script().close());
            auto cursor = s.c.find();
            CHECK(sync_wait(r, cursor.next()));
            s.peer.stop_accepting();
            CHECK(error_of(r, cursor.next()) == errc::connection_closed);
            if (closes) {
                CHECK(!error_of(r, s.client.close()));
            }
            r.run();
            CHECK(s.peer.received("killCursors").empty());
        }
    });
}

TEST_CASE("a find that is cancelled leaves no cursor behind: that of its late reply is killed") {
    on_each_backend([](reactor& r) {
        scene s(r, {.drain_timeout = 60s});
        for (const bool destroyed : {false, true}) {
            const auto finds = s.peer.received("find").size();
            s.peer.expect("find", reply_script().wait(80ms).reply(first_batch(numbered(1), 42)));
            {
                auto cursor = s.c.find();
                std::stop_source stop;
                running next(r, with_stop(cursor.next(), stop.get_token()));
                REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() > finds; }));
                if (!destroyed) {
                    stop.request_stop();
                    CHECK(next.wait().error() == errc::operation_cancelled);
                }
            }
            REQUIRE(poll_until(r, [&] { return s.peer.received("killCursors").size() > finds; }));
            CHECK(json(with_database_last(s.peer.received("killCursors").back().body)) ==
                  json(document{{"killCursors", "c"}, {"cursors", arr(i64{42})}, {"$db", "db"}}));
        }
        // One without a cursor leaves none.
        s.peer.expect("find", reply_script().wait(80ms).reply(first_batch(numbered(1))));
        CHECK(error_of(r, with_deadline(s.c.find().next(), 20ms)) == errc::deadline_exceeded);
        CHECK(!error_of(r, s.client.close()));
        CHECK(s.peer.received("killCursors").size() == 2);
        CHECK(s.peer.received("killCursors")[0].connection ==
              s.peer.received("find")[0].connection);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE(
    "a getMore that is cancelled ends the cursor and kills it: no later batch takes its place") {
    on_each_backend([](reactor& r) {
        scene s(r, {.drain_timeout = 60s});
        s.answer("find", first_batch(numbered(1), 42));
        s.peer.expect("getMore", reply_script().wait(80ms).reply(next_batch(numbered(1, 1), 42)));
        auto cursor = s.c.find();
        CHECK(sync_wait(r, cursor.next()));
        std::stop_source stop;
        running next(r, with_stop(cursor.next(), stop.get_token()));
        REQUIRE(poll_until(r, [&] { return s.peer.received("getMore").size() == 1; }));
        stop.request_stop();
        CHECK(next.wait().error() == errc::operation_cancelled);
        CHECK(error_of(r, cursor.next()) == errc::operation_cancelled);
        REQUIRE(poll_until(r, [&] { return s.peer.received("killCursors").size() == 1; }));
        CHECK(!error_of(r, s.client.close()));
        CHECK(s.peer.received("getMore").size() == 1);
    });
}
