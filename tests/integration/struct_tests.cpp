#include "integration_support.hpp"

#include <map>
#include <optional>

using namespace mongoro;
using namespace mongoro::test;

namespace structs {

struct address {
    std::string street;
    std::string zip;
    bool operator==(const address&) const = default;
};

struct person {
    int _id = 0;
    std::string name;
    address home;
    std::optional<address> work;
    std::vector<std::string> tags;
    std::map<std::string, int> scores;
    bool operator==(const person&) const = default;
};

struct without_id {
    std::string name;
};

}  // namespace structs

using structs::person;

namespace {

person ada() {
    return {1, "Ada", {"Main St", "123"}, std::nullopt, {"math", "engine"}, {{"a", 1}, {"b", 2}}};
}

person grace() {
    return {2, "Grace", {"Side St", "456"}, structs::address{"Navy", "1"}, {}, {}};
}

}  // namespace

TEST_CASE("structs go in and come out, one by one, by cursor, in batches and by find_one_and") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto people = s.db.collection<person>("c");
        CHECK(sync_wait(r, people.insert_one(ada())).inserted_id.get<int>() == 1);
        CHECK(sync_wait(r, people.insert_many(std::vector<person>{grace()})).inserted_count == 1);
        const auto found = sync_wait(r, people.find_one({{"home.zip", "123"}}));
        REQUIRE(found);
        CHECK(*found == ada());
        CHECK(sync_wait(r, people.find().sort({{"_id", 1}}).to_vector()) ==
              std::vector<person>{ada(), grace()});
        const auto batch = sync_wait(r, people.find().sort({{"_id", -1}}).next_batch());
        REQUIRE(batch);
        CHECK(*batch->begin() == grace());

        auto older = ada();
        older.name = "Ada Lovelace";
        CHECK(sync_wait(r, people.replace_one({{"_id", 1}}, older)).modified_count == 1);
        const auto before = sync_wait(r, people.find_one_and_replace({{"_id", 1}}, ada()));
        REQUIRE(before);
        CHECK(*before == older);
        const auto gone = sync_wait(r, people.find_one_and_delete({{"_id", 2}}));
        REQUIRE(gone);
        CHECK(*gone == grace());
        CHECK(sync_wait(r, people.count_documents()) == 1);
    });
}

TEST_CASE("a struct without an _id member gets an ObjectId in front of its fields") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto named = s.db.collection<structs::without_id>("c");
        const auto made = sync_wait(r, named.insert_one({"Ada"}));
        const auto raw = sync_wait(r, s.c.find_one());
        REQUIRE(raw);
        CHECK((*raw->begin()).key() == "_id");
        CHECK((*raw)["_id"].get<object_id>() == made.inserted_id.get<object_id>());
        const auto back = sync_wait(r, named.find_one());
        REQUIRE(back);
        CHECK(back->name == "Ada");
    });
}

TEST_CASE("a wrong type in the data is an error with its path, and the cursor goes on behind it") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto people = s.db.collection<person>("c");
        sync_wait(r, people.insert_one(ada()));
        sync_wait(r, people.insert_one(grace()));
        sync_wait(r, s.c.update_one({{"_id", 1}}, {{"$set", {{"home.zip", 123}}}}));
        const auto one = error_of(r, people.find_one({{"_id", 1}}));
        CHECK(one == errc::wrong_type);
        CHECK(one.message() == "home.zip: expected string, got int32");
        auto cursor = people.find().sort({{"_id", 1}});
        CHECK(error_of(r, cursor.next()) == errc::wrong_type);
        const auto next = sync_wait(r, cursor.next());
        REQUIRE(next);
        CHECK(*next == grace());
        CHECK(!sync_wait(r, cursor.next()));
        CHECK(error_of(r, people.find().sort({{"_id", 1}}).to_vector()) == errc::wrong_type);
        sync_wait(r, s.c.update_one({{"_id", 2}}, {{"$unset", {{"name", 1}}}}));
        const auto missing = error_of(r, people.find_one({{"_id", 2}}));
        CHECK(missing == errc::key_not_found);
        CHECK(missing.message().find("name") != std::string_view::npos);
    });
}

TEST_CASE("an aggregate gives structs of another type than the collection's") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        const auto people = s.db.collection<person>("c");
        sync_wait(r, people.insert_many(std::vector<person>{ada(), grace()}));
        const auto names = sync_wait(
            r, people
                   .aggregate<structs::without_id>(
                       arr(doc({"$sort", doc({"name", -1})}), doc({"$project", doc({"name", 1})})))
                   .to_vector());
        REQUIRE(names.size() == 2);
        CHECK(names[0].name == "Grace");
        CHECK(names[1].name == "Ada");
    });
}
