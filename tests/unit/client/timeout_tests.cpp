#include "allocation_counter.hpp"
#include "operation/operations.hpp"
#include "operation/time_limit.hpp"
#include "timed_scene.hpp"

#include <mongoro/with_deadline.hpp>

using namespace mongoro;
using namespace mongoro::test;

namespace {

std::int64_t max_time_of(document_view command) {
    return command["maxTimeMS"].get_or<std::int64_t>(-1);
}

const document one_done{{"n", 1}, {"ok", 1.0}};

}  // namespace

TEST_CASE("a find that takes longer than timeoutMS ends then; its connection is used again") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=100&maxPoolSize=1", {.drain_timeout = 60s});
        s.peer.expect("find", reply_script().wait(300ms).reply(first_batch(numbered(1))));
        const auto late = error_of(r, s.c.find_one());
        CHECK(late == errc::deadline_exceeded);
        CHECK(says(late, "find: timeoutMS, 100 ms, passed while its reply was waited for"));
        CHECK(s.client.statistics().connections == 1);
        REQUIRE(poll_until(r, [&] { return s.all_idle(); }));
        s.always("find", first_batch(numbered(1)));
        const auto patient = s.c.with_timeout(10s);
        CHECK(!error_of(r, patient.find_one()));
        CHECK(s.client.statistics().connections_created == 1);
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("the server is told what is left of the timeout, and of no time that it replaces") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=60000&wTimeoutMS=5");
        s.always("find", first_batch({}));
        s.always("insert", one_done);
        s.always("count", one_done);

        CHECK(!error_of(r, s.c.find_one({}, {.max_time = 7ms})));
        const auto found = max_time_of(s.last("find"));
        CHECK(found > 7);
        CHECK(found <= 60'000);
        CHECK(!error_of(r, s.c.estimated_document_count({.max_time = 70s})));
        CHECK(max_time_of(s.last("count")) <= 60'000);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        CHECK(max_time_of(s.last("insert")) > 0);
        CHECK(!s.last("insert")["writeConcern"].exists());
        CHECK(!error_of(
            r, s.c.with_write_concern({.w = 1, .w_timeout = 5ms}).insert_one({{"_id", 1}})));
        CHECK(json(s.last("insert")["writeConcern"].get<document_view>()) ==
              json(document{{"w", 1}}));
        CHECK(!error_of(r, s.client.ping()));
        CHECK(max_time_of(s.last("ping")) > 0);
        CHECK(!error_of(r, s.client["db"].run_command({{"ping", 1}})));
        CHECK(max_time_of(s.last("ping")) > 0);
    });
}

TEST_CASE("without a timeout nothing of it is sent, and what it replaces is") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "wTimeoutMS=5");
        s.always("find", first_batch({}));
        s.always("insert", one_done);
        CHECK(!error_of(r, s.c.find_one()));
        CHECK(!s.last("find")["maxTimeMS"].exists());
        CHECK(!error_of(r, s.c.find_one({}, {.max_time = 7ms})));
        CHECK(max_time_of(s.last("find")) == 7);
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        CHECK(s.last("insert")["writeConcern"]["wtimeout"].get<std::int64_t>() == 5);
    });
}

TEST_CASE("a timeout of 0 is no limit, and replaces the others all the same") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=0&socketTimeoutMS=20&wTimeoutMS=5");
        s.peer.always("find", reply_script().wait(100ms).reply(first_batch({})));
        s.always("insert", one_done);
        CHECK(!error_of(r, s.c.find_one({}, {.max_time = 7ms})));
        CHECK(!s.last("find")["maxTimeMS"].exists());
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        CHECK(!s.last("insert")["writeConcern"].exists());
    });
}

TEST_CASE("a call's timeout beats its collection's, that its database's, that the client's") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=1000000", {.timeout = 2'000'000ms});
        s.always("find", first_batch({}));
        const auto sent = [&](const auto& from, const find_one_options& options = {}) {
            CHECK(!error_of(r, from.find_one({}, options)));
            return max_time_of(s.last("find"));
        };
        const auto client = sent(s.c);
        CHECK(client > 1'000'000);  // the option, not the connection string
        CHECK(client <= 2'000'000);
        const auto db = s.client["db"].with_timeout(800'000ms);
        const auto database = sent(db["c"]);
        CHECK(database > 600'000);
        CHECK(database <= 800'000);
        const auto c = db["c"].with_timeout(600'000ms);
        const auto collection = sent(c);
        CHECK(collection > 400'000);
        CHECK(collection <= 600'000);
        const auto call = sent(c, {.timeout = 400'000ms});
        CHECK(call > 200'000);
        CHECK(call <= 400'000);
        CHECK(sent(c, {.timeout = 0ms}) == -1);
        CHECK(sent(c.with_timeout(0ms)) == -1);
    });
}

TEST_CASE("a deadline of the awaiting task shortens the timeout, and is its own error") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=1000000", {.drain_timeout = 60s});
        s.peer.expect("find", reply_script().wait(200ms).reply(first_batch({})));
        const auto late = error_of(r, with_deadline(s.c.find_one(), 50ms));
        CHECK(late == errc::deadline_exceeded);
        CHECK(!says(late, "timeoutMS"));
        CHECK(max_time_of(s.last("find")) <= 50);
        REQUIRE(poll_until(r, [&] { return s.all_idle(); }));
    });
}

TEST_CASE("a negative timeout is an error before anything is sent") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "");
        CHECK(error_of(r, s.c.find_one({}, {.timeout = -1ms})) == errc::invalid_argument);
        CHECK(error_of(r, s.c.with_timeout(-1ms).find_one()) == errc::invalid_argument);
        CHECK(error_of(r, s.client["db"].with_timeout(-1ms).run_command({{"x", 1}})) ==
              errc::invalid_argument);
        CHECK(s.peer.received("find").empty());
        CHECK(client::create(r, s.peer.uri(), {.timeout = -1ms}).error() == errc::invalid_argument);
    });
}

TEST_CASE("the server's own timeout becomes the operation's, wherever a reply has it") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=60000");
        const auto expired =
            op_msg_peer::error_document(50, "MaxTimeMSExpired", "operation exceeded time limit");
        const document write{
            {"n", 0}, {"writeErrors", arr(doc({"index", 0}, {"code", 50}))}, {"ok", 1.0}};
        const document concern{{"n", 1}, {"writeConcernError", doc({"code", 50})}, {"ok", 1.0}};
        for (const auto& reply : {expired, write, concern}) {
            s.always("insert", reply);
            const auto ada = document{{"_id", 1}};
            const auto late = error_of(r, s.c.insert_one(ada));
            CHECK(late == errc::deadline_exceeded);
            REQUIRE(late.cause() != nullptr);
            CHECK(!late.cause()->raw_reply().empty());
            CHECK(says(late, "insert: the server's time for it passed"));
            // Code 50 says it, and no other.
            CHECK(error_of(r, s.c.insert_one(ada, {.timeout = 0ms})) == errc::deadline_exceeded);
        }
        s.always("insert", op_msg_peer::error_document(51, "MaxTimeMSExpired", "time limit"));
        CHECK(error_of(r, s.c.insert_one({{"_id", 1}})) == errc::command_failed);

        timed_scene legacy(r, "");
        legacy.always("insert", expired);
        CHECK(error_of(r, legacy.c.insert_one({{"_id", 1}})) == errc::command_failed);
    });
}

TEST_CASE("a selection ends with the earlier of its own time and the timeout: the same error") {
    on_each_backend([](reactor& r) {
        for (const std::string options : {"timeoutMS=60000&serverSelectionTimeoutMS=30",
                                          "timeoutMS=30&serverSelectionTimeoutMS=60000",
                                          "timeoutMS=0&serverSelectionTimeoutMS=30"}) {
            CAPTURE(options);
            const client nowhere(r, "mongodb://127.0.0.1:1/?" + options);
            const auto late = error_of(r, nowhere.ping());
            CHECK(late == errc::deadline_exceeded);
            bool selected = false;
            for (const auto* e = &late; e != nullptr; e = e->cause()) {
                selected = selected || *e == errc::server_selection_timeout;
            }
            CHECK(selected);
            CHECK(says(late, "127.0.0.1:1"));
        }
        const client legacy(r, "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=30");
        CHECK(error_of(r, legacy.ping()) == errc::server_selection_timeout);
    });
}

TEST_CASE("waiting for a connection is bounded by the timeout and not by waitQueueTimeoutMS") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "maxPoolSize=1&waitQueueTimeoutMS=20", {.drain_timeout = 60s});
        s.peer.always("find", reply_script().wait(200ms).reply(first_batch({})));
        running first(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        running legacy(r, s.c.find_one());
        running patient(r, s.c.with_timeout(60s).find_one());
        running hasty(r, s.c.with_timeout(50ms).find_one());
        CHECK(legacy.wait().error() == errc::wait_queue_timeout);
        const auto late = hasty.wait().error();
        CHECK(late == errc::deadline_exceeded);
        CHECK(says(late, "timeoutMS, 50 ms, passed"));
        CHECK(says(late, "maxPoolSize: 1"));
        CHECK(patient.wait());
        CHECK(first.wait());
        CHECK(s.peer.received("find").size() == 2);
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("selection and waiting for a connection share serverSelectionTimeoutMS with a timeout") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "maxPoolSize=1&timeoutMS=60000&serverSelectionTimeoutMS=50");
        s.peer.always("find", reply_script().wait(300ms).reply(first_batch({})));
        running first(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        const auto late = error_of(r, s.c.find_one());
        CHECK(late == errc::deadline_exceeded);
        REQUIRE(late.cause() != nullptr);
        CHECK(*late.cause() == errc::wait_queue_timeout);
        CHECK(first.wait());
    });
}

TEST_CASE(
    "prose test 1: each batch of a write is told what is left then, and the timeout is for all of "
    "them") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "", {.drain_timeout = 60s});
        auto hello = op_msg_peer::hello_document();
        document small;
        for (const auto& [key, value] : hello) {
            if (key == "maxWriteBatchSize") {
                small.append(key, 2);
            } else {
                small.append(key, value);
            }
        }
        s.always("hello", small);
        const document two_done{{"n", 2}, {"ok", 1.0}};
        s.peer.always("insert", reply_script().wait(100ms).reply(two_done));
        const auto documents = numbered(4);
        CHECK(!error_of(r, s.c.with_timeout(60s).insert_many(documents)));
        const auto sent = s.peer.received("insert");
        REQUIRE(sent.size() == 2);
        CHECK(max_time_of(sent[1].body) > 0);
        CHECK(max_time_of(sent[1].body) <= max_time_of(sent[0].body) - 100);

        const auto late = error_of(r, s.c.with_timeout(150ms).insert_many(documents));
        CHECK(late == errc::deadline_exceeded);
        REQUIRE(late.partial() != nullptr);
        CHECK(late.partial()->inserted_count == 2);
        REQUIRE(poll_until(r, [&] { return s.all_idle(); }));
    });
}

TEST_CASE("a try after an overload keeps the timeout, and its end tells of the one before") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=400", {.drain_timeout = 60s});
        document busy = op_msg_peer::error_document(462, "IngressRequestRateLimitExceeded", "busy");
        busy.append("errorLabels", arr("SystemOverloadedError", "RetryableError"))
            .append("baseBackoffMS", 1);
        s.peer.expect("find", reply_script().reply(busy));
        s.peer.expect("find", reply_script().wait(600ms).reply(first_batch({})));
        const auto late = error_of(r, s.c.find_one());
        CHECK(late == errc::deadline_exceeded);
        REQUIRE(late.cause() != nullptr);
        CHECK(late.cause()->server_code() == 462);
        const auto sent = s.peer.received("find");
        REQUIRE(sent.size() == 2);
        CHECK(max_time_of(sent[1].body) > 0);
        CHECK(max_time_of(sent[1].body) <= max_time_of(sent[0].body));
        REQUIRE(poll_until(r, [&] { return s.all_idle(); }));
    });
}

TEST_CASE(
    "a write whose timeout passes in a later batch keeps what the server said of the others") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=200", {.drain_timeout = 60s});
        document hello;
        hello.append("isWritablePrimary", true)
            .append("maxWriteBatchSize", 2)
            .append("maxWireVersion", 25)
            .append("ok", 1);
        s.peer.always("hello", reply_script().reply(hello));
        s.peer.expect(
            "insert",
            reply_script().reply(
                doc({"n", 1}, {"writeErrors", arr(doc({"index", 1}, {"code", 11000}))},
                    {"writeConcernError", doc({"code", 64}, {"errmsg", "slow"})}, {"ok", 1.0})));
        s.peer.expect("insert", reply_script().wait(400ms).reply(one_done));
        const auto late = error_of(r, s.c.insert_many(numbered(4), {.ordered = false}));
        CHECK(late == errc::deadline_exceeded);
        CHECK(says(late, "passed while its reply was waited for"));
        REQUIRE(late.write_errors().size() == 1);
        CHECK(late.write_errors()[0].code == 11000);
        CHECK(late.write_errors()[0].index == 1);
        REQUIRE(late.write_concern() != nullptr);
        CHECK(late.write_concern()->code == 64);
        REQUIRE(late.partial() != nullptr);
        CHECK(late.partial()->inserted_count == 1);
        REQUIRE(poll_until(r, [&] { return s.all_idle(); }));
    });
}

TEST_CASE("a command that cannot come back in time is not sent") {
    const auto limited = [](std::chrono::milliseconds timeout) {
        auto c = wire::command::make();
        c->begin("ping", "admin");
        c->set_limit({.timeout = timeout});
        return c;
    };
    const detail::task_context unbounded;
    server_description far;
    far.min_round_trip_time = 10s;
    auto c = limited(5s);
    operation::running_limit late(*c, unbounded, 30s);
    const auto why = late.append_max_time(*c, far);
    CHECK(why == errc::deadline_exceeded);
    CHECK(says(why, "the least round trip takes 10000"));
    CHECK(says(late.result_of(why), "ping: timeoutMS, 5000 ms, passed"));

    const auto sent = [&](std::chrono::milliseconds timeout, const server_description& server) {
        auto command = limited(timeout);
        operation::running_limit limit(*command, unbounded, 30s);
        command->begin_tail();
        CHECK(!limit.append_max_time(*command, server));
        command->finish();
        return max_time_of(command->document());
    };
    // What is left without the round trip.
    const auto left = sent(60s, far);
    CHECK(left <= 50'000);
    CHECK(left > 0);
    CHECK(sent(0ms, far) == -1);
    CHECK(sent(2'000'000'000ms, far) > 0);
    CHECK(sent(3'000'000'000ms, far) == -1);  // no server takes it
    CHECK(sent(std::chrono::milliseconds::max(), far) == -1);
    server_description cryptd;
    cryptd.is_cryptd = true;
    CHECK(sent(60s, cryptd) == -1);
}

TEST_CASE("of a command's tail a further batch changes the time that is left, and nothing else") {
    auto c = wire::command::make();
    c->begin("insert", "db", "c");
    c->set_limit({.timeout = 60s});
    operation::running_limit limit(*c, detail::task_context(), 30s);
    c->begin_tail();
    c->body().append("before", 1);
    REQUIRE(!limit.append_max_time(*c, server_description()));
    c->body().append("behind", "x");
    c->finish();
    const auto at_first = max_time_of(c->document());
    const auto end = deadline::after(5ms);
    while (!end.expired()) {
    }
    error failed;
    REQUIRE(limit.begin_batch(*c, failed));
    const auto now = max_time_of(c->document());
    CHECK(now > 0);
    CHECK(now < at_first);
    const document expected{
        {"insert", "c"}, {"$db", "db"}, {"before", 1}, {"maxTimeMS", now}, {"behind", "x"}};
    CHECK(json(c->document()) == json(expected));
    // Another try begins with no tail.
    c->reopen();
    c->finish();
    CHECK(max_time_of(c->document()) == -1);
}

TEST_CASE("the round trip is that of the server when it was selected") {
    auto c = wire::command::make();
    c->begin("ping", "admin");
    c->set_limit({.timeout = 5s});
    operation::running_limit limit(*c, detail::task_context(), 30s);
    server_description far;
    far.min_round_trip_time = 10s;
    limit.selected(far);
    // What is known of it is lost while a connection is waited for.
    CHECK(limit.append_max_time(*c, server_description()) == errc::deadline_exceeded);
    limit.failed(errc::network_error);
    CHECK(!limit.append_max_time(*c, server_description()));
}

TEST_CASE("an operation does not wait longer for a connection, whose opening goes on") {
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=60000");
        CHECK(!error_of(r, s.client.ping()));
        s.peer.expect("find", reply_script().wait(600ms).reply(first_batch({})));
        running busy(r, s.c.find_one());
        REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        s.peer.expect("hello", reply_script().wait(200ms).reply(op_msg_peer::hello_document()));
        const auto late = error_of(r, s.client["db"].with_timeout(50ms).run_command({{"ping", 1}}));
        CHECK(late == errc::deadline_exceeded);
        CHECK(!busy.done());
        CHECK(!error_of(r, s.client.ping()));
        CHECK(!busy.done());
        CHECK(busy.wait());
        CHECK(s.client.statistics().connections_created == 2);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("a timeout costs no allocation") {
    if (!allocation_counter::works()) {
        MESSAGE("skipped: a sanitizer has its own malloc");
        return;
    }
    on_each_backend([](reactor& r) {
        timed_scene s(r, "timeoutMS=60000");
        s.always("insert", one_done);
        const document ada{{"_id", 1}};
        const auto work = [&] {
            sync_wait(r, s.client.ping());
            sync_wait(r, s.c.insert_one(ada));
        };
        for (int i = 0; i < 5; ++i) {
            work();
        }
        const allocation_counter counter;
        for (int i = 0; i < 20; ++i) {
            work();
        }
        CHECK(counter.count() == 0);
    });
}
