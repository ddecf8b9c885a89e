#include "client_support.hpp"

using namespace mongoro;
using namespace mongoro::test;

namespace {

using documents = std::vector<document>;

/// A server with limits of its own, which takes every insert: `n` is what it got.
void set_limits(scene& s, int documents_a_batch, int bytes_a_message, int bytes_a_document = 1000) {
    document hello;
    hello.append("isWritablePrimary", true)
        .append("maxBsonObjectSize", bytes_a_document)
        .append("maxMessageSizeBytes", bytes_a_message)
        .append("maxWriteBatchSize", documents_a_batch)
        .append("maxWireVersion", 25)
        .append("ok", 1);
    s.peer.always("hello", reply_script().reply(hello));
}

void accept_batches(scene& s, const std::vector<int>& sizes) {
    for (const int size : sizes) {
        s.peer.expect("insert", reply_script().reply(doc({"n", size}, {"ok", 1.0})),
                      [size](const received_command& c) {
                          return c.sequences.at("documents").size() ==
                                 static_cast<std::size_t>(size);
                      });
    }
}

/// The `_id`s that came, in their order.
std::vector<int> ids_of(const scene& s) {
    std::vector<int> ids;
    for (const auto& command : s.peer.received("insert")) {
        for (const auto& d : command.sequences.at("documents")) {
            ids.push_back(d["_id"].get<int>());
        }
    }
    return ids;
}

std::vector<int> counted(int n) {
    std::vector<int> ids;
    for (int i = 0; i < n; ++i) {
        ids.push_back(i);
    }
    return ids;
}

/// The header, flags, body and the head of the sequence of an insert of this client, and the four
/// bytes that are kept back for a checksum.
std::size_t overhead(const scene& s) {
    const auto command = s.peer.received("insert").back();
    return 16 + 4 + 1 + command.body.size() + 1 + 4 + sizeof("documents") + 4;
}

document failed_at(int index, int code, const char* message) {
    return {{"index", index}, {"code", code}, {"errmsg", message}};
}

document write_concern_failure() {
    return {{"code", 64}, {"codeName", "WriteConcernFailed"}, {"errmsg", "waiting timed out"}};
}

}  // namespace

TEST_CASE("insert_many splits by maxWriteBatchSize, in order, on one connection") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 7, 48'000'000);
        accept_batches(s, {7, 7, 7, 2});
        const auto done = sync_wait(r, s.c.insert_many(numbered(23)));
        CHECK(done.inserted_count == 23);
        CHECK(done.inserted_ids.size() == 23);
        CHECK(ids_of(s) == counted(23));
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a batch of exactly maxWriteBatchSize is not split") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 7, 48'000'000);
        accept_batches(s, {7});
        CHECK(sync_wait(r, s.c.insert_many(numbered(7))).inserted_count == 7);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("insert_many splits by maxMessageSizeBytes, to the byte") {
    on_each_backend([](reactor& r) {
        documents hundreds;
        for (int i = 0; i < 10; ++i) {
            document d{{"_id", i}, {"x", std::string(100, 'x')}};
            hundreds.push_back(std::move(d));
        }
        const auto size = hundreds[0].size();
        scene measure(r);
        accept_batches(measure, {1});
        sync_wait(r, measure.c.insert_many(numbered(1)));
        const auto around = overhead(measure);

        // Room for exactly four, and for a byte less.
        const auto room = static_cast<int>(around + 4 * size);
        scene exact(r);
        set_limits(exact, 100, room);
        accept_batches(exact, {4, 4, 2});
        CHECK(sync_wait(r, exact.c.insert_many(hundreds)).inserted_count == 10);
        CHECK(ids_of(exact) == counted(10));
        CHECK(exact.peer.problems() == "");
        scene less(r);
        set_limits(less, 100, room - 1);
        accept_batches(less, {3, 3, 3, 1});
        CHECK(sync_wait(r, less.c.insert_many(hundreds)).inserted_count == 10);
        CHECK(ids_of(less) == counted(10));
        CHECK(less.peer.problems() == "");
    });
}

TEST_CASE("more than a hundred thousand documents go in two messages, as do more than 48 MB") {
    on_each_backend([](reactor& r) {
        scene s(r);
        accept_batches(s, {100'000, 1});
        CHECK(sync_wait(r, s.c.insert_many(numbered(100'001))).inserted_count == 100'001);
        CHECK(s.peer.problems() == "");
        scene large(r);
        accept_batches(large, {2, 1});
        const auto d = document_of_size(16'000'000);
        CHECK(sync_wait(r, large.c.insert_many(documents{d, d, d})).inserted_count == 3);
        CHECK(large.peer.problems() == "");
    });
}

TEST_CASE("ordered, the first write error ends it: its index, and what was inserted before") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 4, 48'000'000);
        accept_batches(s, {4});
        s.answer("insert",
                 doc({"n", 2}, {"writeErrors", arr(failed_at(2, 11000, "E11000 duplicate key"))},
                     {"ok", 1.0}));
        const auto e = error_of(r, s.c.insert_many(numbered(23)));
        CHECK(e == errc::write_failed);
        REQUIRE(e.write_errors().size() == 1);
        CHECK(e.write_errors()[0].index == 6);
        CHECK(e.write_errors()[0].code == 11000);
        CHECK(e.write_errors()[0].message == "E11000 duplicate key");
        CHECK(e.server_code() == 11000);
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->inserted_count == 6);
        CHECK(s.peer.received("insert").size() == 2);
        s.check_works(1);
    });
}

TEST_CASE("unordered, every write error of every batch is in the error, with its own index") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 4, 48'000'000);
        s.answer(
            "insert",
            doc({"n", 2}, {"writeErrors", arr(failed_at(1, 11000, "a"), failed_at(3, 121, "b"))},
                {"ok", 1.0}));
        accept_batches(s, {4});
        s.answer("insert", doc({"n", 1}, {"writeErrors", arr(failed_at(0, 11000, "c"))},
                               {"writeConcernError", write_concern_failure()}, {"ok", 1.0}));
        const auto e = error_of(r, s.c.insert_many(numbered(10), {.ordered = false}));
        CHECK(e == errc::write_failed);
        REQUIRE(e.write_errors().size() == 3);
        CHECK(e.write_errors()[0].index == 1);
        CHECK(e.write_errors()[1].index == 3);
        CHECK(e.write_errors()[1].code == 121);
        CHECK(e.write_errors()[2].index == 8);
        CHECK(e.write_errors()[2].message == "c");
        REQUIRE(e.write_concern() != nullptr);
        CHECK(e.write_concern()->code == 64);
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->inserted_count == 7);
        s.check_works(1);
    });
}

TEST_CASE("a write concern error of any batch is in the error; the writes go on and are counted") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 4, 48'000'000);
        s.answer("insert",
                 doc({"n", 4}, {"writeConcernError", write_concern_failure()}, {"ok", 1.0}));
        accept_batches(s, {2});
        const auto e = error_of(r, s.c.insert_many(numbered(6)));
        CHECK(e == errc::write_concern_failed);
        CHECK(e.server_code() == 64);
        CHECK(e.server_code_name() == "WriteConcernFailed");
        CHECK(e.server_message() == "waiting timed out");
        CHECK(e.write_errors().empty());
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->inserted_count == 6);
        CHECK(!e.raw_reply().empty());
        s.check_works(1);
    });
}

TEST_CASE("a command that fails in a later batch keeps what the earlier ones did") {
    on_each_backend([](reactor& r) {
        for (const bool ordered : {true, false}) {
            scene s(r);
            set_limits(s, 4, 48'000'000);
            accept_batches(s, {4});
            s.answer("insert", op_msg_peer::error_document(13, "Unauthorized", "no"));
            const auto e = error_of(r, s.c.insert_many(numbered(12), {.ordered = ordered}));
            CHECK(e == errc::command_failed);
            CHECK(e.server_code() == 13);
            REQUIRE(e.partial() != nullptr);
            CHECK(e.partial()->inserted_count == 4);
            CHECK(s.peer.received("insert").size() == 2);
            s.check_works(1);
        }
    });
}

TEST_CASE(
    "a connection that breaks in a later batch keeps what the earlier ones did, and their errors") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 4, 48'000'000);
        s.answer("insert",
                 doc({"n", 3}, {"writeErrors", arr(failed_at(0, 11000, "dup"))}, {"ok", 1.0}));
        s.peer.expect("insert", reply_script().close());
        const auto e = error_of(r, s.c.insert_many(numbered(12), {.ordered = false}));
        CHECK(e == errc::connection_closed);
        CHECK(e.to_string().find("127.0.0.1:") != std::string::npos);
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->inserted_count == 3);
        REQUIRE(e.write_errors().size() == 1);
        CHECK(e.write_errors()[0].index == 0);
        s.check_works(2);
    });
}

TEST_CASE(
    "a command that fails in a later batch adds to what was said before, and hides none of it") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 2, 48'000'000);
        s.answer("insert", doc({"n", 1}, {"writeErrors", arr(failed_at(0, 11000, "dup"))},
                               {"errorLabels", arr("SomeLabel")}, {"ok", 1.0}));
        document failed = op_msg_peer::error_document(91, "ShutdownInProgress", "going");
        failed.append("writeConcernError", doc({"code", 64}, {"errmsg", "slow"}));
        s.answer("insert", failed);
        const auto e = error_of(r, s.c.insert_many(numbered(4), {.ordered = false}));
        CHECK(e.server_code() == 91);
        CHECK(e.has_label("SomeLabel"));
        REQUIRE(e.write_errors().size() == 1);
        REQUIRE(e.write_concern() != nullptr);
        CHECK(e.write_concern()->code == 64);
    });
}

TEST_CASE("each batch that a server is too busy for may be tried again as often as the first") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        document hello;
        hello.append("isWritablePrimary", true)
            .append("maxWriteBatchSize", 2)
            .append("maxWireVersion", 25)
            .append("ok", 1);
        peer.always("hello", reply_script().reply(hello));
        auto busy = op_msg_peer::error_document(462, "IngressRequestRateLimitExceeded", "busy");
        busy.append("errorLabels", arr("SystemOverloadedError", "RetryableError"))
            .append("baseBackoffMS", 1);
        for (int i = 0; i < 2; ++i) {
            peer.expect("insert", reply_script().reply(busy));
            peer.expect("insert", reply_script().reply(doc({"n", 2}, {"ok", 1.0})));
        }
        const client c(r, peer.uri() + "?maxAdaptiveRetries=1");
        const auto e = error_of(r, c["db"]["c"].insert_many(numbered(4)));
        CHECK_MESSAGE(!e, e.to_string());
        CHECK(peer.received("insert").size() == 4);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("one insert, update or delete that the server refuses is write_failed with index 0") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document refused{
            {"n", 0}, {"writeErrors", arr(failed_at(0, 11000, "dup"))}, {"ok", 1.0}};
        for (const char* name : {"insert", "update", "delete"}) {
            s.peer.always(name, reply_script().reply(refused));
        }
        const auto check = [](const error& e) {
            CHECK(e == errc::write_failed);
            REQUIRE(e.write_errors().size() == 1);
            CHECK(e.write_errors()[0].index == 0);
            CHECK(e.write_errors()[0].code == 11000);
            CHECK(e.partial() != nullptr);
            CHECK(document_view(e.write_errors()[0].raw.data(),
                                e.write_errors()[0].raw.size())["errmsg"]
                      .get<std::string>() == "dup");
        };
        check(error_of(r, s.c.insert_one({{"_id", 1}})));
        check(error_of(r, s.c.update_one({}, {{"$set", {{"x", 1}}}})));
        check(error_of(r, s.c.replace_one({}, {{"x", 1}})));
        check(error_of(r, s.c.delete_one({})));
        s.check_works(1);
    });
}

TEST_CASE("an update with a write concern error says what it matched, modified and upserted") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.answer("update", doc({"n", 5}, {"nModified", 3},
                               {"writeConcernError", write_concern_failure()}, {"ok", 1.0}));
        auto e = error_of(r, s.c.update_many({}, {{"$set", {{"x", 1}}}}));
        CHECK(e == errc::write_concern_failed);
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->matched_count == 5);
        CHECK(e.partial()->modified_count == 3);
        CHECK(e.partial()->upserted_count == 0);
        s.answer("update",
                 doc({"n", 1}, {"nModified", 0}, {"upserted", arr(doc({"index", 0}, {"_id", 9}))},
                     {"writeConcernError", write_concern_failure()}, {"ok", 1.0}));
        e = error_of(r, s.c.update_one({}, {{"$set", {{"x", 1}}}}, {.upsert = true}));
        CHECK(e.partial()->matched_count == 0);
        CHECK(e.partial()->upserted_count == 1);
        s.answer("delete",
                 doc({"n", 4}, {"writeConcernError", write_concern_failure()}, {"ok", 1.0}));
        e = error_of(r, s.c.delete_many({}));
        CHECK(e.partial()->deleted_count == 4);
    });
}

TEST_CASE("a reply that counts more than there can be is malformed") {
    on_each_backend([](reactor& r) {
        scene s(r);
        constexpr auto most = std::numeric_limits<std::int64_t>::max();
        for (const std::int64_t n : {most, std::int64_t{-1}}) {
            s.answer("delete", doc({"n", n}, {"ok", 1.0}));
            CHECK(error_of(r, s.c.delete_many({})) == errc::malformed_reply);
            s.answer("update", doc({"n", 1}, {"nModified", n}, {"ok", 1.0}));
            CHECK(error_of(r, s.c.update_one({}, {{"$set", {{"x", 1}}}})) == errc::malformed_reply);
        }
    });
}

TEST_CASE(
    "a write concern error of findAndModify, create, drop and createIndexes is an error too") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document reply{{"value", doc({"_id", 1})},
                             {"cursor", doc({"id", 0}, {"ns", "db.c"}, {"firstBatch", arr()})},
                             {"writeConcernError", write_concern_failure()},
                             {"ok", 1.0}};
        for (const char* name : {"findAndModify", "create", "drop", "createIndexes", "dropIndexes",
                                 "renameCollection", "dropDatabase", "aggregate"}) {
            s.peer.always(name, reply_script().reply(reply));
        }
        CHECK(error_of(r, s.c.find_one_and_delete({})) == errc::write_concern_failed);
        CHECK(error_of(r, s.client["db"].create_collection("x")) == errc::write_concern_failed);
        CHECK(error_of(r, s.c.drop()) == errc::write_concern_failed);
        CHECK(error_of(r, s.client["db"].drop()) == errc::write_concern_failed);
        CHECK(error_of(r, s.c.create_index({{"x", 1}})) == errc::write_concern_failed);
        CHECK(error_of(r, s.c.drop_index("x_1")) == errc::write_concern_failed);
        CHECK(error_of(r, s.c.rename("d")) == errc::write_concern_failed);
        CHECK(error_of(r, s.c.aggregate(arr(doc({"$out", "d"}))).next()) ==
              errc::write_concern_failed);
        s.check_works(1);
    });
}

TEST_CASE("w: 0 asks for no reply, waits for none, and the connection is good for the next") {
    on_each_backend([](reactor& r) {
        scene s(r, {.max_pool_size = 1});
        for (const char* name : {"insert", "update", "delete"}) {
            s.peer.always(name, reply_script().reply(op_msg_peer::ok_document()));
        }
        const auto none = write_concern::unacknowledged();
        const auto one = sync_wait(r, s.c.insert_one({{"_id", 1}}, {.write_concern = none}));
        CHECK(!one.acknowledged);
        CHECK(one.inserted_id.get<int>() == 1);
        CHECK(!sync_wait(r, s.c.insert_many(numbered(3), {.write_concern = none})).acknowledged);
        CHECK(!sync_wait(r, s.c.update_one({}, {{"$set", {{"x", 1}}}}, {.write_concern = none}))
                   .acknowledged);
        CHECK(!sync_wait(r, s.c.replace_one({}, {{"x", 1}}, {.write_concern = none})).acknowledged);
        CHECK(!sync_wait(r, s.c.delete_many({}, {.write_concern = none})).acknowledged);
        s.check_works(1);
        for (const char* name : {"insert", "update", "delete"}) {
            for (const auto& command : s.peer.received(name)) {
                CHECK(command.flags == 2);  // moreToCome
                CHECK(command.body["writeConcern"]["w"].get<int>() == 0);
            }
        }
        CHECK(s.peer.received("insert").size() == 2);
        CHECK(s.peer.received("update").size() == 2);
    });
}

TEST_CASE("w: 0 has a hint and a collation, and gives no document") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto none = write_concern::unacknowledged();
        const document french{{"locale", "fr"}};
        const document set{{"$set", {{"x", 1}}}};
        for (const char* name : {"update", "delete", "findAndModify"}) {
            s.peer.always(name, reply_script().reply(op_msg_peer::ok_document()));
        }
        CHECK(
            !sync_wait(r, s.c.update_one(
                              {}, set, {.collation = french, .hint = "x_1", .write_concern = none}))
                 .acknowledged);
        CHECK(!sync_wait(r, s.c.delete_one(
                                {}, {.collation = french, .hint = "x_1", .write_concern = none}))
                   .acknowledged);
        CHECK(!sync_wait(r, s.c.find_one_and_delete({}, {.hint = "x_1", .write_concern = none})));
        CHECK(!sync_wait(r, s.c.find_one_and_update({}, set, {.write_concern = none})));
        s.check_works(1);
        CHECK(s.sent("update")["updates"][0]["hint"].get<std::string>() == "x_1");
        CHECK(s.sent("delete")["deletes"][0]["hint"].get<std::string>() == "x_1");
        const auto modified = s.peer.received("findAndModify");
        REQUIRE(modified.size() == 2);
        for (const auto& command : modified) {
            CHECK(command.flags == 2);
            CHECK(command.body["writeConcern"]["w"].get<int>() == 0);
        }
    });
}

TEST_CASE("a hint that a server before 4.4 would refuse unheard, and a quorum, are not_supported") {
    on_each_backend([](reactor& r) {
        scene s(r);
        document hello;
        hello.append("isWritablePrimary", true).append("maxWireVersion", 8).append("ok", 1);
        s.peer.always("hello", reply_script().reply(hello));
        s.peer.always("update", reply_script().reply(op_msg_peer::ok_document()));
        const auto none = write_concern::unacknowledged();
        const document set{{"$set", {{"x", 1}}}};
        CHECK(error_of(r, s.c.delete_one({}, {.hint = "x_1", .write_concern = none})) ==
              errc::not_supported);
        CHECK(
            error_of(r, s.c.find_one_and_update({}, set, {.hint = "x_1", .write_concern = none})) ==
            errc::not_supported);
        CHECK(error_of(r, s.c.create_index({{"x", 1}}, {}, {.commit_quorum = "majority"})) ==
              errc::not_supported);
        // What can never be right is said first.
        CHECK(error_of(r, s.c.create_index(document(), {}, {.commit_quorum = "majority"})) ==
              errc::invalid_argument);
        CHECK(!error_of(r, s.c.update_one({}, set, {.hint = "x_1", .write_concern = none})));
        // With a reply the server's own refusal is in it.
        s.answer("delete", op_msg_peer::error_document(9, "FailedToParse", "hint"));
        CHECK(error_of(r, s.c.delete_one({}, {.hint = "x_1"})).server_code() == 9);
        s.check_works(1);
        CHECK(s.peer.received("createIndexes").empty());
        CHECK(s.peer.received("findAndModify").empty());
    });
}

TEST_CASE("w: 0 splits by the limits too, and refuses what is too large") {
    on_each_backend([](reactor& r) {
        scene s(r);
        set_limits(s, 2, 48'000'000);
        accept_batches(s, {2, 2, 1});
        const auto none = write_concern::unacknowledged();
        CHECK(!sync_wait(r, s.c.insert_many(numbered(5), {.write_concern = none})).acknowledged);
        REQUIRE(s.peer.wait_for("insert", 3));
        CHECK(ids_of(s) == counted(5));
        CHECK(error_of(r, s.c.insert_one(document_of_size(1001), {.write_concern = none})) ==
              errc::document_too_large);
        s.check_works(1);
    });
}
