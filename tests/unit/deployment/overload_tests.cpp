#include "deployment_support.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <cstdint>
#include <optional>

using namespace mongoro;
using namespace mongoro::test;

namespace {

failure_rule overloaded(std::vector<std::string> commands, std::size_t times = SIZE_MAX) {
    failure_rule rule;
    rule.commands = std::move(commands);
    rule.times = times;
    rule.error_code = 462;
    rule.code_name = "IngressRequestRateLimitExceeded";
    rule.labels = {"SystemOverloadedError", "RetryableError"};
    return rule;
}

}  // namespace

TEST_CASE("an overload error is tried again maxAdaptiveRetries times, on the connection there is") {
    on_each_backend([](reactor& r) {
        for (const std::size_t retries : {0U, 1U, 2U}) {
            CAPTURE(retries);
            set_scene s(r, {role::standalone}, "maxAdaptiveRetries=" + std::to_string(retries));
            s.set.fail(0, overloaded({"find", "insert"}));
            const auto e = error_of(r, s.c.find_one());
            CHECK(e.server_code() == 462);
            CHECK(e.has_label("SystemOverloadedError"));
            CHECK(s.set.count(0, "find") == 1 + retries);
            CHECK(error_of(r, s.c.insert_one({{"_id", 1}})).server_code() == 462);
            CHECK(s.set.count(0, "insert") == 1 + retries);
            CHECK(s.client.statistics().connections_created == 1);
            CHECK(s.client.statistics().connections == 1);
            CHECK(s.seen->now->servers[0]->type == server_type::standalone);
        }
    });
}

TEST_CASE("an operation that is tried again after an overload error succeeds, and is done once") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::standalone});
        s.set.fail(0, overloaded({"insert"}, 2));
        CHECK(!error_of(r, s.c.insert_one({{"_id", 1}})));
        CHECK(s.set.count(0, "insert") == 3);
        CHECK(s.set.store().documents("db.c").size() == 1);
        CHECK(s.client.statistics().connections_created == 1);
    });
}

TEST_CASE("a stop while an overload is waited for is the error, a deadline leaves the server's") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto busy = op_msg_peer::error_document(462, "IngressRequestRateLimitExceeded", "busy");
        busy.append("errorLabels", arr("SystemOverloadedError", "RetryableError"))
            .append("baseBackoffMS", 5000);
        peer.always("find", reply_script().reply(busy));
        const client c(r, peer.uri());
        for (std::size_t sent = 1; sent < 4; ++sent) {
            std::stop_source stop;
            running find(r, with_stop(c["db"]["c"].find_one(), stop.get_token()));
            REQUIRE(poll_until(r, [&] {
                return peer.received("find").size() == sent && c.statistics().idle_connections == 1;
            }));
            stop.request_stop();
            CHECK(find.wait().error() == errc::operation_cancelled);
        }
        CHECK(error_of(r, with_deadline(c["db"]["c"].find_one(), 50ms)).server_code() == 462);
    });
}

TEST_CASE("an overload error that must not be retried, and retries switched off, are not tried") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::standalone}, "retryReads=false");
        auto rule = overloaded({"find", "insert"});
        s.set.fail(0, rule);
        CHECK(error_of(r, s.c.find_one()).server_code() == 462);
        CHECK(s.set.count(0, "find") == 1);
        s.set.clear_failures(0);
        rule.labels = {"SystemOverloadedError"};
        s.set.fail(0, rule);
        CHECK(error_of(r, s.c.insert_one({{"_id", 1}})).server_code() == 462);
        CHECK(s.set.count(0, "insert") == 1);
    });
}

TEST_CASE("with enableOverloadRetargeting the next try goes to another server") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::mongos, role::mongos},
                    "localThresholdMS=60000&enableOverloadRetargeting=true&maxAdaptiveRetries=1");
        REQUIRE(s.until_all_known());
        s.set.fail(0, overloaded({"find"}));
        find_often(r, s.c, 30);
        CHECK(s.set.count(1, "find") == 30);
        CHECK(s.set.count(0, "find") > 0);
    });
}

TEST_CASE("a mongos that is overloaded is avoided, whether retargeting is on or not") {
    on_each_backend([](reactor& r) {
        set_scene s(r, {role::mongos, role::mongos}, "localThresholdMS=60000");
        REQUIRE(s.until_all_known());
        s.set.fail(0, overloaded({"insert"}));
        for (int i = 0; i < 20; ++i) {
            CHECK(!error_of(r, s.c.insert_one({{"_id", i}})));
        }
        CHECK(s.set.count(1, "insert") == 20);
        CHECK(s.set.count(0, "insert") > 0);
        CHECK(s.set.count(0, "insert") <= 20);  // never twice for one
    });
}

namespace {

/// A find that pauses: the server was too busy for it, and is so for the next try, or is not.
/// Chance says how long: at most twice the base.
struct pausing_find {
    pausing_find(reactor& on, std::int32_t base, bool stays_busy) : r(on) {
        auto busy = op_msg_peer::error_document(462, "IngressRequestRateLimitExceeded", "busy");
        busy.append("errorLabels", arr("SystemOverloadedError", "RetryableError"))
            .append("baseBackoffMS", base);
        if (stays_busy) {
            peer.always("find", reply_script().reply(busy));
        } else {
            peer.expect("find", reply_script().reply(busy));
            peer.always(
                "find",
                reply_script().reply(document{
                    {"cursor", doc({"id", std::int64_t{0}}, {"ns", "db.c"}, {"firstBatch", arr()})},
                    {"ok", 1.0}}));
        }
        find.emplace(r, c["db"]["c"].find_one());
        REQUIRE(poll_until(r, [&] {
            return !peer.received("find").empty() && c.statistics().idle_connections == 1;
        }));
    }

    reactor& r;
    op_msg_peer peer;
    client c{r, peer.uri()};
    std::optional<running<std::optional<document>>> find;
};

}  // namespace

TEST_CASE("close waits for an operation that pauses before its next try, which succeeds") {
    on_each_backend([](reactor& r) {
        pausing_find s(r, 500, false);
        CHECK(!error_of(r, s.c.close()));
        REQUIRE(s.find->done());
        CHECK(!s.find->failure());
        CHECK(s.peer.received("find").size() == 2);
    });
}

TEST_CASE("an operation that pauses when the deadline of close passes ends there and then") {
    on_each_backend([](reactor& r) {
        pausing_find s(r, 10'000, true);
        CHECK(error_of(r, s.c.close(deadline::after(50ms))) == errc::deadline_exceeded);
        r.poll();
        CHECK(s.find->done());
        s.find->wait();
        CHECK(s.find->failure() == errc::client_closed);
    });
}
