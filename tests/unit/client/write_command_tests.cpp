#include "commands.hpp"

using namespace mongoro;
using namespace mongoro::test;

namespace {

const document one_done = doc({"n", 1}, {"ok", 1.0});
const document modified =
    doc({"lastErrorObject", doc({"n", 1})}, {"value", doc({"_id", 1}, {"x", 5})}, {"ok", 1.0});

}  // namespace

TEST_CASE("insert_one sends the document, and every one of its options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document ada{{"_id", 1}, {"name", "Ada"}};
        const auto plain = check_sends(
            s, s.c.insert_one(ada), one_done,
            document{{"insert", "c"}, {"ordered", true}, {"$db", "db"}, {"documents", arr(ada)}});
        CHECK(plain->inserted_id.get<int>() == 1);
        CHECK(plain->acknowledged);
        check_sends(
            s,
            s.c.insert_one(
                ada, {.bypass_document_validation = true,
                      .comment = "why",
                      .raw_data = false,
                      .write_concern = write_concern{.w = 2, .journal = true, .w_timeout = 5s}}),
            one_done,
            {{"insert", "c"},
             {"ordered", true},
             {"bypassDocumentValidation", true},
             {"comment", "why"},
             {"writeConcern", doc({"w", 2}, {"j", true}, {"wtimeout", i64{5000}})},
             {"rawData", false},
             {"$db", "db"},
             {"documents", arr(ada)}});
    });
}

TEST_CASE(
    "a document without an _id gets an ObjectId as its first field, one with an _id keeps it") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("insert", reply_script().reply(one_done));
        const auto made = sync_wait(r, s.c.insert_one({{"name", "Ada"}}));
        const auto sent = s.peer.received("insert").back().sequences.at("documents");
        REQUIRE(sent.size() == 1);
        const auto first = *sent[0].begin();
        CHECK(first.key() == "_id");
        CHECK(made.inserted_id.get<object_id>() == first.value().get<object_id>());
        CHECK(sent[0]["name"].get<std::string>() == "Ada");
        CHECK(sent[0].count() == 2);

        const document late{{"name", "Ada"}, {"_id", "mine"}};
        CHECK(sync_wait(r, s.c.insert_one(late)).inserted_id.get<std::string>() == "mine");
        CHECK(s.peer.received("insert").back().sequences.at("documents")[0] == late);

        const auto many = sync_wait(
            r, s.c.insert_many(std::vector<document>{doc(), doc({"_id", 5}), doc({"x", 1})}));
        REQUIRE(many.inserted_ids.size() == 3);
        const auto three = s.peer.received("insert").back().sequences.at("documents");
        CHECK(many.inserted_ids[0].get<object_id>() == three[0]["_id"].get<object_id>());
        CHECK(many.inserted_ids[1].get<int>() == 5);
        CHECK(many.inserted_ids[2].get<object_id>() == three[2]["_id"].get<object_id>());
        CHECK(many.inserted_ids[0] != many.inserted_ids[2]);
    });
}

TEST_CASE("insert_many sends ordered as it is asked to") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto two = numbered(2);
        for (const bool ordered : {true, false}) {
            check_sends(s,
                        s.c.insert_many(two, {.bypass_document_validation = false,
                                              .comment = "why",
                                              .ordered = ordered,
                                              .raw_data = true,
                                              .write_concern = write_concern::majority()}),
                        doc({"n", 2}, {"ok", 1.0}),
                        {{"insert", "c"},
                         {"ordered", ordered},
                         {"bypassDocumentValidation", false},
                         {"comment", "why"},
                         {"writeConcern", doc({"w", "majority"})},
                         {"rawData", true},
                         {"$db", "db"},
                         {"documents", arr(two[0], two[1])}});
        }
    });
}

TEST_CASE("an update sends its statement, and every one of its options in its place") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document set{{"$set", doc({"x", 2})}};
        const auto plain = check_sends(s, s.c.update_one({{"x", 1}}, set),
                                       doc({"n", 1}, {"nModified", 1}, {"ok", 1.0}),
                                       {{"update", "c"},
                                        {"ordered", true},
                                        {"$db", "db"},
                                        {"updates", arr(doc({"q", doc({"x", 1})}, {"u", set}))}});
        CHECK(plain->matched_count == 1);
        CHECK(plain->modified_count == 1);
        CHECK(!plain->upserted_id);

        const document d{{"x", 1}};
        const auto filters = arr(doc({"e", 1}));
        const auto all = check_sends(
            s,
            s.c.update_one(d, set,
                           {.array_filters = filters,
                            .bypass_document_validation = true,
                            .collation = d,
                            .comment = "why",
                            .hint = "x_1",
                            .let = d,
                            .raw_data = true,
                            .sort = d,
                            .upsert = true,
                            .write_concern = write_concern{.w = 1}}),
            doc({"n", 1}, {"nModified", 0}, {"upserted", arr(doc({"index", 0}, {"_id", "new"}))},
                {"ok", 1.0}),
            {{"update", "c"},
             {"ordered", true},
             {"bypassDocumentValidation", true},
             {"let", d},
             {"comment", "why"},
             {"writeConcern", doc({"w", 1})},
             {"rawData", true},
             {"$db", "db"},
             {"updates", arr(doc({"q", d}, {"u", set}, {"upsert", true}, {"arrayFilters", filters},
                                 {"collation", d}, {"hint", "x_1"}, {"sort", d}))}});
        CHECK(all->matched_count == 0);
        CHECK(all->modified_count == 0);
        REQUIRE(all->upserted_id);
        CHECK(all->upserted_id->get<std::string>() == "new");
    });
}

TEST_CASE("update_many says multi, and a pipeline is sent as an array") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto pipeline = arr(doc({"$set", doc({"x", "$y"})}));
        const document done{{"n", 4}, {"nModified", 2}, {"ok", 1.0}};
        const auto many = check_sends(
            s, s.c.update_many({}, {{"$inc", {{"x", 1}}}}), done,
            {{"update", "c"},
             {"ordered", true},
             {"$db", "db"},
             {"updates",
              arr(doc({"q", doc()}, {"u", doc({"$inc", doc({"x", 1})})}, {"multi", true}))}});
        CHECK(many->matched_count == 4);
        CHECK(many->modified_count == 2);
        check_sends(s, s.c.update_many({}, pipeline.view()), done,
                    {{"update", "c"},
                     {"ordered", true},
                     {"$db", "db"},
                     {"updates", arr(doc({"q", doc()}, {"u", pipeline}, {"multi", true}))}});
        check_sends(s, s.c.update_one({}, pipeline.view()), done,
                    {{"update", "c"},
                     {"ordered", true},
                     {"$db", "db"},
                     {"updates", arr(doc({"q", doc()}, {"u", pipeline}))}});
    });
}

TEST_CASE("replace_one sends the document as it is, with its options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document d{{"x", 1}};
        const document replacement{{"name", "Ada"}};
        check_sends(s,
                    s.c.replace_one(d, replacement,
                                    {.bypass_document_validation = true,
                                     .collation = d,
                                     .comment = "why",
                                     .hint = d,
                                     .let = d,
                                     .raw_data = true,
                                     .sort = d,
                                     .upsert = false,
                                     .write_concern = write_concern{.w = 1}}),
                    doc({"n", 1}, {"nModified", 1}, {"ok", 1.0}),
                    {{"update", "c"},
                     {"ordered", true},
                     {"bypassDocumentValidation", true},
                     {"let", d},
                     {"comment", "why"},
                     {"writeConcern", doc({"w", 1})},
                     {"rawData", true},
                     {"$db", "db"},
                     {"updates", arr(doc({"q", d}, {"u", replacement}, {"upsert", false},
                                         {"collation", d}, {"hint", d}, {"sort", d}))}});
        check_sends(s, s.c.replace_one({}, document()),
                    doc({"n", 1}, {"nModified", 1}, {"ok", 1.0}),
                    {{"update", "c"},
                     {"ordered", true},
                     {"$db", "db"},
                     {"updates", arr(doc({"q", doc()}, {"u", doc()}))}});
    });
}

TEST_CASE("a delete sends a limit of 1 or 0, and every one of its options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document d{{"x", 1}};
        const auto one = check_sends(s, s.c.delete_one(d), one_done,
                                     {{"delete", "c"},
                                      {"ordered", true},
                                      {"$db", "db"},
                                      {"deletes", arr(doc({"q", d}, {"limit", 1}))}});
        CHECK(one->deleted_count == 1);
        const auto many = check_sends(
            s,
            s.c.delete_many(d, {.collation = d,
                                .comment = "why",
                                .hint = "x_1",
                                .let = d,
                                .raw_data = true,
                                .write_concern = write_concern{.w_tag = "east"}}),
            doc({"n", 8}, {"ok", 1.0}),
            {{"delete", "c"},
             {"ordered", true},
             {"let", d},
             {"comment", "why"},
             {"writeConcern", doc({"w", "east"})},
             {"rawData", true},
             {"$db", "db"},
             {"deletes", arr(doc({"q", d}, {"limit", 0}, {"collation", d}, {"hint", "x_1"}))}});
        CHECK(many->deleted_count == 8);
    });
}

TEST_CASE("find_one_and_delete, _replace and _update are findAndModify with their options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document d{{"x", 1}};
        const document set{{"$set", doc({"x", 2})}};
        const auto filters = arr(doc({"e", 1}));
        const auto pipeline = arr(set);
        const auto removed =
            check_sends(s, s.c.find_one_and_delete(d), modified,
                        {{"findAndModify", "c"}, {"query", d}, {"remove", true}, {"$db", "db"}});
        REQUIRE(*removed);
        CHECK((**removed)["x"].get<int>() == 5);
        const auto nothing =
            check_sends(s,
                        s.c.find_one_and_delete(d, {.collation = d,
                                                    .comment = "why",
                                                    .hint = "x_1",
                                                    .let = d,
                                                    .max_time = 5ms,
                                                    .projection = d,
                                                    .raw_data = true,
                                                    .sort = d,
                                                    .write_concern = write_concern{.w = 1}}),
                        doc({"value", bson::null()}, {"ok", 1.0}),
                        {{"findAndModify", "c"},
                         {"query", d},
                         {"remove", true},
                         {"sort", d},
                         {"fields", d},
                         {"collation", d},
                         {"hint", "x_1"},
                         {"let", d},
                         {"comment", "why"},
                         {"maxTimeMS", i64{5}},
                         {"writeConcern", doc({"w", 1})},
                         {"rawData", true},
                         {"$db", "db"}});
        CHECK(!*nothing);
        check_sends(s,
                    s.c.find_one_and_replace(d, d,
                                             {.bypass_document_validation = true,
                                              .returned = return_document::after,
                                              .upsert = true}),
                    modified,
                    {{"findAndModify", "c"},
                     {"query", d},
                     {"update", d},
                     {"new", true},
                     {"upsert", true},
                     {"bypassDocumentValidation", true},
                     {"$db", "db"}});
        check_sends(s,
                    s.c.find_one_and_update(d, set,
                                            {.array_filters = filters,
                                             .returned = return_document::after,
                                             .sort = d,
                                             .upsert = false}),
                    modified,
                    {{"findAndModify", "c"},
                     {"query", d},
                     {"update", set},
                     {"new", true},
                     {"upsert", false},
                     {"arrayFilters", filters},
                     {"sort", d},
                     {"$db", "db"}});
        check_sends(s, s.c.find_one_and_update(d, pipeline.view()), modified,
                    {{"findAndModify", "c"}, {"query", d}, {"update", pipeline}, {"$db", "db"}});
    });
}

TEST_CASE("a tag of a write concern wins over its number, whatever that is") {
    on_each_backend([](reactor& r) {
        for (const int w : {0, -1}) {
            scene s(r);
            s.answer("insert", doc({"n", 1}, {"ok", 1}));
            const write_concern concern{.w = w, .w_tag = "majority", .journal = true};
            CHECK(!error_of(r, s.c.insert_one({{"x", 1}}, {.write_concern = concern})));
            CHECK(s.sent("insert")["writeConcern"].get<document>() ==
                  doc({"w", "majority"}, {"j", true}));
        }
    });
}
