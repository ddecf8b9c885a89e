#include "backends.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/adapters/callback.hpp>
#include <mongoro/client.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

using namespace mongoro;
using namespace mongoro::test;
using namespace std::chrono_literals;

namespace {

/// The reply to a find or a getMore: {n: first}, {n: first + 1}, …
document reply_of(const char* field, std::int64_t id, int first, int count) {
    array documents;
    for (int n = first; n < first + count; ++n) {
        documents.append(document{{"n", n}});
    }
    // doc: nested braces with a key that is no literal would be an array.
    return {{"cursor", doc({field, documents}, {"id", id}, {"ns", "db.c"})}, {"ok", 1.0}};
}

/// A collection of 5 documents that come in two batches, of 3 and 2.
void two_batches(op_msg_peer& peer) {
    peer.expect("find", reply_script().reply(reply_of("firstBatch", 77, 0, 3)));
    peer.expect("getMore", reply_script().reply(reply_of("nextBatch", 0, 3, 2)));
}

/// What an `each` was told.
struct heard {
    std::vector<int> numbers;
    int ends = 0;
    error failure;

    void operator()(const std::optional<document>& d, const error& e) {
        if (d) {
            numbers.push_back((*d)["n"].get<int>());
        } else if (e) {
            failure = e;
        } else {
            ++ends;
        }
    }
};

}  // namespace

TEST_CASE("each calls once a document, over every batch, and once with neither at the end") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        two_batches(peer);
        client db(r, peer.uri());
        heard got;
        each(db["db"]["c"].find(), [&](std::optional<document> d, const error& e) { got(d, e); });
        CHECK(got.numbers.empty());
        r.run();
        CHECK(got.numbers == std::vector{0, 1, 2, 3, 4});
        CHECK(got.ends == 1);
        CHECK(!got.failure);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("each that is stopped by false leaves the cursor at the next document") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        two_batches(peer);
        client db(r, peer.uri());
        auto documents = db["db"]["c"].find();
        heard got;
        each(documents, [&](std::optional<document> d, const error& e) {
            got(d, e);
            return got.numbers.size() < 2;
        });
        r.run();
        CHECK(got.numbers == std::vector{0, 1});
        CHECK(got.ends == 0);

        const auto third = sync_wait(r, documents.next());
        REQUIRE(third);
        CHECK((*third)["n"].get<int>() == 2);

        heard rest;
        each(documents, [&](std::optional<document> d, const error& e) { rest(d, e); });
        r.run();
        CHECK(rest.numbers == std::vector{3, 4});
        CHECK(rest.ends == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("each gives the error once, after the documents that came before it") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.expect("find", reply_script().reply(reply_of("firstBatch", 77, 0, 3)));
        peer.expect("getMore", reply_script().reply(op_msg_peer::error_document(
                                   43, "CursorNotFound", "cursor id 77 not found")));
        client db(r, peer.uri());
        heard got;
        each(db["db"]["c"].find(), [&](std::optional<document> d, const error& e) { got(d, e); });
        r.run();
        CHECK(got.numbers == std::vector{0, 1, 2});
        CHECK(got.ends == 0);
        CHECK(got.failure == errc::command_failed);
        CHECK(got.failure.server_code() == 43);
    });
}

TEST_CASE(
    "a callback of each that throws: the exception leaves run(), the cursor and the client go on") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        two_batches(peer);
        client db(r, peer.uri());
        auto documents = db["db"]["c"].find();
        int called = 0;
        each(documents, [&](std::optional<document>, const error&) {
            ++called;
            throw std::runtime_error("from the callback");
        });
        CHECK_THROWS_WITH_AS(r.run(), "from the callback", std::runtime_error);
        CHECK(called == 1);
        r.run();
        CHECK(called == 1);

        heard rest;
        each(documents, [&](std::optional<document> d, const error& e) { rest(d, e); });
        r.run();
        CHECK(rest.numbers == std::vector{1, 2, 3, 4});
        CHECK_NOTHROW(sync_wait(r, db.ping()));
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("each at the end may throw as well") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        two_batches(peer);
        client db(r, peer.uri());
        each(db["db"]["c"].find(), [](std::optional<document> d, const error&) {
            if (!d) {
                throw std::runtime_error("at the end");
            }
        });
        CHECK_THROWS_WITH_AS(r.run(), "at the end", std::runtime_error);
        CHECK_NOTHROW(sync_wait(r, db.ping()));
    });
}

TEST_CASE("each that is cancelled while a batch is under way says so") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.expect("find", reply_script().wait(100ms).reply(reply_of("firstBatch", 0, 0, 3)));
        client db(r, peer.uri());
        heard got;
        const call_handle handle = each(
            db["db"]["c"].find(), [&](std::optional<document> d, const error& e) { got(d, e); });
        REQUIRE(poll_until(r, [&] { return !peer.received("find").empty(); }));
        handle.cancel();
        REQUIRE(poll_until(r, [&] { return static_cast<bool>(got.failure); }));
        CHECK(got.failure == errc::operation_cancelled);
        CHECK(got.numbers.empty());
        // The reply that nobody wants is read, and its connection serves the next operation.
        CHECK_NOTHROW(sync_wait(r, db.ping()));
        r.run();
    });
}

TEST_CASE("to_list gives up to n documents, and the cursor has the others") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        two_batches(peer);
        client db(r, peer.uri());
        auto documents = db["db"]["c"].find();
        std::vector<std::size_t> sizes;
        const auto keep = [&](std::optional<std::vector<document>> d, const error& e) {
            REQUIRE(d);
            CHECK(!e);
            sizes.push_back(d->size());
        };
        to_list(documents, 4, keep);
        r.run();
        to_list(documents, 4, keep);
        r.run();
        CHECK(sizes == std::vector<std::size_t>{4, 1});
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("open_sync connects, and after a failure the client works") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        client db(r, peer.uri());
        peer.expect("hello", reply_script().close());
        const auto failed = open_sync(r, db.ping(), deadline::after(100ms));
        CHECK(failed.error() == errc::deadline_exceeded);
        REQUIRE(failed.error().cause() != nullptr);
        CHECK(*failed.error().cause() == errc::server_selection_timeout);
        const auto connected = open_sync(r, db.ping(), deadline::after(10s));
        CHECK(connected.error().to_string() == error().to_string());
        CHECK(db.statistics().connections == 1);
    });
}

TEST_CASE("open_sync to a server that says nothing ends with its deadline") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.expect("hello", reply_script().hang());
        client db(r, peer.uri());
        const auto connected = open_sync(r, db.ping(), deadline::after(20ms));
        CHECK(connected.error() == errc::deadline_exceeded);
    });
}

TEST_CASE("a next() that was handed over outlives its cursor, in every form") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        client db(r, peer.uri());
        auto c = db["db"]["c"];
        std::vector<int> got;
        const auto note = [&](const std::optional<document>& d, const error& e) {
            CHECK_FALSE(e);
            got.push_back(d ? (*d)["n"].get<int>() : -1);
        };
        const auto only = [&](int n) {
            peer.expect("find", reply_script().reply(reply_of("firstBatch", 0, n, 1)));
        };
        only(1);
        {
            auto cursor = c.find();
            start(r, cursor.next(), note);
        }
        r.run();
        only(2);
        {
            auto cursor = c.find();
            start(cursor.next(), note);
        }
        r.run();
        only(3);
        auto bounded = [&] {
            auto cursor = c.find();
            return with_deadline(cursor.next(), deadline::after(1min));
        }();
        start(r, std::move(bounded), note);
        r.run();
        only(4);
        auto kept = [&] {
            auto cursor = c.find();
            return cursor.next();
        }();
        const auto fourth = sync_wait(r, std::move(kept));
        REQUIRE(fourth);
        got.push_back((*fourth)["n"].get<int>());
        CHECK(got == std::vector{1, 2, 3, 4});
    });
}

TEST_CASE("a call that never began may be the last to keep a client when its reactor goes") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        op_msg_peer peer;
        bool called = false;
        start(client(*r, peer.uri()).ping(), [&](const error&) { called = true; });
        r.reset();
        CHECK(!called);
        CHECK(peer.connections() == 0);
    });
}
