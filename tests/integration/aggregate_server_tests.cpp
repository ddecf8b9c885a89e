#include "integration_support.hpp"

#include <algorithm>

using namespace mongoro;
using namespace mongoro::test;

TEST_CASE("an aggregate gives what its pipeline makes of the collection, over batches") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(50);
        const auto pipeline =
            arr(doc({"$match", doc({"x", doc({"$gte", 40})})}),
                doc({"$project", doc({"_id", 0}, {"twice", doc({"$multiply", arr("$x", 2)})})}),
                doc({"$sort", doc({"twice", 1})}));
        const auto made =
            sync_wait(r, s.c.aggregate(pipeline, {.batch_size = 3, .comment = "x"}).to_vector());
        REQUIRE(made.size() == 10);
        CHECK(made.front() == doc({"twice", 80}));
        CHECK(made.back() == doc({"twice", 98}));
        CHECK(sync_wait(r, s.c.aggregate(arr()).to_vector()).size() == 50);
        CHECK(sync_wait(r, s.db["missing"].aggregate(arr()).to_vector()).empty());
    });
}

TEST_CASE("$out and $merge write, and give nothing") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(4);
        const document few{{"$match", {{"x", {{"$lt", 3}}}}}};
        CHECK(sync_wait(r, s.c.aggregate(arr(few, doc({"$out", "copied"})),
                                         {.batch_size = 0, .write_concern = write_concern{.w = 1}})
                               .to_vector())
                  .empty());
        CHECK(sync_wait(r, s.db["copied"].count_documents()) == 3);
        CHECK(sync_wait(r, s.c.aggregate(arr(doc({"$merge", doc({"into", "copied"})}))).to_vector())
                  .empty());
        CHECK(sync_wait(r, s.db["copied"].count_documents()) == 4);
    });
}

TEST_CASE("an aggregate of a database needs no collection") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto made =
            sync_wait(r, s.db.aggregate(arr(doc({"$documents", arr(doc({"x", 1}), doc({"x", 2}))})))
                             .to_vector());
        CHECK(made == documents{doc({"x", 1}), doc({"x", 2})});
    });
}

TEST_CASE("count_documents counts what matches, with skip, limit and hint") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        CHECK(sync_wait(r, s.c.count_documents()) == 0);
        CHECK(sync_wait(r, s.c.estimated_document_count()) == 0);
        s.insert_numbered(20);
        CHECK(sync_wait(r, s.c.count_documents()) == 20);
        CHECK(sync_wait(r, s.c.count_documents({{"x", {{"$gte", 15}}}})) == 5);
        CHECK(sync_wait(r, s.c.count_documents({}, {.limit = 7, .skip = 3})) == 7);
        CHECK(sync_wait(r, s.c.count_documents({}, {.limit = 7, .skip = 18})) == 2);
        CHECK(sync_wait(r, s.c.count_documents({}, {.skip = 30})) == 0);
        CHECK(sync_wait(r, s.c.count_documents({{"x", 99}})) == 0);
        CHECK(sync_wait(r, s.c.count_documents({}, {.hint = "_id_", .max_time = 30s})) == 20);
        CHECK(sync_wait(r, s.c.estimated_document_count({.comment = "x", .max_time = 30s})) == 20);
        CHECK(error_of(r, s.c.count_documents({{"x", {{"$nonsense", 1}}}})) ==
              errc::command_failed);
    });
}

TEST_CASE("distinct gives each value once, of any type") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        CHECK(sync_wait(r, s.c.distinct("x")).empty());
        sync_wait(r, s.c.insert_many(documents{doc({"x", 1}), doc({"x", "a"}), doc({"x", 1}),
                                               doc({"x", doc({"y", 2})}), doc({"z", 3})}));
        auto values = sync_wait(r, s.c.distinct("x"));
        REQUIRE(values.size() == 3);
        const auto has = [&](const auto& predicate) {
            return std::count_if(values.begin(), values.end(), predicate) == 1;
        };
        CHECK(has([](const bson::value& v) { return v.try_get<int>().value_or(0) == 1; }));
        CHECK(
            has([](const bson::value& v) { return v.try_get<std::string>().value_or("") == "a"; }));
        CHECK(has([](const bson::value& v) { return v.type() == bson::type::document; }));
        values = sync_wait(r, s.c.distinct("x", {{"x", {{"$type", "string"}}}}));
        REQUIRE(values.size() == 1);
        CHECK(values[0].get<std::string>() == "a");
    });
}
