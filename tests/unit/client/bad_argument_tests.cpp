#include "client_support.hpp"

#include <limits>

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr std::size_t largest = std::size_t{16} << 20;

/// An operation that is refused before anything of it is sent.
template <typename Operation>
void check_refused(scene& s, Operation operation, errc code) {
    const auto before = s.peer.received().size();
    const auto e = error_of(s.r, std::move(operation));
    CHECK(e == code);
    CHECK(s.peer.received().size() == before);
}

using documents = std::vector<document>;

}  // namespace

TEST_CASE("a document of 16 MiB is sent, one of a byte more is document_too_large") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("insert", reply_script().reply(doc({"n", 1}, {"ok", 1.0})));
        CHECK(sync_wait(r, s.c.insert_one(document_of_size(largest))).acknowledged);
        check_refused(s, s.c.insert_one(document_of_size(largest + 1)), errc::document_too_large);
        s.check_works(1);
    });
}

TEST_CASE("insert_many with one document too large sends none, and names its place") {
    on_each_backend([](reactor& r) {
        scene s(r);
        sync_wait(r, s.client.ping());
        const documents some{doc({"_id", 1}), doc({"_id", 2}), document_of_size(largest + 1)};
        const auto e = error_of(r, s.c.insert_many(some));
        CHECK(e == errc::document_too_large);
        CHECK(e.message().find("2") != std::string_view::npos);
        CHECK(s.peer.received("insert").empty());
        s.check_works(1);
    });
}

TEST_CASE("an update, a replacement and a command over the limit are document_too_large") {
    on_each_backend([](reactor& r) {
        scene s(r);
        sync_wait(r, s.client.ping());
        const auto large = document_of_size(largest + (64 << 10));
        check_refused(s, s.c.replace_one({}, large), errc::document_too_large);
        check_refused(s, s.c.update_one({}, doc({"$set", large})), errc::document_too_large);
        check_refused(s, s.c.delete_one(large), errc::document_too_large);
        check_refused(s, s.c.find_one(large), errc::document_too_large);
        check_refused(s, s.c.find_one_and_replace({}, large), errc::document_too_large);
        check_refused(s, s.client["db"].run_command(doc({"ping", 1}, {"x", large})),
                      errc::document_too_large);
        s.check_works(1);
    });
}

TEST_CASE("the limit is the server's own: maxBsonObjectSize of its hello") {
    on_each_backend([](reactor& r) {
        scene s(r);
        document hello;
        hello.append("isWritablePrimary", true)
            .append("maxBsonObjectSize", 1000)
            .append("maxMessageSizeBytes", 4000)
            .append("maxWriteBatchSize", 10)
            .append("maxWireVersion", 25)
            .append("ok", 1);
        s.peer.always("hello", reply_script().reply(hello));
        s.peer.always("insert", reply_script().reply(doc({"n", 1}, {"ok", 1.0})));
        CHECK(!error_of(r, s.c.insert_one(document_of_size(1000))));
        check_refused(s, s.c.insert_one(document_of_size(1001)), errc::document_too_large);
        s.check_works(1);
    });
}

TEST_CASE("a key that is not UTF-8, or has a NUL, throws where the document is made") {
    for (const std::string_view key : {"\xff", "a\xc0\x80", "\xed\xa0\x80", "\xe2\x82"}) {
        document d;
        CHECK_THROWS_AS(d.append(key, 1), exception);
        try {
            d.append(key, 1);
        } catch (const exception& e) {
            CHECK(e.error() == errc::invalid_utf8);
        }
        CHECK(d.empty());
    }
    document d;
    try {
        d.append(std::string_view("a\0b", 3), 1);
        FAIL("not reached");
    } catch (const exception& e) {
        CHECK(e.error() == errc::embedded_nul);
    }
}

TEST_CASE("a map whose key is not UTF-8 or has a NUL fails its operation, with nothing sent") {
    using counts = std::map<std::string, int>;
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto c = s.client["db"].collection<counts>("c");
        check_refused(s, c.insert_one(counts{{"\xff", 1}}), errc::invalid_utf8);
        check_refused(s, c.insert_one(counts{{std::string("a\0b", 3), 1}}), errc::embedded_nul);
        check_refused(s, c.insert_many(std::vector<counts>{{{"a", 1}}, {{"\xff", 1}}}),
                      errc::invalid_utf8);
        check_refused(s, c.replace_one({}, counts{{"\xff", 1}}), errc::invalid_utf8);
        check_refused(s, c.find_one_and_replace({}, counts{{"\xff", 1}}), errc::invalid_utf8);
        s.check_works(1);
    });
}

TEST_CASE("an embedded NUL in a name is embedded_nul, an empty name invalid_namespace") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const std::string_view nul("a\0b", 3);
        for (const auto& [name, code] : {std::pair{nul, errc::embedded_nul},
                                         std::pair{std::string_view(), errc::invalid_namespace}}) {
            check_refused(s, s.client[name]["c"].find_one(), code);
            check_refused(s, s.client[name].run_command({{"ping", 1}}), code);
            check_refused(s, s.client[name].list_collection_names(), code);
            check_refused(s, s.client[name].drop(), code);
            check_refused(s, s.client[name]["c"].rename("d"), code);
            const auto c = s.client["db"][name];
            check_refused(s, c.find_one(), code);
            check_refused(s, c.find().next(), code);
            check_refused(s, c.insert_one({{"x", 1}}), code);
            check_refused(s, c.update_one({}, {{"$set", {{"x", 1}}}}), code);
            check_refused(s, c.delete_many({}), code);
            check_refused(s, c.find_one_and_delete({}), code);
            check_refused(s, c.count_documents(), code);
            check_refused(s, c.estimated_document_count(), code);
            check_refused(s, c.distinct("x"), code);
            check_refused(s, c.aggregate(arr()).next(), code);
            check_refused(s, c.create_index({{"x", 1}}), code);
            check_refused(s, c.list_indexes().next(), code);
            check_refused(s, c.drop(), code);
            check_refused(s, c.rename("d"), code);
            check_refused(s, s.c.rename(name), code);
            check_refused(s, s.client["db"].create_collection(name), code);
        }
        for (const std::string_view bad : {"a.b", "a b", "a/b", "a\\b", "a\"b", "a$b"}) {
            check_refused(s, s.client[bad]["c"].find_one(), errc::invalid_namespace);
        }
        s.check_works(1);
    });
}

TEST_CASE("an empty batch is invalid_argument") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_refused(s, s.c.insert_many(documents()), errc::invalid_argument);
        check_refused(s, s.c.create_indexes({}), errc::invalid_argument);
        check_refused(s, s.client["db"].run_command({}), errc::invalid_argument);
        s.check_works(1);
    });
}

TEST_CASE("an update without an operator, and a replacement with one, are invalid_argument") {
    on_each_backend([](reactor& r) {
        scene s(r);
        check_refused(s, s.c.update_one({}, {{"x", 1}}), errc::invalid_argument);
        check_refused(s, s.c.update_one({}, document()), errc::invalid_argument);
        check_refused(s, s.c.update_many({}, {{"x", 1}}), errc::invalid_argument);
        check_refused(s, s.c.update_one({}, arr().view()), errc::invalid_argument);
        check_refused(s, s.c.find_one_and_update({}, {{"x", 1}}), errc::invalid_argument);
        check_refused(s, s.c.find_one_and_update({}, arr().view()), errc::invalid_argument);
        check_refused(s, s.c.replace_one({}, {{"$set", {{"x", 1}}}}), errc::invalid_argument);
        check_refused(s, s.c.find_one_and_replace({}, {{"$set", {{"x", 1}}}}),
                      errc::invalid_argument);
        s.check_works(1);
    });
}

TEST_CASE("options that contradict each other are invalid_argument") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const document by_x{{"x", 1}};
        check_refused(s, s.c.update_many({}, {{"$set", {{"x", 1}}}}, {.sort = by_x}),
                      errc::invalid_argument);
        check_refused(s, s.c.insert_one({{"x", 1}}, {.write_concern = write_concern{.w = -1}}),
                      errc::invalid_argument);
        check_refused(
            s,
            s.c.insert_one({{"x", 1}}, {.write_concern = write_concern{.w = 0, .journal = true}}),
            errc::invalid_argument);
        check_refused(
            s, s.c.insert_one({{"x", 1}}, {.write_concern = write_concern{.w_timeout = -1ms}}),
            errc::invalid_argument);
        check_refused(s, s.c.find({}, {.max_await_time = 5ms}).next(), errc::invalid_argument);
        check_refused(s, s.c.drop_index("*"), errc::invalid_argument);
        check_refused(s, s.c.drop_index(""), errc::invalid_argument);
        check_refused(s, s.c.create_index(document()), errc::invalid_argument);
        check_refused(s, s.c.create_index({{"x", true}}), errc::invalid_argument);
        s.check_works(1);
    });
}

TEST_CASE("an operation that is not awaited sends nothing") {
    on_each_backend([](reactor& r) {
        scene s(r);
        {
            const auto unused = s.c.insert_one({{"x", 1}});
            const auto cursor = s.c.find();
        }
        r.poll();
        CHECK(s.client.statistics().connections == 0);
        s.check_works(1);
        // Two hellos, the first of them the monitor's, and what has just been tried.
        CHECK(s.peer.received().size() == 2 + 1);
    });
}
