#include "integration_support.hpp"

#include <algorithm>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using names = std::vector<std::string>;

names sorted(names n) {
    std::sort(n.begin(), n.end());
    return n;
}

names index_names(const server_scene& s) {
    names found;
    for (const auto& index : sync_wait(s.r, s.c.list_indexes().to_vector())) {
        found.push_back(index["name"].get<std::string>());
    }
    return sorted(found);
}

}  // namespace

TEST_CASE("indexes are made, listed and dropped by their names") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        CHECK(index_names(s).empty());  // no collection yet
        CHECK(sync_wait(r, s.c.create_index({{"x", 1}, {"y", -1}})) == "x_1_y_-1");
        CHECK(sync_wait(r, s.c.create_index({{"x", 1}, {"y", -1}})) == "x_1_y_-1");
        const document z{{"z", 1}};
        const document where{{"where", "2dsphere"}};
        const std::vector<index_model> models{{.keys = z, .name = "mine", .sparse = true},
                                              {.keys = where}};
        CHECK(sync_wait(r, s.c.create_indexes(models)) == names{"mine", "where_2dsphere"});
        CHECK(index_names(s) == names{"_id_", "mine", "where_2dsphere", "x_1_y_-1"});
        sync_wait(r, s.c.drop_index("mine"));
        CHECK(index_names(s) == names{"_id_", "where_2dsphere", "x_1_y_-1"});
        const auto e = error_of(r, s.c.drop_index("mine"));
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 27);  // IndexNotFound
        sync_wait(r, s.c.drop_indexes());
        CHECK(index_names(s) == names{"_id_"});
    });
}

TEST_CASE("making the index on _id is no error, and makes no second one") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        CHECK(sync_wait(r, s.c.create_index({{"_id", 1}})) == "_id_");
        CHECK(index_names(s) == names{"_id_"});
        CHECK(sync_wait(r, s.c.create_index({{"_id", 1}})) == "_id_");
        CHECK(index_names(s) == names{"_id_"});
    });
}

TEST_CASE("a unique index refuses a second document of the same key") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        sync_wait(r, s.c.create_index({{"name", 1}}, {.unique = true}));
        sync_wait(r, s.c.insert_one({{"name", "Ada"}}));
        const auto e = error_of(r, s.c.insert_one({{"name", "Ada"}}));
        CHECK(e == errc::write_failed);
        CHECK(e.server_code() == 11000);
        CHECK(sync_wait(r, s.c.count_documents()) == 1);
        const document adults{{"age", {{"$gte", 18}}}};
        CHECK(sync_wait(r, s.c.create_index({{"age", 1}}, {.name = "adults",
                                                           .expire_after = 3600s,
                                                           .partial_filter_expression = adults})) ==
              "adults");
    });
}

TEST_CASE("collections are created with options, listed, renamed and dropped") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        CHECK(sync_wait(r, s.db.list_collection_names()).empty());
        sync_wait(r, s.db.create_collection("log", {.capped = true, .size = 100'000, .max = 100}));
        sync_wait(r, s.db.create_collection("plain"));
        const auto e = error_of(r, s.db.create_collection("plain", {.capped = true, .size = 4096}));
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 48);  // NamespaceExists
        CHECK(sorted(sync_wait(r, s.db.list_collection_names())) == names{"log", "plain"});
        const document only_log{{"name", "log"}};
        const auto described =
            sync_wait(r, s.db.list_collections({.filter = only_log}).to_vector());
        REQUIRE(described.size() == 1);
        CHECK(described[0]["options"]["capped"].get<bool>());

        sync_wait(r, s.db["plain"].rename("fancy"));
        CHECK(sorted(sync_wait(r, s.db.list_collection_names())) == names{"fancy", "log"});
        CHECK(error_of(r, s.db["fancy"].rename("log")).server_code() == 48);
        sync_wait(r, s.db["fancy"].rename("log", {.drop_target = true}));
        CHECK(sync_wait(r, s.db.list_collection_names()) == names{"log"});
        sync_wait(r, s.db["log"].drop());
        sync_wait(r, s.db["log"].drop());
        CHECK(sync_wait(r, s.db.list_collection_names()).empty());
    });
}

TEST_CASE("a view shows what its pipeline selects, a validator refuses what does not fit") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        s.insert_numbered(5);
        const auto pipeline = arr(doc({"$match", doc({"x", doc({"$gt", 2})})}));
        sync_wait(r, s.db.create_collection("large", {.view_on = "c", .pipeline = pipeline}));
        CHECK(sync_wait(r, s.db["large"].count_documents()) == 2);

        const document validator{{"name", {{"$type", "string"}}}};
        sync_wait(r, s.db.create_collection("people", {.validator = validator}));
        const auto people = s.db["people"];
        const auto e = error_of(r, people.insert_one({{"name", 5}}));
        CHECK(e == errc::write_failed);
        CHECK(e.server_code() == 121);  // DocumentValidationFailure
        CHECK(!error_of(r, people.insert_one({{"name", 5}}, {.bypass_document_validation = true})));
        CHECK(sync_wait(r, people.count_documents()) == 1);
    });
}

TEST_CASE("databases are listed while they hold something, and dropped") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto is_listed = [&] {
            const auto all = sync_wait(r, s.client.list_database_names());
            return std::count(all.begin(), all.end(), s.db.name()) == 1;
        };
        CHECK(!is_listed());
        s.insert_numbered(1);
        CHECK(is_listed());
        const document mine{{"name", s.db.name()}};
        const auto described = sync_wait(r, s.client.list_databases({.filter = mine}));
        REQUIRE(described.size() == 1);
        CHECK(described[0]["name"].get<std::string>() == s.db.name());
        sync_wait(r, s.db.drop());
        sync_wait(r, s.db.drop());
        CHECK(!is_listed());
    });
}

TEST_CASE("run_command gives the server's whole reply, or its error") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto info = sync_wait(r, s.client["admin"].run_command({{"buildInfo", 1}}));
        CHECK(info["version"].exists());
        CHECK(info["ok"].get<double>() == 1.0);
        const auto e = error_of(r, s.db.run_command({{"noSuchCommand", 1}}));
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 59);
        s.insert_numbered(10);
        auto cursor = s.db.run_cursor_command({{"find", "c"}, {"batchSize", 3}});
        CHECK(sync_wait(r, cursor.to_vector()).size() == 10);
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.client.statistics().connections_created == 1);
    });
}
