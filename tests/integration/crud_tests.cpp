#include "integration_support.hpp"

using namespace mongoro;
using namespace mongoro::test;

TEST_CASE("an inserted document is found again, with the _id that was made for it") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        CHECK(!sync_wait(r, s.c.find_one()));
        const auto made =
            sync_wait(r, s.c.insert_one({{"name", "Ada"}, {"tags", {"math", "engine"}}}));
        CHECK(made.acknowledged);
        const auto found = sync_wait(r, s.c.find_one({{"name", "Ada"}}));
        REQUIRE(found);
        CHECK((*found)["_id"].get<object_id>() == made.inserted_id.get<object_id>());
        CHECK((*found)["tags"]["1"].get<std::string>() == "engine");
        CHECK((*(*found).begin()).key() == "_id");
    });
}

TEST_CASE("every BSON type goes to the server and comes back as it was") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        document d{{"_id", 1}};
        d.append("double", 0.1)
            .append("string", "\xc3\xa4\xf0\x9f\x98\x80")
            .append("document", doc({"a", doc({"b", 1})}))
            .append("array", arr(1, "x", arr()))
            .append("object_id", object_id::generate())
            .append("true", true)
            .append("date", bson::date(std::chrono::milliseconds(-1)))
            .append("null", bson::null())
            .append("int32", std::int32_t{-5})
            .append("int64", std::int64_t{1} << 62)
            .append("timestamp", bson::timestamp{5, 6})
            .append("decimal", decimal128::from_string("1.5E+3").value())
            .append("min", bson::min_key())
            .append("max", bson::max_key());
        sync_wait(r, s.c.insert_one(d));
        const auto found = sync_wait(r, s.c.find_one());
        REQUIRE(found);
        CHECK(*found == d);
    });
}

TEST_CASE("insert_many inserts all, in order, and gives every _id") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto done = sync_wait(
            r,
            s.c.insert_many(documents{numbered_document(3), doc({"x", 7}), numbered_document(1)}));
        CHECK(done.inserted_count == 3);
        REQUIRE(done.inserted_ids.size() == 3);
        CHECK(done.inserted_ids[0].get<int>() == 3);
        const auto anonymous = sync_wait(r, s.c.find_one({{"x", 7}}));
        REQUIRE(anonymous);
        CHECK((*anonymous)["_id"].get<object_id>() == done.inserted_ids[1].get<object_id>());
        CHECK(sync_wait(r, s.c.count_documents()) == 3);
    });
}

TEST_CASE("update_one changes one of those that match, update_many all of them") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(5);
        const auto one =
            sync_wait(r, s.c.update_one({{"x", {{"$gte", 2}}}}, {{"$set", {{"y", 1}}}}));
        CHECK(one.matched_count == 1);
        CHECK(one.modified_count == 1);
        CHECK(!one.upserted_id);
        const auto many =
            sync_wait(r, s.c.update_many({{"x", {{"$gte", 2}}}}, {{"$set", {{"y", 1}}}}));
        CHECK(many.matched_count == 3);
        CHECK(many.modified_count == 2);
        const auto none = sync_wait(r, s.c.update_many({{"x", 99}}, {{"$set", {{"y", 1}}}}));
        CHECK(none.matched_count == 0);
        CHECK(none.modified_count == 0);
    });
}

TEST_CASE("an upsert says which _id it inserted, once") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto first = sync_wait(
            r, s.c.update_one({{"_id", "new"}}, {{"$set", {{"x", 1}}}}, {.upsert = true}));
        REQUIRE(first.upserted_id);
        CHECK(first.upserted_id->get<std::string>() == "new");
        CHECK(first.matched_count == 0);
        const auto again = sync_wait(
            r, s.c.update_one({{"_id", "new"}}, {{"$set", {{"x", 2}}}}, {.upsert = true}));
        CHECK(!again.upserted_id);
        CHECK(again.matched_count == 1);
        const auto replaced =
            sync_wait(r, s.c.replace_one({{"_id", 7}}, {{"x", 3}}, {.upsert = true}));
        REQUIRE(replaced.upserted_id);
        CHECK(replaced.upserted_id->get<int>() == 7);
    });
}

TEST_CASE("array filters, pipelines, let, hint, collation and sort of an update do what they say") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        sync_wait(r, s.c.insert_one({{"_id", 0}, {"grades", {80, 95, 100}}, {"name", "ada"}}));
        const auto filters = arr(doc({"high", doc({"$gte", 90})}));
        sync_wait(
            r, s.c.update_one({}, {{"$set", {{"grades.$[high]", 1}}}}, {.array_filters = filters}));
        CHECK((*sync_wait(r, s.c.find_one()))["grades"].get<bson::array>() == arr(80, 1, 1));

        const auto pipeline = arr(doc({"$set", doc({"twice", doc({"$multiply", arr(2, 21)})})}));
        sync_wait(r, s.c.update_one({}, pipeline.view()));
        CHECK((*sync_wait(r, s.c.find_one()))["twice"].get<int>() == 42);

        const document english{{"locale", "en"}, {"strength", 2}};
        const auto matched =
            sync_wait(r, s.c.update_one({{"name", "ADA"}}, {{"$set", {{"seen", true}}}},
                                        {.collation = english}));
        CHECK(matched.matched_count == 1);

        const document by_id{{"_id", 1}};
        CHECK(sync_wait(r, s.c.update_many({}, {{"$set", {{"x", 1}}}}, {.hint = by_id}))
                  .matched_count == 1);
        const auto e =
            error_of(r, s.c.update_one({}, {{"$set", {{"x", 1}}}}, {.hint = "no_such_index"}));
        CHECK(e);
        CHECK(e.server_code() == 2);
    });
}

TEST_CASE("replace_one replaces all of a document but its _id") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(2);
        const auto done = sync_wait(r, s.c.replace_one({{"_id", 1}}, {{"name", "Grace"}}));
        CHECK(done.matched_count == 1);
        CHECK(done.modified_count == 1);
        CHECK(s.all() == documents{numbered_document(0), doc({"_id", 1}, {"name", "Grace"})});
    });
}

TEST_CASE("delete_one deletes one of those that match, delete_many all of them") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(6);
        CHECK(sync_wait(r, s.c.delete_one({{"x", {{"$gt", 2}}}})).deleted_count == 1);
        CHECK(sync_wait(r, s.c.delete_many({{"x", {{"$gt", 2}}}})).deleted_count == 2);
        CHECK(sync_wait(r, s.c.delete_many({{"x", {{"$gt", 2}}}})).deleted_count == 0);
        CHECK(ids_of(s.all()) == std::vector<int>{0, 1, 2});
        const document by_id{{"_id", 1}};
        CHECK(sync_wait(r, s.c.delete_many({}, {.comment = "all", .hint = by_id})).deleted_count ==
              3);
        CHECK(s.all().empty());
    });
}

TEST_CASE(
    "find_one_and_update gives the document before or after, with sort, projection and upsert") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(3);
        const document last{{"x", -1}};
        const auto before =
            sync_wait(r, s.c.find_one_and_update({}, {{"$inc", {{"x", 10}}}}, {.sort = last}));
        REQUIRE(before);
        CHECK(*before == numbered_document(2));
        const document only_x{{"x", 1}, {"_id", 0}};
        const auto after = sync_wait(
            r, s.c.find_one_and_update({{"_id", 2}}, {{"$inc", {{"x", 10}}}},
                                       {.projection = only_x, .returned = return_document::after}));
        REQUIRE(after);
        CHECK(*after == doc({"x", 22}));
        CHECK(!sync_wait(r, s.c.find_one_and_update({{"_id", 9}}, {{"$inc", {{"x", 1}}}})));
        const auto made = sync_wait(
            r, s.c.find_one_and_update({{"_id", 9}}, {{"$inc", {{"x", 1}}}},
                                       {.returned = return_document::after, .upsert = true}));
        REQUIRE(made);
        CHECK(*made == doc({"_id", 9}, {"x", 1}));
    });
}

TEST_CASE("find_one_and_replace and find_one_and_delete give the document that they took") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(3);
        const auto replaced =
            sync_wait(r, s.c.find_one_and_replace({{"_id", 1}}, {{"y", 1}},
                                                  {.returned = return_document::after}));
        REQUIRE(replaced);
        CHECK(*replaced == doc({"_id", 1}, {"y", 1}));
        const document first{{"_id", 1}};
        const auto gone = sync_wait(r, s.c.find_one_and_delete({}, {.sort = first}));
        REQUIRE(gone);
        CHECK(*gone == numbered_document(0));
        CHECK(!sync_wait(r, s.c.find_one_and_delete({{"_id", 0}})));
        CHECK(ids_of(s.all()) == std::vector<int>{1, 2});
    });
}

TEST_CASE("read and write concerns are accepted by the server") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto majority = write_concern::majority();
        const write_concern careful{.w = 1, .journal = true, .w_timeout = 10s};
        sync_wait(r, s.c.insert_one(numbered_document(1), {.write_concern = majority}));
        sync_wait(r, s.c.update_one({}, {{"$inc", {{"x", 1}}}}, {.write_concern = careful}));
        for (const std::string_view level : {"local", "majority", "available"}) {
            const auto found =
                sync_wait(r, s.c.find_one({}, {.read_concern = read_concern{level}}));
            REQUIRE(found);
            CHECK((*found)["x"].get<int>() == 2);
            CHECK(sync_wait(r, s.c.count_documents({}, {.read_concern = read_concern{level}})) ==
                  1);
        }
    });
}

TEST_CASE("unacknowledged writes are applied, and the connection goes on") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, {.max_pool_size = 1});
        const auto none = write_concern::unacknowledged();
        CHECK(!sync_wait(r, s.c.insert_one(numbered_document(0), {.write_concern = none}))
                   .acknowledged);
        CHECK(!sync_wait(r, s.c.insert_many(documents{numbered_document(1), numbered_document(2)},
                                            {.write_concern = none}))
                   .acknowledged);
        CHECK(!sync_wait(
                   r, s.c.update_one({{"_id", 1}}, {{"$set", {{"x", 9}}}}, {.write_concern = none}))
                   .acknowledged);
        CHECK(!sync_wait(r, s.c.delete_one({{"_id", 2}}, {.write_concern = none})).acknowledged);
        // The same connection: the server has done them in their order.
        const auto found = sync_wait(r, s.c.find().sort({{"_id", 1}}).to_vector());
        CHECK(found == documents{numbered_document(0), doc({"_id", 1}, {"x", 9})});
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("a document of 16 MiB is inserted and found; of a byte more nothing is sent") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        sync_wait(r, s.c.insert_one(numbered_document(0)));
        document large{{"_id", 1}, {"x", ""}};
        const auto around = large.size();
        large = document{{"_id", 1}, {"x", std::string((16 << 20) - around, 'x')}};
        CHECK(large.size() == 16 << 20);
        CHECK(sync_wait(r, s.c.insert_one(large)).acknowledged);
        const auto found = sync_wait(r, s.c.find_one({{"_id", 1}}));
        REQUIRE(found);
        CHECK(*found == large);
        large = document{{"_id", 2}, {"x", std::string((16 << 20) + 1 - around, 'x')}};
        CHECK(error_of(r, s.c.insert_one(large)) == errc::document_too_large);
        CHECK(sync_wait(r, s.c.count_documents()) == 2);
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("more than 48 MB of documents go in several messages, and all arrive") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        documents many;
        for (int i = 0; i < 52; ++i) {
            many.push_back(doc({"_id", i}, {"x", std::string(1'000'000, 'x')}));
        }
        CHECK(sync_wait(r, s.c.insert_many(many)).inserted_count == 52);
        CHECK(sync_wait(r, s.c.count_documents()) == 52);
    });
}
