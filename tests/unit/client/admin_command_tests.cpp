#include "commands.hpp"

#include <limits>

using namespace mongoro;
using namespace mongoro::test;

namespace {

const document ok = op_msg_peer::ok_document();

}  // namespace

TEST_CASE("create_index names an index by its keys, and gives that name") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document keys{{"name", 1}, {"age", -1}, {"where", "2dsphere"}, {"half", 0.5}};
        const auto name = check_sends(
            s, s.c.create_index(keys), ok,
            {{"createIndexes", "c"},
             {"indexes",
              arr(doc({"key", keys}, {"name", "name_1_age_-1_where_2dsphere_half_0.5"}))},
             {"$db", "db"}});
        CHECK(*name == "name_1_age_-1_where_2dsphere_half_0.5");
    });
}

TEST_CASE("a name made of the keys has every whole number in full, any other double as its text") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto name = [&](auto direction) {
            const document keys{{"x", direction}};
            s.answer("createIndexes", ok);
            const auto given = sync_wait(r, as_result(s.c.create_index(keys)));
            return given ? *given : given.error().to_string();
        };
        CHECK(name(-1.0) == "x_-1");
        CHECK(name(i64{9007199254740993}) == "x_9007199254740993");  // no double is equal to it
        CHECK(name(std::numeric_limits<i64>::max()) == "x_9223372036854775807");
        CHECK(name(std::numeric_limits<i64>::min()) == "x_-9223372036854775808");
        CHECK(name(-0x1p63) == "x_-9223372036854775808");
        CHECK(name(0x1p63) == "x_9223372036854775808");
        CHECK(name(1e300) == "x_1e+300");
        CHECK(name(-1e300) == "x_-1e+300");
        CHECK(name(std::numeric_limits<double>::infinity()) == "x_inf");
        CHECK(name(-std::numeric_limits<double>::infinity()) == "x_-inf");
        CHECK(name(std::numeric_limits<double>::quiet_NaN()) == "x_nan");
    });
}

TEST_CASE("the index on _id alone has the server's own name, unless another is given") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto check_name = [&](const document& keys, const std::string& expected) {
            const auto name = check_sends(s, s.c.create_index(keys), ok,
                                          {{"createIndexes", "c"},
                                           {"indexes", arr(doc({"key", keys}, {"name", expected}))},
                                           {"$db", "db"}});
            CHECK(*name == expected);
        };
        check_name({{"_id", 1}}, "_id_");
        check_name({{"_id", i64{1}}}, "_id_");
        check_name({{"_id", 1.0}}, "_id_");
        check_name({{"_id", -1}}, "_id_-1");
        check_name({{"_id", 1.5}}, "_id_1.5");
        check_name({{"_id", "1"}}, "_id_1");
        check_name({{"_id", "hashed"}}, "_id_hashed");
        check_name({{"_id", 1}, {"x", 1}}, "_id_1_x_1");
        check_name({{"x", 1}, {"_id", 1}}, "x_1__id_1");
        check_name({{"", "id_1"}}, "_id_1");
        const document keys{{"_id", 1}};
        s.answer("createIndexes", ok);
        CHECK(sync_wait(r, s.c.create_index(keys, {.name = "mine"})) == "mine");
        const std::vector<index_model> models{{.keys = keys}};
        s.answer("createIndexes", ok);
        CHECK(sync_wait(r, s.c.create_indexes(models)) == std::vector<std::string>{"_id_"});
    });
}

TEST_CASE("create_index sends every one of its options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document d{{"x", 1}};
        const auto name = check_sends(
            s,
            s.c.create_index(d,
                             {.name = "mine",
                              .unique = true,
                              .sparse = false,
                              .hidden = true,
                              .background = true,
                              .expire_after = 60s,
                              .partial_filter_expression = d,
                              .collation = d,
                              .wildcard_projection = d,
                              .storage_engine = d,
                              .weights = d,
                              .default_language = "german",
                              .language_override = "tongue",
                              .version = 2,
                              .text_index_version = 3,
                              .sphere_2d_index_version = 3,
                              .bits = 20,
                              .min = -90.0,
                              .max = 90.0,
                              .bucket_size = 0.5},
                             {.commit_quorum = "majority",
                              .comment = "why",
                              .max_time = 5ms,
                              .raw_data = true,
                              .write_concern = write_concern{.w = 1}}),
            ok,
            {{"createIndexes", "c"},
             {"indexes",
              arr(doc({"key", d}, {"name", "mine"}, {"unique", true}, {"sparse", false},
                      {"hidden", true}, {"background", true}, {"expireAfterSeconds", i64{60}},
                      {"partialFilterExpression", d}, {"collation", d}, {"wildcardProjection", d},
                      {"storageEngine", d}, {"weights", d}, {"default_language", "german"},
                      {"language_override", "tongue"}, {"v", 2}, {"textIndexVersion", 3},
                      {"2dsphereIndexVersion", 3}, {"bits", 20}, {"min", -90.0}, {"max", 90.0},
                      {"bucketSize", 0.5}))},
             {"commitQuorum", "majority"},
             {"comment", "why"},
             {"maxTimeMS", i64{5}},
             {"writeConcern", doc({"w", 1})},
             {"rawData", true},
             {"$db", "db"}});
        CHECK(*name == "mine");
    });
}

TEST_CASE("create_indexes sends several in one command, and gives their names in order") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document x{{"x", 1}};
        const document y{{"y", "2d"}};
        const std::vector<index_model> models{
            {.keys = x, .background = true, .version = 2},
            {.keys = y, .name = "flat", .bits = 20, .min = -90.0, .max = 90.0}};
        const auto names = check_sends(
            s, s.c.create_indexes(models), ok,
            {{"createIndexes", "c"},
             {"indexes",
              arr(doc({"key", x}, {"name", "x_1"}, {"background", true}, {"v", 2}),
                  doc({"key", y}, {"name", "flat"}, {"bits", 20}, {"min", -90.0}, {"max", 90.0}))},
             {"$db", "db"}});
        CHECK(*names == std::vector<std::string>{"x_1", "flat"});
    });
}

TEST_CASE("drop_index drops one by its name, drop_indexes all") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_sends(s, s.c.drop_index("x_1"), ok,
                    {{"dropIndexes", "c"}, {"index", "x_1"}, {"$db", "db"}});
        check_sends(s,
                    s.c.drop_indexes({.comment = "why",
                                      .max_time = 5ms,
                                      .raw_data = true,
                                      .write_concern = write_concern{.w = 1}}),
                    ok,
                    {{"dropIndexes", "c"},
                     {"index", "*"},
                     {"comment", "why"},
                     {"maxTimeMS", i64{5}},
                     {"writeConcern", doc({"w", 1})},
                     {"rawData", true},
                     {"$db", "db"}});
    });
}

TEST_CASE("list_indexes is a cursor; a collection that does not exist has none") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_sends(
            s, s.c.list_indexes({.batch_size = 5, .comment = "why", .raw_data = true}).to_vector(),
            first_batch(numbered(2)),
            {{"listIndexes", "c"},
             {"cursor", doc({"batchSize", 5})},
             {"comment", "why"},
             {"rawData", true},
             {"$db", "db"}});
        s.answer("listIndexes", op_msg_peer::error_document(26, "NamespaceNotFound", "ns"));
        CHECK(sync_wait(r, s.c.list_indexes().to_vector()).empty());
        s.answer("listIndexes", op_msg_peer::error_document(13, "Unauthorized", "no"));
        CHECK(error_of(r, s.c.list_indexes().to_vector()).server_code() == 13);
    });
}

TEST_CASE("list_collections sends its options; the names alone ask for nameOnly") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document filter{{"type", "view"}};
        check_sends(s,
                    s.client["db"]
                        .list_collections({.filter = filter,
                                           .name_only = false,
                                           .authorized_collections = true,
                                           .batch_size = 3,
                                           .comment = "why",
                                           .raw_data = true})
                        .to_vector(),
                    first_batch({}),
                    {{"listCollections", 1},
                     {"filter", filter},
                     {"nameOnly", false},
                     {"authorizedCollections", true},
                     {"cursor", doc({"batchSize", 3})},
                     {"comment", "why"},
                     {"rawData", true},
                     {"$db", "db"}});
        const auto names = check_sends(
            s, s.client["db"].list_collection_names(),
            first_batch({doc({"name", "a"}), doc({"name", "b"})}),
            {{"listCollections", 1}, {"nameOnly", true}, {"cursor", doc()}, {"$db", "db"}});
        CHECK(*names == std::vector<std::string>{"a", "b"});
    });
}

TEST_CASE("the names alone ask for nameOnly unless the filter looks at more than the name") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto asks = [&](const document& filter) {
            s.answer("listCollections", first_batch({}));
            CHECK(sync_wait(r, s.client["db"].list_collection_names({.filter = filter})).empty());
            return s.peer.received("listCollections").back().body["nameOnly"].exists();
        };
        CHECK(asks({}));
        CHECK(asks({{"name", {{"$regex", "^a"}}}}));
        CHECK(!asks({{"type", "view"}}));
        CHECK(!asks({{"name", "a"}, {"options.capped", true}}));
        CHECK(!asks({{"$or", {doc({"name", "a"}), doc({"type", "view"})}}}));
    });
}

TEST_CASE("list_databases is a command of admin; the names alone ask for nameOnly") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document filter{{"name", "x"}};
        const document reply{{"databases", arr(doc({"name", "a"}), doc({"name", "b"}))},
                             {"ok", 1.0}};
        const auto all = check_sends(s,
                                     s.client.list_databases({.filter = filter,
                                                              .name_only = false,
                                                              .authorized_databases = true,
                                                              .comment = "why"}),
                                     reply,
                                     {{"listDatabases", 1},
                                      {"filter", filter},
                                      {"nameOnly", false},
                                      {"authorizedDatabases", true},
                                      {"comment", "why"},
                                      {"$db", "admin"}});
        CHECK(all->size() == 2);
        const auto names =
            check_sends(s, s.client.list_database_names(), reply,
                        {{"listDatabases", 1}, {"nameOnly", true}, {"$db", "admin"}});
        CHECK(*names == std::vector<std::string>{"a", "b"});
    });
}

TEST_CASE("create_collection sends every one of its options") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document d{{"x", 1}};
        const auto pipeline = arr(doc({"$match", d}));
        check_sends(s, s.client["db"].create_collection("new"), ok,
                    {{"create", "new"}, {"$db", "db"}});
        check_sends(
            s,
            s.client["db"].create_collection("new", {.capped = true,
                                                     .size = 4096,
                                                     .max = 10,
                                                     .storage_engine = d,
                                                     .validator = d,
                                                     .validation_level = "moderate",
                                                     .validation_action = "warn",
                                                     .index_option_defaults = d,
                                                     .view_on = "c",
                                                     .pipeline = pipeline,
                                                     .collation = d,
                                                     .timeseries = d,
                                                     .expire_after = 60s,
                                                     .clustered_index = d,
                                                     .change_stream_pre_and_post_images = d,
                                                     .comment = "why",
                                                     .write_concern = write_concern{.w = 1}}),
            ok,
            {{"create", "new"},
             {"capped", true},
             {"size", i64{4096}},
             {"max", i64{10}},
             {"storageEngine", d},
             {"validator", d},
             {"validationLevel", "moderate"},
             {"validationAction", "warn"},
             {"indexOptionDefaults", d},
             {"viewOn", "c"},
             {"pipeline", pipeline},
             {"collation", d},
             {"timeseries", d},
             {"expireAfterSeconds", i64{60}},
             {"clusteredIndex", d},
             {"changeStreamPreAndPostImages", d},
             {"comment", "why"},
             {"writeConcern", doc({"w", 1})},
             {"$db", "db"}});
    });
}

TEST_CASE("drop and rename are commands of the collection, of its database, and of admin") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_sends(
            s, s.c.drop({.comment = "why", .write_concern = write_concern{.w = 1}}), ok,
            {{"drop", "c"}, {"comment", "why"}, {"writeConcern", doc({"w", 1})}, {"$db", "db"}});
        check_sends(s, s.client["db"].drop({.comment = "why"}), ok,
                    {{"dropDatabase", 1}, {"comment", "why"}, {"$db", "db"}});
        check_sends(s,
                    s.c.rename("d", {.drop_target = true,
                                     .comment = "why",
                                     .write_concern = write_concern{.w = 1}}),
                    ok,
                    {{"renameCollection", "db.c"},
                     {"to", "db.d"},
                     {"dropTarget", true},
                     {"comment", "why"},
                     {"writeConcern", doc({"w", 1})},
                     {"$db", "admin"}});
        s.answer("drop", op_msg_peer::error_document(26, "NamespaceNotFound", "ns not found"));
        CHECK(!error_of(r, s.c.drop()));
        s.answer("drop", op_msg_peer::error_document(13, "Unauthorized", "no"));
        CHECK(error_of(r, s.c.drop()).server_code_name() == "Unauthorized");
    });
}

TEST_CASE("run_command adds $db alone, whatever the document says: a read concern is its own") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document reply{{"answer", 42}, {"ok", 1.0}};
        const auto got = check_sends(
            s, s.client["db"].run_command({{"hostInfo", 1}, {"$db", "elsewhere"}, {"x", {1, 2}}}),
            reply, {{"hostInfo", 1}, {"x", arr(1, 2)}, {"$db", "db"}});
        CHECK(*got == reply);
        check_sends(s,
                    s.client["db"]
                        .with_read_concern({"majority"})
                        .run_command({{"count", "c"}, {"readConcern", {{"level", "local"}}}}),
                    reply,
                    {{"count", "c"}, {"readConcern", doc({"level", "local"})}, {"$db", "db"}});
        check_sends(s, s.client.ping(), ok, {{"ping", 1}, {"$db", "admin"}});
        s.answer("nonsense", op_msg_peer::error_document(59, "CommandNotFound", "no such command"));
        const auto e = error_of(r, s.client["db"].run_command({{"nonsense", 1}}));
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 59);
        CHECK(e.server_code_name() == "CommandNotFound");
        CHECK(e.server_message() == "no such command");
        CHECK(!e.raw_reply().empty());
    });
}

TEST_CASE("run_command gives a reply that says ok as it is; what it says of the server is heard") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto insert = [&](const document& reply) {
            s.answer("insert", reply);
            return sync_wait(r, s.client["db"].run_command({{"insert", "c"}}));
        };
        const document refused{
            {"n", 0}, {"writeErrors", {doc({"index", 0}, {"code", 11000})}}, {"ok", 1.0}};
        CHECK(insert(refused) == refused);
        const document late{
            {"n", 1}, {"writeConcernError", {{"code", 64}, {"errmsg", "late"}}}, {"ok", 1.0}};
        CHECK(insert(late) == late);
        s.check_works(1);
        const document leaving{
            {"n", 1},
            {"writeConcernError", {{"code", 91}, {"codeName", "ShutdownInProgress"}}},
            {"ok", 1.0}};
        CHECK(insert(leaving) == leaving);
        CHECK(s.client.statistics().connections == 0);  // the pool was cleared
        s.check_works(2);
    });
}

TEST_CASE("run_cursor_command goes on with getMore where the server says") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("checkMetadataConsistency", first_batch(numbered(2), 77));
        s.answer("getMore", next_batch(numbered(1, 2)));
        auto cursor = s.client["db"].run_cursor_command({{"checkMetadataConsistency", 1}});
        CHECK(sync_wait(r, cursor.to_vector()) == numbered(3));
        CHECK(json(s.sent("getMore")) ==
              json(document{{"getMore", i64{77}}, {"collection", "c"}, {"$db", "db"}}));
    });
}
