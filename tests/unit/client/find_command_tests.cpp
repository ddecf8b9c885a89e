#include "commands.hpp"

using namespace mongoro;
using namespace mongoro::test;

namespace {

const document empty_cursor = first_batch({});

template <typename Cursor>
void check_cursor_sends(scene& s, Cursor cursor, const document& expected) {
    check_sends(s, cursor.next(), empty_cursor, expected);
}

}  // namespace

TEST_CASE("find without options sends a filter, and nothing that was not asked for") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_cursor_sends(s, s.c.find(), {{"find", "c"}, {"filter", {}}, {"$db", "db"}});
        check_cursor_sends(s, s.c.find({{"name", "Ada"}}),
                           {{"find", "c"}, {"filter", doc({"name", "Ada"})}, {"$db", "db"}});
    });
}

TEST_CASE("find sends every one of its options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document collation{{"locale", "de"}};
        const document let{{"a", 1}};
        const document max{{"x", 9}};
        const document min{{"x", 1}};
        const document projection{{"x", 1}};
        const document sort{{"x", -1}};
        check_cursor_sends(s,
                           s.c.find({{"x", 5}}, {.allow_disk_use = true,
                                                 .allow_partial_results = false,
                                                 .batch_size = 7,
                                                 .collation = collation,
                                                 .comment = "why",
                                                 .type = cursor_type::tailable_await,
                                                 .hint = "x_1",
                                                 .let = let,
                                                 .limit = 20,
                                                 .max = max,
                                                 .max_await_time = 300ms,
                                                 .max_time = 4s,
                                                 .min = min,
                                                 .no_cursor_timeout = true,
                                                 .oplog_replay = false,
                                                 .projection = projection,
                                                 .raw_data = true,
                                                 .return_key = false,
                                                 .show_record_id = true,
                                                 .skip = 3,
                                                 .sort = sort,
                                                 .read_concern = read_concern{"majority"}}),
                           document{{"find", "c"},
                                    {"filter", doc({"x", 5})},
                                    {"sort", sort},
                                    {"projection", projection},
                                    {"hint", "x_1"},
                                    {"comment", "why"},
                                    {"maxTimeMS", i64{4000}},
                                    {"max", max},
                                    {"min", min},
                                    {"returnKey", false},
                                    {"showRecordId", true},
                                    {"allowPartialResults", false},
                                    {"collation", collation},
                                    {"let", let},
                                    {"readConcern", doc({"level", "majority"})},
                                    {"allowDiskUse", true},
                                    {"noCursorTimeout", true},
                                    {"oplogReplay", false},
                                    {"tailable", true},
                                    {"awaitData", true},
                                    {"skip", i64{3}},
                                    {"limit", i64{20}},
                                    {"batchSize", i64{7}},
                                    {"rawData", true},
                                    {"$db", "db"}});
    });
}

TEST_CASE("chaining sets the same options, and the last one of a kind wins") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document first_sort{{"a", 1}};
        check_cursor_sends(s,
                           s.c.find({{"x", 1}}, {.limit = 1, .sort = first_sort})
                               .sort({{"_id", -1}})
                               .projection({{"x", 1}})
                               .projection({{"y", 1}, {"_id", 0}})
                               .skip(10)
                               .limit(5)
                               .batch_size(2),
                           document{{"find", "c"},
                                    {"filter", doc({"x", 1})},
                                    {"sort", doc({"_id", -1})},
                                    {"projection", doc({"y", 1}, {"_id", 0})},
                                    {"skip", i64{10}},
                                    {"limit", i64{5}},
                                    {"batchSize", i64{2}},
                                    {"$db", "db"}});
        auto cursor = s.c.find();
        cursor.sort({{"_id", 1}}).limit(3);
        check_cursor_sends(s, std::move(cursor),
                           {{"find", "c"},
                            {"filter", {}},
                            {"sort", {{"_id", 1}}},
                            {"limit", i64{3}},
                            {"$db", "db"}});
    });
}

TEST_CASE("limit and batch size reach the server as the specification maps them") {
    struct row {
        i64 limit;
        std::int32_t batch_size;
        document expected;
    };
    const row rows[] = {
        {0, 0, document()},
        {5, 0, document{{"limit", i64{5}}}},
        {-5, 0, document{{"limit", i64{5}}, {"batchSize", i64{5}}, {"singleBatch", true}}},
        {0, 3, document{{"batchSize", i64{3}}}},
        {0, -3, document{{"batchSize", i64{3}}, {"singleBatch", true}}},
        {5, 3, document{{"limit", i64{5}}, {"batchSize", i64{3}}}},
        {5, 5, document{{"limit", i64{5}}, {"batchSize", i64{6}}}},
        {-5, 3, document{{"limit", i64{5}}, {"batchSize", i64{5}}, {"singleBatch", true}}},
    };
    on_each_backend([&](reactor& r) {
        scene s(r);
        for (const auto& [limit, batch_size, expected] : rows) {
            CAPTURE(limit);
            CAPTURE(batch_size);
            document whole{{"find", "c"}, {"filter", {}}};
            whole.append_elements(expected).append("$db", "db");
            check_cursor_sends(s, s.c.find({}, {.batch_size = batch_size, .limit = limit}), whole);
            check_cursor_sends(s, s.c.find().limit(limit).batch_size(batch_size), whole);
        }
    });
}

TEST_CASE("a tailable cursor says so, and only a tailable_await one awaits data") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_cursor_sends(s, s.c.find({}, {.type = cursor_type::tailable}),
                           {{"find", "c"}, {"filter", {}}, {"tailable", true}, {"$db", "db"}});
    });
}

TEST_CASE("a hint is a name or the index's keys; a comment is any value") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document keys{{"x", 1}, {"y", -1}};
        const document comment{{"why", {1, 2}}};
        check_cursor_sends(
            s, s.c.find({}, {.comment = comment, .hint = keys}),
            {{"find", "c"}, {"filter", {}}, {"hint", keys}, {"comment", comment}, {"$db", "db"}});
        check_cursor_sends(s, s.c.find({}, {.comment = 5}),
                           {{"find", "c"}, {"filter", {}}, {"comment", 5}, {"$db", "db"}});
        check_cursor_sends(s, s.c.find({}, {.comment = i64{5}}),
                           {{"find", "c"}, {"filter", {}}, {"comment", i64{5}}, {"$db", "db"}});
        check_cursor_sends(s, s.c.find({}, {.comment = 0.5}),
                           {{"find", "c"}, {"filter", {}}, {"comment", 0.5}, {"$db", "db"}});
        check_cursor_sends(s, s.c.find({}, {.comment = true}),
                           {{"find", "c"}, {"filter", {}}, {"comment", true}, {"$db", "db"}});
        check_cursor_sends(s, s.c.find({}, {.comment = comment["why"]}),
                           {{"find", "c"}, {"filter", {}}, {"comment", arr(1, 2)}, {"$db", "db"}});
    });
}

TEST_CASE("find_one asks for one document in one batch, with all of its options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_sends(s, s.c.find_one(), empty_cursor,
                    document{{"find", "c"},
                             {"filter", {}},
                             {"limit", i64{1}},
                             {"singleBatch", true},
                             {"$db", "db"}});
        const document d{{"x", 1}};
        check_sends(s,
                    s.c.find_one(d, {.allow_disk_use = true,
                                     .allow_partial_results = true,
                                     .collation = d,
                                     .comment = "why",
                                     .hint = d,
                                     .let = d,
                                     .max = d,
                                     .max_time = 5ms,
                                     .min = d,
                                     .oplog_replay = false,
                                     .projection = d,
                                     .raw_data = false,
                                     .return_key = true,
                                     .show_record_id = true,
                                     .skip = 2,
                                     .sort = d,
                                     .read_concern = read_concern{"local"}}),
                    empty_cursor,
                    document{{"find", "c"},
                             {"filter", d},
                             {"sort", d},
                             {"projection", d},
                             {"hint", d},
                             {"comment", "why"},
                             {"maxTimeMS", i64{5}},
                             {"max", d},
                             {"min", d},
                             {"returnKey", true},
                             {"showRecordId", true},
                             {"allowPartialResults", true},
                             {"collation", d},
                             {"let", d},
                             {"readConcern", doc({"level", "local"})},
                             {"allowDiskUse", true},
                             {"oplogReplay", false},
                             {"skip", i64{2}},
                             {"limit", i64{1}},
                             {"singleBatch", true},
                             {"rawData", false},
                             {"$db", "db"}});
    });
}

TEST_CASE("an aggregate sends its pipeline and options; of a database it sends 1") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto pipeline = arr(doc({"$match", doc({"x", 1})}), doc({"$sort", doc({"x", 1})}));
        check_cursor_sends(
            s, s.c.aggregate(pipeline),
            {{"aggregate", "c"}, {"pipeline", pipeline}, {"cursor", doc()}, {"$db", "db"}});
        check_cursor_sends(
            s, s.client["db"].aggregate(pipeline),
            {{"aggregate", 1}, {"pipeline", pipeline}, {"cursor", doc()}, {"$db", "db"}});
        const document d{{"x", 1}};
        check_cursor_sends(s,
                           s.c.aggregate(pipeline, {.allow_disk_use = true,
                                                    .batch_size = 0,
                                                    .bypass_document_validation = true,
                                                    .collation = d,
                                                    .comment = "why",
                                                    .hint = "x_1",
                                                    .let = d,
                                                    .max_time = 5ms,
                                                    .raw_data = true,
                                                    .read_concern = read_concern{"majority"},
                                                    .write_concern = write_concern{.w = 1}}),
                           {{"aggregate", "c"},
                            {"pipeline", pipeline},
                            {"cursor", doc({"batchSize", 0})},
                            {"allowDiskUse", true},
                            {"collation", d},
                            {"comment", "why"},
                            {"hint", "x_1"},
                            {"let", d},
                            {"maxTimeMS", i64{5}},
                            {"readConcern", doc({"level", "majority"})},
                            {"rawData", true},
                            {"$db", "db"}});
    });
}

TEST_CASE("an aggregate that writes sends its write concern, and no batch size") {
    on_each_backend([](reactor& r) {
        scene s(r);
        for (const auto& last : {doc({"$out", "d"}), doc({"$merge", doc({"into", "d"})})}) {
            const auto pipeline = arr(doc({"$match", doc({"x", 1})}), last);
            check_cursor_sends(s,
                               s.c.aggregate(pipeline, {.batch_size = 5,
                                                        .bypass_document_validation = true,
                                                        .write_concern = write_concern::majority()})
                                   .batch_size(7),
                               {{"aggregate", "c"},
                                {"pipeline", pipeline},
                                {"cursor", doc()},
                                {"bypassDocumentValidation", true},
                                {"writeConcern", doc({"w", "majority"})},
                                {"$db", "db"}});
            // It has a reply in any case.
            check_cursor_sends(
                s, s.c.with_write_concern(write_concern::unacknowledged()).aggregate(pipeline),
                {{"aggregate", "c"},
                 {"pipeline", pipeline},
                 {"cursor", doc()},
                 {"writeConcern", doc({"w", 0})},
                 {"$db", "db"}});
        }
    });
}

TEST_CASE(
    "count_documents is an aggregate with a group, estimated_document_count the command count") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto group = doc({"$group", doc({"_id", 1}, {"n", doc({"$sum", 1})})});
        const auto plain = check_sends(s, s.c.count_documents({{"x", 1}}),
                                       first_batch({doc({"_id", 1}, {"n", 3})}),
                                       {{"aggregate", "c"},
                                        {"pipeline", arr(doc({"$match", doc({"x", 1})}), group)},
                                        {"cursor", doc()},
                                        {"$db", "db"}});
        CHECK(*plain == 3);
        const document d{{"locale", "de"}};
        const auto none = check_sends(
            s,
            s.c.count_documents({}, {.collation = d,
                                     .comment = "why",
                                     .hint = "x_1",
                                     .limit = 10,
                                     .max_time = 5ms,
                                     .skip = 2,
                                     .raw_data = true,
                                     .read_concern = read_concern{"local"}}),
            empty_cursor,
            {{"aggregate", "c"},
             {"pipeline",
              arr(doc({"$match", doc()}), doc({"$skip", i64{2}}), doc({"$limit", i64{10}}), group)},
             {"cursor", doc()},
             {"collation", d},
             {"comment", "why"},
             {"hint", "x_1"},
             {"maxTimeMS", i64{5}},
             {"readConcern", doc({"level", "local"})},
             {"rawData", true},
             {"$db", "db"}});
        CHECK(*none == 0);
        const auto estimated =
            check_sends(s,
                        s.c.estimated_document_count({.comment = "why",
                                                      .max_time = 5ms,
                                                      .raw_data = true,
                                                      .read_concern = read_concern{"local"}}),
                        doc({"n", i64{1} << 40}, {"ok", 1.0}),
                        {{"count", "c"},
                         {"comment", "why"},
                         {"maxTimeMS", i64{5}},
                         {"readConcern", doc({"level", "local"})},
                         {"rawData", true},
                         {"$db", "db"}});
        CHECK(*estimated == i64{1} << 40);
    });
}

TEST_CASE("distinct sends its key, its filter and its options, and gives values of any type") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document d{{"locale", "de"}};
        const auto got = check_sends(s,
                                     s.c.distinct("name", {{"x", 1}},
                                                  {.collation = d,
                                                   .comment = "why",
                                                   .hint = "x_1",
                                                   .max_time = 5ms,
                                                   .raw_data = false,
                                                   .read_concern = read_concern{"local"}}),
                                     doc({"values", arr("Ada", 36, doc({"a", 1}))}, {"ok", 1.0}),
                                     {{"distinct", "c"},
                                      {"key", "name"},
                                      {"query", doc({"x", 1})},
                                      {"collation", d},
                                      {"comment", "why"},
                                      {"hint", "x_1"},
                                      {"maxTimeMS", i64{5}},
                                      {"readConcern", doc({"level", "local"})},
                                      {"rawData", false},
                                      {"$db", "db"}});
        REQUIRE(got->size() == 3);
        CHECK((*got)[0].get<std::string>() == "Ada");
        CHECK((*got)[1].get<int>() == 36);
        CHECK((*got)[2].get<document>() == doc({"a", 1}));
    });
}

TEST_CASE("rawData is sent to a server of 8.2, and not to an older one") {
    on_each_backend([](reactor& r) {
        for (const int wire_version : {26, 27}) {
            CAPTURE(wire_version);
            scene s(r);
            document hello;
            hello.append("isWritablePrimary", true)
                .append("maxWireVersion", wire_version)
                .append("ok", 1);
            s.peer.always("hello", reply_script().reply(hello));
            s.peer.always("find", reply_script().reply(first_batch({})));
            s.peer.always("insert", reply_script().reply(doc({"n", 1}, {"ok", 1})));
            CHECK(!error_of(r, s.c.find_one({}, {.raw_data = true})));
            CHECK(!error_of(r, s.c.insert_one({{"x", 1}}, {.raw_data = true})));
            CHECK(s.sent("find")["rawData"].exists() == (wire_version == 27));
            CHECK(s.sent("insert")["rawData"].exists() == (wire_version == 27));
        }
    });
}

TEST_CASE("count_documents has no stage for a skip or a limit of 0") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("aggregate", first_batch({doc({"_id", 1}, {"n", 3})}));
        CHECK(sync_wait(r, s.c.count_documents({}, {.limit = 0, .skip = 0})) == 3);
        const auto sent = s.sent("aggregate");
        CHECK(sent["pipeline"]["1"]["$group"].exists());
        CHECK(!sent["pipeline"]["2"].exists());
    });
}

TEST_CASE("the server's own read concern is named in the place of a handle's") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto majority = s.c.with_read_concern({"majority"});
        s.answer("find", first_batch({}));
        CHECK(!error_of(r, majority.find_one({}, {.read_concern = read_concern{}})));
        CHECK(s.sent("find")["readConcern"].get<document>() == doc());
        s.answer("count", doc({"n", 1}, {"ok", 1}));
        CHECK(!error_of(r, s.c.estimated_document_count({.read_concern = read_concern{}})));
        CHECK(!s.sent("count")["readConcern"].exists());
        s.answer("distinct", doc({"values", arr()}, {"ok", 1}));
        CHECK(!error_of(r, majority.distinct("x")));
        CHECK(s.sent("distinct")["readConcern"].get<document>() == doc({"level", "majority"}));
    });
}

TEST_CASE("a write concern error in the reply to a read is none of the reader's") {
    on_each_backend([](reactor& r) {
        scene s(r);
        auto reply = first_batch({document{{"_id", 1}}});
        reply.append("writeConcernError", doc({"code", 64}, {"errmsg", "waiting"}));
        s.answer("find", reply);
        const auto found = sync_wait(r, as_result(s.c.find_one()));
        REQUIRE(found);
        REQUIRE(*found);
        CHECK((**found)["_id"].get<int>() == 1);
    });
}
