#include "operation/retry.hpp"

#include "client_support.hpp"

#include <mongoro/database.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

using namespace mongoro;
using namespace mongoro::test;
using operation::retry_policy;
using kind = wire::command::kind;

namespace {

constexpr std::chrono::nanoseconds none{};

document busy_reply(const document& more = {}) {
    auto reply = op_msg_peer::error_document(462, "IngressRequestRateLimitExceeded", "busy");
    reply.append("errorLabels", arr("SystemOverloadedError", "RetryableError"));
    reply.append_elements(more);
    return reply;
}

error with_labels(std::vector<std::string> labels, document_view reply = {}) {
    error::details d;
    d.code = make_error_code(errc::command_failed);
    d.server_code = 462;
    d.labels = std::move(labels);
    if (!reply.empty()) {
        const auto bytes = reply.bytes();
        d.raw_reply.assign(bytes.begin(), bytes.end());
    }
    return error(std::move(d));
}

error busy(const document& more = {}) {
    return with_labels({"SystemOverloadedError", "RetryableError"}, busy_reply(more));
}

deployment::settings with_retries(std::uint32_t count) {
    deployment::settings s;
    s.max_adaptive_retries = count;
    return s;
}

/// A policy that has allowed so many tries.
retry_policy after(std::uint32_t tries) {
    retry_policy p;
    const auto options = with_retries(tries);
    for (std::uint32_t i = 0; i < tries; ++i) {
        REQUIRE(p.allows(options, kind::read, busy()));
    }
    return p;
}

}  // namespace

TEST_CASE("the pause before a try doubles from 200 ms, and ends at 10 s") {
    CHECK(after(1).backoff(busy(), 1) == 200ms);
    CHECK(after(2).backoff(busy(), 1) == 400ms);
    CHECK(after(3).backoff(busy(), 1) == 800ms);
    CHECK(after(6).backoff(busy(), 1) == 6400ms);
    CHECK(after(7).backoff(busy(), 1) == 10s);
    CHECK(after(8).backoff(busy(), 1) == 10s);
    CHECK(after(100).backoff(busy(), 1) == 10s);  // more than a number has bits
}

TEST_CASE("the pause is the part of the longest one that chance says") {
    CHECK(after(1).backoff(busy(), 0) == none);
    CHECK(after(50).backoff(busy(), 0) == none);
    CHECK(after(1).backoff(busy(), 0.5) == 100ms);
    CHECK(after(2).backoff(busy(), 0.25) == 100ms);
    CHECK(after(50).backoff(busy(), 0.5) == 5s);
}

TEST_CASE("the pause is by the base that the server gives") {
    const auto first = [](const document& more) { return after(1).backoff(busy(more), 1); };
    CHECK(first({{"baseBackoffMS", 50}}) == 100ms);
    CHECK(first({{"baseBackoffMS", std::int64_t{50}}}) == 100ms);
    CHECK(first({{"baseBackoffMS", 2.5}}) == 5ms);
    CHECK(after(2).backoff(busy({{"baseBackoffMS", 50}}), 1) == 200ms);
    CHECK(after(2).backoff(busy({{"baseBackoffMS", 50}}), 0.5) == 100ms);
    // Greater or smaller than the driver's own; the limit stays.
    CHECK(first({{"baseBackoffMS", 1}}) == 2ms);
    CHECK(first({{"baseBackoffMS", 3000}}) == 6s);
    CHECK(first({{"baseBackoffMS", 60'000}}) == 10s);
    CHECK(first({{"baseBackoffMS", 1e300}}) == 10s);
}

TEST_CASE("a base that is not a positive number is none") {
    const auto first = [](const document& more) { return after(1).backoff(busy(more), 1); };
    CHECK(first({{"baseBackoffMS", 0}}) == 200ms);
    CHECK(first({{"baseBackoffMS", -50}}) == 200ms);
    CHECK(first({{"baseBackoffMS", "50"}}) == 200ms);
    // An error without a reply has none either.
    const auto alone = with_labels({"SystemOverloadedError", "RetryableError"});
    CHECK(after(1).backoff(alone, 1) == 200ms);
}

TEST_CASE("there are as many tries as maxAdaptiveRetries says") {
    for (const std::uint32_t count : {0U, 1U, 2U, 5U}) {
        CAPTURE(count);
        const auto options = with_retries(count);
        retry_policy p;
        for (std::uint32_t i = 0; i < count; ++i) {
            CHECK(p.allows(options, kind::read, busy()));
        }
        CHECK(!p.allows(options, kind::read, busy()));
        CHECK(!p.allows(options, kind::read, busy()));
    }
    CHECK(deployment::settings().max_adaptive_retries == 2);
}

TEST_CASE("only an error with both labels is tried again") {
    const deployment::settings options;
    const auto allowed = [&](std::vector<std::string> labels) {
        return retry_policy().allows(options, kind::read, with_labels(std::move(labels)));
    };
    CHECK(!allowed({}));
    CHECK(!allowed({"SystemOverloadedError"}));
    CHECK(!allowed({"RetryableError"}));
    CHECK(!allowed({"SystemOverloadedError", "RetryableWriteError"}));
    CHECK(allowed({"RetryableError", "SystemOverloadedError"}));
}

TEST_CASE("retryReads and retryWrites say which commands are tried again") {
    deployment::settings options;
    const auto allowed = [&](kind k) { return retry_policy().allows(options, k, busy()); };
    CHECK(allowed(kind::read));
    CHECK(allowed(kind::write));
    CHECK(allowed(kind::other));
    options.retry_reads = false;
    CHECK(!allowed(kind::read));
    CHECK(allowed(kind::write));
    CHECK(!allowed(kind::other));
    options.retry_writes = false;
    CHECK(!allowed(kind::read));
    CHECK(!allowed(kind::write));
    CHECK(!allowed(kind::other));
    options.retry_reads = true;
    CHECK(allowed(kind::read));
    CHECK(!allowed(kind::write));
    CHECK(!allowed(kind::other));
}

// Chance says how long each pause is. Of 40 of them the mean is 15 ms an operation, all together
// 300 ms with a deviation of 29 ms: less than half of that does not happen.
TEST_CASE("an operation really waits before it tries again") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", reply_script().reply(busy_reply({{"baseBackoffMS", 5}})));
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < 20; ++i) {
            const auto failed = error_of(r, s.c.find_one());
            CHECK(failed.server_code() == 462);
            CHECK(failed.has_label("SystemOverloadedError"));
            CHECK(failed.has_label("RetryableError"));
        }
        const auto took = std::chrono::steady_clock::now() - begin;
        CHECK(took >= 150ms);
        CHECK(s.peer.received("find").size() == 60);
    });
}

// 10 s is the limit of the pause, and 200 ms of it are less than one in fifty: of the three
// operations at least one meets a pause that is too long for it.
TEST_CASE("a pause that the timeout does not leave time for is not waited for") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.always("find", reply_script().reply(busy_reply({{"baseBackoffMS", 10'000}})));
        const auto c = s.c.with_timeout(200ms);
        for (int i = 0; i < 3; ++i) {
            const auto failed = error_of(r, c.find_one());
            CHECK((failed.server_code() == 462 || failed == errc::deadline_exceeded));
        }
        CHECK(s.peer.received("find").size() < 9);
    });
}

TEST_CASE("maxAdaptiveRetries and the retries' switches of a client are its operations'") {
    const auto commands = [](std::string_view query, auto operation) {
        std::size_t count = 0;
        on_each_backend([&](reactor& r) {
            op_msg_peer peer;
            const auto reply = reply_script().reply(busy_reply({{"baseBackoffMS", 1}}));
            peer.always("find", reply);
            peer.always("insert", reply);
            peer.always("count", reply);
            {
                const client c(r, peer.uri() + "?" + std::string(query));
                CHECK(error_of(r, operation(c["db"]["c"], c["db"])).server_code() == 462);
            }
            count = peer.received("find").size() + peer.received("insert").size() +
                    peer.received("count").size();
        });
        return count;
    };
    const auto read = [](collection<> c, const database&) { return c.find_one(); };
    const document one{{"_id", 1}};
    const auto write = [&](collection<> c, const database&) { return c.insert_one(one); };
    const document command{{"count", "c"}};
    const auto any = [&](const collection<>&, database db) { return db.run_command(command); };

    CHECK(commands("", read) == 3);
    CHECK(commands("", write) == 3);
    CHECK(commands("", any) == 3);
    CHECK(commands("maxAdaptiveRetries=1", read) == 2);
    CHECK(commands("maxAdaptiveRetries=0", read) == 1);
    CHECK(commands("maxAdaptiveRetries=4", read) == 5);
    CHECK(commands("retryReads=false", read) == 1);
    CHECK(commands("retryReads=false", write) == 3);
    CHECK(commands("retryReads=false", any) == 1);
    CHECK(commands("retryWrites=false", read) == 3);
    CHECK(commands("retryWrites=false", write) == 1);
    CHECK(commands("retryWrites=false", any) == 1);
}
