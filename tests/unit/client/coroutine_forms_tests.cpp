#include "client_support.hpp"

#include <mongoro/mongoro.hpp>

/// \file
/// The forms in which people write operations, each inside of a co_await expression: there a
/// compiler's handling of temporaries is what is tested, and not what the operations do.

using namespace mongoro;
using namespace mongoro::test;

namespace {

struct person {
    std::string name;
    std::vector<std::string> tags;
};

document sent(const scene& s, std::string_view name) {
    return document(s.peer.received(name).back().body);
}

task<> write_in_every_form(scene& s) {
    const auto people = s.c;
    const std::string comment = "a comment that is too long for a small string";

    auto one = co_await people.insert_one({{"name", "Ada"}, {"tags", {"math", "engine"}}});
    CHECK(one.acknowledged);
    CHECK(s.peer.received("insert")
              .back()
              .sequences.at("documents")[0]["tags"]["1"]
              .get<std::string>() == "engine");
    co_await people.insert_one({{"name", "Ada"}}, {.comment = "x"});
    co_await people.insert_one({{"name", "Ada"}}, {.comment = comment});
    CHECK(sent(s, "insert")["comment"].get<std::string>() == comment);
    co_await people.insert_one({{"name", "Ada"}}, {.comment = doc({"why", comment})});
    CHECK(sent(s, "insert")["comment"]["why"].get<std::string>() == comment);
    co_await people.insert_one({{"n", 1}}, {.write_concern = write_concern::majority()});
    CHECK(sent(s, "insert")["writeConcern"]["w"].get<std::string>() == "majority");
    co_await people.insert_one({{"n", 1}},
                               {.write_concern = write_concern{.w = 1, .journal = true}});

    const auto typed = s.client["db"].collection<person>("c");
    // A struct or a vector in braces there is what g++ 12 gets wrong: they are made before.
    const person ada{"Ada Lovelace, Countess of Lovelace", {"math", "engine"}};
    co_await typed.insert_one(ada);
    co_await typed.insert_one(ada, {.comment = comment});
    CHECK(
        s.peer.received("insert").back().sequences.at("documents")[0]["name"].get<std::string>() ==
        ada.name);
    const std::vector<document> two{doc({"a", 1}), doc({"b", comment})};
    co_await people.insert_many(two, {.comment = comment, .ordered = false});

    co_await people.update_one({{"name", "Ada"}}, {{"$set", {{"age", 36}, {"note", comment}}}});
    co_await people.update_one({{"name", comment}}, {{"$inc", {{"age", 1}}}},
                               {.comment = comment, .hint = doc({"name", 1}), .upsert = true});
    const auto update = s.peer.received("update").back();
    CHECK(update.sequences.at("updates")[0]["q"]["name"].get<std::string>() == comment);
    CHECK(update.sequences.at("updates")[0]["hint"].get<document>() == doc({"name", 1}));
    co_await people.update_many({}, arr(doc({"$set", doc({"x", comment})})),
                                {.array_filters = arr(doc({"e", 1}))});
    co_await people.replace_one({{"name", "Ada"}}, {{"name", "Grace"}}, {.upsert = true});
    co_await people.delete_many({{"age", {{"$gt", 100}}}}, {.collation = doc({"locale", "de"})});
    auto before = co_await people.find_one_and_update(
        {{"name", "Ada"}}, {{"$set", {{"x", comment}}}},
        {.returned = return_document::after, .sort = doc({"_id", -1})});
    CHECK(before);
}

task<> read_in_every_form(scene& s) {
    const std::string name = "a name that is too long for a small string";
    CHECK(co_await s.c.find_one({{"name", name}}, {.sort = doc({"_id", -1})}));
    auto vector =
        co_await s.c.find({{"name", name}}).sort({{"_id", -1}}).skip(1).limit(2).to_vector();
    CHECK(vector.size() == 2);
    vector = co_await s.client["db"]["c"].find().projection({{"name", 1}}).to_vector(1);
    CHECK(vector.size() == 1);
    auto result = co_await as_result(s.c.find_one({{"$or", arr(doc({"a", 1}), doc({"b", name}))}}));
    CHECK(result);
    auto again = co_await with_deadline(s.c.find_one({{"name", name}}), 60s);
    CHECK(again);
    auto [first, second] = co_await when_all(s.c.find_one({{"name", name}}), s.c.find_one());
    CHECK(first);
    CHECK(second);
    auto grouped = co_await s.c
                       .aggregate(arr(doc({"$match", doc({"name", name})}),
                                      doc({"$group", doc({"_id", "$x"})})),
                                  {.comment = name})
                       .to_vector();
    CHECK(grouped.size() == 2);
    CHECK(sent(s, "aggregate")["pipeline"]["0"]["$match"]["name"].get<std::string>() == name);
    auto reply = co_await s.client["db"].run_command({{"ping", 1}, {"comment", name}});
    CHECK(reply["ok"].get<double>() == 1.0);
    CHECK(co_await s.c.create_index({{"name", 1}}, {.name = "mine", .unique = true}) == "mine");
    auto cursor = s.c.find({{"name", name}}, {.batch_size = 2});
    int count = 0;
    while (auto next = co_await cursor.next()) {
        ++count;
    }
    CHECK(count == 2);
    for (auto it = co_await s.c.find().begin(); it != cursor.end(); co_await ++it) {
        ++count;
    }
    CHECK(count == 4);
}

task<> fail_in_every_form(scene& s) {
    s.peer.always("find", reply_script().reply(op_msg_peer::error_document(2, "BadValue", "no")));
    bool thrown = false;
    try {
        static_cast<void>(co_await s.c.find_one({{"name", "Ada"}}, {.comment = "x"}));
    } catch (const exception& e) {
        thrown = true;
        CHECK(e.error() == errc::command_failed);
        CHECK(e.code() == errc::command_failed);
    }
    CHECK(thrown);
    const auto result = co_await as_result(s.c.find({{"name", "Ada"}}).sort({{"x", 1}}).next());
    CHECK(result.error().server_code() == 2);
}

void prepare(scene& s) {
    for (const char* name : {"insert", "delete"}) {
        s.peer.always(name, reply_script().reply(doc({"n", 1}, {"ok", 1.0})));
    }
    s.peer.always("update", reply_script().reply(doc({"n", 1}, {"nModified", 1}, {"ok", 1.0})));
    s.peer.always("findAndModify",
                  reply_script().reply(doc({"value", doc({"x", 1})}, {"ok", 1.0})));
    s.peer.always("createIndexes", reply_script().reply(op_msg_peer::ok_document()));
    for (const char* name : {"find", "aggregate"}) {
        s.peer.always(name, reply_script().reply(first_batch(numbered(2))));
    }
}

}  // namespace

TEST_CASE("writes with braces, options and structs inside of co_await send what was written") {
    on_each_backend([](reactor& r) {
        scene s(r);
        prepare(s);
        sync_wait(r, write_in_every_form(s));
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("reads with braces, chaining and options inside of co_await send what was written") {
    on_each_backend([](reactor& r) {
        scene s(r);
        prepare(s);
        sync_wait(r, read_in_every_form(s));
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("an error inside of co_await is thrown, or given as a result") {
    on_each_backend([](reactor& r) {
        scene s(r);
        sync_wait(r, fail_in_every_form(s));
    });
}
