#include "integration_support.hpp"

#include <mongoro/sleep_for.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// Fail points are the whole server's: their `appName` keeps them to the client of one test.
constexpr std::string_view app = "mongoro failure tests";
const client_options options{.app_name = app};

}  // namespace

TEST_CASE("ordered, insert_many ends at a duplicate key and says what it inserted before") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        sync_wait(r, s.c.insert_one(numbered_document(2)));
        documents five;
        for (int i = 0; i < 5; ++i) {
            five.push_back(numbered_document(i));
        }
        const auto e = error_of(r, s.c.insert_many(five));
        CHECK(e == errc::write_failed);
        REQUIRE(e.write_errors().size() == 1);
        CHECK(e.write_errors()[0].index == 2);
        CHECK(e.write_errors()[0].code == 11000);
        CHECK(!e.write_errors()[0].message.empty());
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->inserted_count == 2);
        CHECK(ids_of(s.all()) == std::vector<int>{0, 1, 2});
    });
}

TEST_CASE("unordered, insert_many tries all and says which were refused") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri);
        for (const int i : {1, 3}) {
            sync_wait(r, s.c.insert_one(numbered_document(i)));
        }
        documents five;
        for (int i = 0; i < 5; ++i) {
            five.push_back(numbered_document(i));
        }
        const auto e = error_of(r, s.c.insert_many(five, {.ordered = false}));
        CHECK(e == errc::write_failed);
        REQUIRE(e.write_errors().size() == 2);
        CHECK(e.write_errors()[0].index == 1);
        CHECK(e.write_errors()[1].index == 3);
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->inserted_count == 3);
        CHECK(ids_of(s.all()) == std::vector<int>{0, 1, 2, 3, 4});
    });
}

TEST_CASE("a write concern error says that the write was applied") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, options);
        const auto once = s.fail_command(
            fail_point::times(1),
            {{"failCommands", arr("insert")},
             {"appName", app},
             {"writeConcernError",
              {{"code", 64}, {"codeName", "WriteConcernFailed"}, {"errmsg", "timed out"}}}});
        const auto e = error_of(r, s.c.insert_one(numbered_document(1)));
        CHECK(e == errc::write_concern_failed);
        CHECK(e.server_code() == 64);
        REQUIRE(e.write_concern() != nullptr);
        CHECK(e.write_concern()->message == "timed out");
        REQUIRE(e.partial() != nullptr);
        CHECK(e.partial()->inserted_count == 1);
        CHECK(s.all() == documents{numbered_document(1)});
        CHECK(!error_of(r, s.c.insert_one(numbered_document(2))));
    });
}

TEST_CASE("an error of the server arrives with its code, name, labels and text") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, options);
        const auto once =
            s.fail_command(fail_point::times(1), {{"failCommands", arr("find")},
                                                  {"appName", app},
                                                  {"errorCode", 8},
                                                  {"errorLabels", arr("Mine", "Too")}});
        const auto e = error_of(r, s.c.find_one());
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 8);
        CHECK(e.has_label("Mine"));
        CHECK(e.has_label("Too"));
        CHECK(!e.raw_reply().empty());
        CHECK(!error_of(r, s.c.find_one()));
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE(
    "a server that closes instead of answering costs one operation, and nothing acknowledged") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, options);
        s.insert_numbered(10);
        const auto twice = s.fail_command(
            fail_point::times(2),
            {{"failCommands", arr("insert", "find")}, {"appName", app}, {"closeConnection", true}});
        const auto lost = error_of(r, s.c.insert_one(numbered_document(10)));
        CHECK((lost == errc::connection_closed || lost == errc::network_error));
        const auto e = error_of(r, s.c.find_one());
        CHECK((e == errc::connection_closed || e == errc::network_error));
        CHECK(sync_wait(r, s.c.find({{"_id", {{"$lt", 10}}}}).to_vector()).size() == 10);
        CHECK(s.client.statistics().connections_created == 3);
    });
}

TEST_CASE(
    "a find that the server delays ends at its deadline or its stop; its connection is used "
    "again") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, {.app_name = app, .max_pool_size = 1, .drain_timeout = 60s});
        s.insert_numbered(3);
        {
            const auto slow =
                s.fail_command(fail_point::always_on(), {{"failCommands", arr("find")},
                                                         {"appName", app},
                                                         {"blockConnection", true},
                                                         {"blockTimeMS", 300}});
            CHECK(error_of(r, with_deadline(s.c.find_one(), 30ms)) == errc::deadline_exceeded);
            std::stop_source stop;
            running cancelled(r, with_stop(s.c.find_one(), stop.get_token()));
            r.poll();
            stop.request_stop();
            CHECK(cancelled.wait().error() == errc::operation_cancelled);
        }
        CHECK(sync_wait(r, s.c.find().to_vector()).size() == 3);
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("two hundred finds that are cancelled while they run open no new connection") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, {.app_name = app, .max_pool_size = 1, .drain_timeout = 60s});
        s.insert_numbered(20);
        int cancelled = 0;
        {
            // With one processor for both the server is often quicker than the second poll.
            const auto slow = s.fail_command(fail_point::times(200), {{"failCommands", arr("find")},
                                                                      {"appName", app},
                                                                      {"blockConnection", true},
                                                                      {"blockTimeMS", 2}});
            for (int i = 0; i < 200; ++i) {
                std::stop_source stop;
                running find(r, with_stop(s.c.find().next(), stop.get_token()));
                r.poll();
                r.poll();
                stop.request_stop();
                auto& ended = find.wait();
                if (!ended) {
                    CHECK(ended.error() == errc::operation_cancelled);
                    ++cancelled;
                }
            }
        }
        CHECK(cancelled > 100);
        CHECK(sync_wait(r, s.c.find().to_vector()).size() == 20);
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("a drain bound that passes closes the connection; the next find opens another") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, {.app_name = app, .max_pool_size = 1, .drain_timeout = 50ms});
        s.insert_numbered(3);
        {
            const auto slow = s.fail_command(fail_point::times(1), {{"failCommands", arr("find")},
                                                                    {"appName", app},
                                                                    {"blockConnection", true},
                                                                    {"blockTimeMS", 2000}});
            CHECK(error_of(r, with_deadline(s.c.find_one(), 20ms)) == errc::deadline_exceeded);
        }
        CHECK(sync_wait(r, s.c.find().to_vector()).size() == 3);
        CHECK(s.client.statistics().connections_created == 2);
    });
}

TEST_CASE("close waits for the finds that are under way, over a pool of four connections") {
    REQUIRE_SERVER(uri);
    on_each_backend([&](reactor& r) {
        server_scene s(r, uri, {.max_pool_size = 4});
        s.insert_numbered(100);
        std::vector<std::unique_ptr<running<documents>>> all;
        for (int i = 0; i < 16; ++i) {
            all.push_back(
                std::make_unique<running<documents>>(r, s.c.find().limit(100).to_vector()));
        }
        REQUIRE(poll_until(r, [&] { return s.client.statistics().connections == 4; }));
        CHECK(!error_of(r, s.client.close(deadline::after(60s))));
        for (auto& one : all) {
            REQUIRE(one->done());
            CHECK(one->wait());
        }
        CHECK(s.client.statistics().connections_created == 4);
        CHECK(error_of(r, s.c.find_one()) == errc::client_closed);
    });
}
