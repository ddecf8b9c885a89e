#include "integration_support.hpp"

using namespace mongoro;
using namespace mongoro::test;

namespace {

std::vector<int> counted(int from, int to) {
    std::vector<int> ids;
    for (int i = from; i < to; ++i) {
        ids.push_back(i);
    }
    return ids;
}

/// Whether the server still knows the cursor.
bool is_open(const server_scene& s, std::int64_t id) {
    const auto e = error_of(s.r, s.admin[s.db.name()].run_command(
                                     {{"getMore", id}, {"collection", "c"}, {"batchSize", 1}}));
    if (e) {
        CHECK(e.server_code() == 43);  // CursorNotFound
    }
    return !e;
}

}  // namespace

TEST_CASE("a find gives every document over many batches, whatever their size") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(250);
        for (const int batch_size : {0, 1, 2, 100, 249, 250, 251}) {
            CAPTURE(batch_size);
            const auto found =
                sync_wait(r, s.c.find().sort({{"_id", 1}}).batch_size(batch_size).to_vector());
            CHECK(ids_of(found) == counted(0, 250));
        }
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("sort, skip, limit, projection and batch size chain") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(50);
        const auto found = sync_wait(r, s.c.find({{"x", {{"$lt", 40}}}})
                                            .sort({{"_id", -1}})
                                            .skip(5)
                                            .limit(10)
                                            .batch_size(3)
                                            .projection({{"x", 0}})
                                            .to_vector());
        REQUIRE(found.size() == 10);
        CHECK(found.front() == doc({"_id", 34}));
        CHECK(found.back() == doc({"_id", 25}));
    });
}

TEST_CASE("limits of every kind end where they say, and leave no cursor open") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(30);
        const auto size = [&](std::int64_t limit, std::int32_t batch_size) {
            auto cursor = s.c.find().limit(limit).batch_size(batch_size);
            const auto found = sync_wait(r, cursor.to_vector());
            CHECK(cursor.exhausted());
            CHECK(cursor.id() == 0);
            return found.size();
        };
        CHECK(size(0, 7) == 30);
        CHECK(size(10, 0) == 10);
        CHECK(size(10, 4) == 10);
        CHECK(size(10, 10) == 10);
        CHECK(size(10, 100) == 10);
        CHECK(size(-10, 0) == 10);
        CHECK(size(-10, 3) == 10);
        CHECK(size(1, 0) == 1);
        CHECK(size(30, 7) == 30);
        CHECK(size(31, 31) == 30);
    });
}

TEST_CASE(
    "options of find that the server checks: hint, min, max, collation, let, comment, returnKey") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(10);
        const document by_x{{"x", 1}};
        sync_wait(r, s.c.create_index(by_x));
        const document min{{"x", 3}};
        const document max{{"x", 6}};
        const auto between =
            sync_wait(r, s.c.find({}, {.comment = "between", .hint = "x_1", .max = max, .min = min})
                             .to_vector());
        CHECK(ids_of(between) == std::vector<int>{3, 4, 5});
        CHECK(error_of(r, s.c.find({}, {.hint = "no_such_index"}).to_vector()).server_code() == 2);
        const document let{{"wanted", 4}};
        const auto by_let = sync_wait(
            r, s.c.find({{"$expr", {{"$eq", {"$x", "$$wanted"}}}}}, {.let = let}).to_vector());
        CHECK(ids_of(by_let) == std::vector<int>{4});
        const document english{{"locale", "en"}, {"strength", 2}};
        sync_wait(r, s.c.insert_one({{"_id", 99}, {"name", "Ada"}}));
        CHECK(
            sync_wait(r, s.c.find({{"name", "ADA"}}, {.collation = english}).to_vector()).size() ==
            1);
        CHECK(sync_wait(
                  r,
                  s.c.find({}, {.allow_disk_use = true, .max_time = 30s, .sort = by_x}).to_vector())
                  .size() == 11);
    });
}

TEST_CASE("a cursor that is destroyed before its end is gone on the server too") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(20);
        std::int64_t id = 0;
        {
            auto cursor = s.c.find().batch_size(2);
            CHECK(sync_wait(r, cursor.next()));
            id = cursor.id();
            REQUIRE(id != 0);
            CHECK(is_open(s, id));
        }
        CHECK(!error_of(r, s.client.close()));
        CHECK(!is_open(s, id));
    });
}

TEST_CASE("close ends a cursor on the server before it returns") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(20);
        auto cursor = s.c.find().batch_size(2);
        CHECK(sync_wait(r, cursor.next()));
        const auto id = cursor.id();
        CHECK(!error_of(r, cursor.close()));
        CHECK(!is_open(s, id));
        CHECK(error_of(r, cursor.next()) == errc::client_closed);
    });
}

TEST_CASE("a cursor whose limit was reached is not left open on the server") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(20);
        auto cursor = s.c.find().limit(4).batch_size(2);
        CHECK(sync_wait(r, cursor.next()));
        const auto id = cursor.id();
        REQUIRE(id != 0);
        CHECK(sync_wait(r, cursor.to_vector()).size() == 3);
        CHECK(!error_of(r, s.client.close()));
        CHECK(!is_open(s, id));
    });
}

TEST_CASE("a tailable cursor sees what is inserted while it is open") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        sync_wait(r, s.db.create_collection("c", {.capped = true, .size = 100'000}));
        s.insert_numbered(2);
        for (const auto type : {cursor_type::tailable, cursor_type::tailable_await}) {
            std::optional<std::chrono::milliseconds> wait;
            if (type == cursor_type::tailable_await) {
                wait = 50ms;
            }
            const auto before = static_cast<int>(sync_wait(r, s.c.count_documents()));
            auto cursor = s.c.find({}, {.type = type, .max_await_time = wait});
            for (int i = 0; i < before; ++i) {
                CHECK(sync_wait(r, cursor.next()));
            }
            CHECK(!sync_wait(r, cursor.next()));
            CHECK(!cursor.exhausted());
            sync_wait(r, s.c.insert_one(numbered_document(before)));
            std::optional<document> seen;
            for (int i = 0; i < 100 && !seen; ++i) {
                seen = sync_wait(r, cursor.next());
            }
            REQUIRE(seen);
            CHECK((*seen)["_id"].get<int>() == before);
            CHECK(!error_of(r, cursor.close()));
        }
    });
}

TEST_CASE("whole batches come with as many documents as were asked for") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(10);
        auto cursor = s.c.find().sort({{"_id", 1}}).batch_size(4);
        std::vector<int> sizes;
        std::vector<int> ids;
        while (auto batch = sync_wait(r, cursor.next_batch())) {
            sizes.push_back(0);
            for (const auto& d : *batch) {
                ids.push_back(d["_id"].get<int>());
                ++sizes.back();
            }
        }
        CHECK(sizes == std::vector<int>{4, 4, 2});
        CHECK(ids == counted(0, 10));
    });
}

TEST_CASE("a range-like loop reads a cursor to its end") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(25);
        const auto loop = [](collection<> c) -> task<std::vector<int>> {
            std::vector<int> ids;
            auto cursor = c.find().sort({{"_id", 1}}).batch_size(10);
            for (auto it = co_await cursor.begin(); it != cursor.end(); co_await ++it) {
                ids.push_back((*it)["_id"].get<int>());
            }
            co_return ids;
        };
        CHECK(sync_wait(r, loop(s.c)) == counted(0, 25));
    });
}

TEST_CASE("a find of a bad filter is the server's error, and ends the cursor") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(1);
        auto cursor = s.c.find({{"x", {{"$nonsense", 1}}}});
        const auto e = error_of(r, cursor.next());
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 2);
        CHECK(e.server_code_name() == "BadValue");
        CHECK(!e.server_message().empty());
        CHECK(error_of(r, cursor.next()).server_code() == 2);
        CHECK(sync_wait(r, s.c.find_one()));
    });
}

TEST_CASE(
    "a getMore of a cursor that the server has killed is CursorNotFound, and the client goes on") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(10);
        auto cursor = s.c.find().batch_size(2);
        CHECK(sync_wait(r, cursor.next()));
        static_cast<void>(
            sync_wait(r, s.db.run_command({{"killCursors", "c"}, {"cursors", arr(cursor.id())}})));
        CHECK(sync_wait(r, cursor.next()));
        const auto e = error_of(r, cursor.next());
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 43);
        CHECK(sync_wait(r, s.c.count_documents()) == 10);
    });
}
