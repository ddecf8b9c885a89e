#include "cloud_support.hpp"

#include "auth/authenticator.hpp"

#include "cloud/oidc_authenticator.hpp"
#include "dns_server.hpp"
#include "op_msg_peer.hpp"
#include "pool/authenticate.hpp"
#include "pool/cloud_login.hpp"
#include "pool/connection_pool.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/client.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <memory>

using namespace mongoro;
using namespace mongoro::test;

namespace {

std::string jwt_of(document_view command) {
    return payload_document(command)["jwt"].get_or<std::string>("");
}

document refused(std::int32_t code) {
    return op_msg_peer::error_document(code, "Refused", "no");
}

/// A callback that gives these tokens in their order, the last one again and again.
struct callback {
    explicit callback(std::vector<std::string> given) : tokens(std::move(given)) {
        options.callback = [this](const oidc_callback_context&) -> task<result<oidc_tokens>> {
            oidc_tokens out;
            out.access_token = tokens[std::min(calls++, tokens.size() - 1)];
            co_return std::move(out);
        };
    }
    callback(const callback&) = delete;
    callback& operator=(const callback&) = delete;

    std::vector<std::string> tokens;
    std::size_t calls = 0;
    oidc_options options;
};

std::string oidc_uri(const op_msg_peer& peer) {
    return peer.uri() + "?authMechanism=MONGODB-OIDC";
}

/// The settings of a connection to the peer that logs in by MONGODB-OIDC.
pool::connection_settings oidc_settings(reactor& r, const op_msg_peer& peer,
                                        const oidc_options& options) {
    pool::connection_settings settings;
    settings.host = {peer.host(), peer.port()};
    credential who;
    who.mechanism = auth_mechanism::mongodb_oidc;
    who.source = "$external";
    REQUIRE(pool::set_up_cloud_login(settings, r.core(), who, &options, nullptr));
    settings.authenticator = std::make_shared<auth::authenticator>(who);
    return settings;
}

void expect_token(op_msg_peer& peer, std::string token, document_view answer) {
    peer.expect("saslStart", reply_script().reply(answer), [=](const received_command& c) {
        return c.database() == "$external" && jwt_of(c.body) == token;
    });
}

const document& done() {
    static const document answer = sasl_answer(true, document());
    return answer;
}

}  // namespace

TEST_CASE("a client logs each of its connections in, the second one with the token that is there") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        callback asked({"t1"});
        const client c(r, oidc_uri(peer), {.oidc = &asked.options});
        expect_token(peer, "t1", done());
        peer.expect("slow", reply_script().hang());
        const running first(r, c["db"].run_command({{"slow", 1}}));
        REQUIRE(poll_until(r, [&] { return peer.received("slow").size() == 1; }));
        // The second connection's hello carries the token, and needs no command of its own.
        auto hello = op_msg_peer::hello_document();
        hello.append("speculativeAuthenticate", done());
        peer.expect("hello", reply_script().reply(hello), [](const received_command& command) {
            const auto begun = command.body["speculativeAuthenticate"].get<document_view>();
            return begun["saslStart"].get<int>() == 1 && jwt_of(begun) == "t1" &&
                   begun["db"].get<std::string>() == "$external";
        });
        sync_wait(r, c.ping());
        CHECK(asked.calls == 1);
        CHECK(c.statistics().connections_created == 2);
        CHECK(peer.received("saslStart").size() == 1);
        CHECK(!peer.received().front().body.contains("speculativeAuthenticate"));
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a token that the hello is not answered for is tried again behind it, and kept") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        callback asked({"t1", "t2"});
        auto settings = oidc_settings(r, peer, asked.options);
        settings.oidc->set_token(std::make_shared<const auth::secret>("t1"));
        expect_token(peer, "t1", done());
        const auto opened = sync_wait(r, pool::open_connection(r.core(), settings));
        REQUIRE(opened);
        CHECK((*opened)->oidc_token() == settings.oidc->token());
        CHECK(asked.calls == 0);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE(
    "a token that the server knows no more gives way to a new one, while the hello is there") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        callback asked({"t2"});
        auto settings = oidc_settings(r, peer, asked.options);
        settings.oidc->set_token(std::make_shared<const auth::secret>("t1"));
        auto hello = op_msg_peer::hello_document();
        hello.append("speculativeAuthenticate", sasl_answer(false, document()));
        peer.expect("hello", reply_script().reply(hello));
        expect_token(peer, "t1", refused(18));
        expect_token(peer, "t2", done());
        const auto opened = sync_wait(r, pool::open_connection(r.core(), settings));
        REQUIRE(opened);
        CHECK((*opened)->oidc_token()->text() == "t2");
        CHECK(asked.calls == 1);
        CHECK(peer.received("hello").size() + peer.received("isMaster").size() == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("reauthentication runs SASL alone, with a new token, and without a hello") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        callback asked({"t1", "t2", "t3"});
        auto settings = oidc_settings(r, peer, asked.options);
        expect_token(peer, "t1", done());
        const auto opened = sync_wait(r, pool::open_connection(r.core(), settings));
        REQUIRE(opened);
        expect_token(peer, "t2", done());
        CHECK(sync_wait(r, pool::reauthenticate(**opened, settings, auth_mechanism::mongodb_oidc)));
        CHECK(asked.calls == 2);
        expect_token(peer, "t3", refused(18));
        const auto failed =
            sync_wait(r, pool::reauthenticate(**opened, settings, auth_mechanism::mongodb_oidc));
        CHECK(failed.error() == errc::authentication_failed);
        CHECK(failed.error().server_code() == 18);
        CHECK(failed.error().to_string().find("t3") == std::string::npos);
        CHECK(asked.calls == 3);
        CHECK(peer.received().size() == 4);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a program's callback has a minute, whatever connectTimeoutMS is") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        deadline until;
        oidc_options options;
        options.callback = [&](const oidc_callback_context& told) -> task<result<oidc_tokens>> {
            until = told.until;
            co_await sleep_for(300ms);
            oidc_tokens out;
            out.access_token = "t1";
            co_return std::move(out);
        };
        const client c(r, oidc_uri(peer) + "&connectTimeoutMS=200", {.oidc = &options});
        expect_token(peer, "t1", done());
        CHECK(!error_of(r, c.ping()));
        CHECK(until.remaining() > 50s);
        CHECK(until.remaining() <= 60s);
        // Who opens one connection under a deadline has that one, and connectTimeoutMS.
        auto settings = oidc_settings(r, peer, options);
        settings.connect_timeout = 200ms;
        const auto opened =
            sync_wait(r, with_deadline(pool::open_connection(r.core(), settings), 30s));
        CHECK(opened.error() == errc::authentication_failed);
        CHECK(until.remaining() <= 200ms);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("with a client's timeoutMS a callback has that, and connectTimeoutMS") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        deadline::clock::duration left{};
        oidc_options options;
        options.callback = [&](const oidc_callback_context& told) -> task<result<oidc_tokens>> {
            left = told.until.remaining();
            oidc_tokens out;
            out.access_token = "t1";
            co_return std::move(out);
        };
        const auto left_with = [&](const std::string& query, std::chrono::milliseconds timeout) {
            const client c(r, oidc_uri(peer) + query, {.oidc = &options});
            expect_token(peer, "t1", done());
            if (timeout < 0ms) {
                sync_wait(r, c.ping());
            } else {
                sync_wait(r, c["db"].run_command({{"ping", 1}}, {.timeout = timeout}));
            }
            return left;
        };
        CHECK(left_with("&timeoutMS=5000", -1ms) <= 5s);
        CHECK(left_with("&timeoutMS=20000&connectTimeoutMS=5000", -1ms) <= 5s);
        // An operation with a time of its own.
        CHECK(left_with("&timeoutMS=5000", 3s) > 4s);
        CHECK(left_with("&timeoutMS=1000", 7s) > 5s);
        CHECK(left_with("&timeoutMS=1000", 7s) <= 7s);
        CHECK(left_with("&timeoutMS=1000", 0ms) > 50s);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a hello that outlasts a client's timeoutMS leaves the callback all of it") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().wait(300ms).reply(op_msg_peer::hello_document()));
        std::optional<deadline::clock::duration> left;
        oidc_options options;
        options.callback = [&](const oidc_callback_context& told) -> task<result<oidc_tokens>> {
            left = told.until.remaining();
            oidc_tokens out;
            out.access_token = "t1";
            co_return std::move(out);
        };
        expect_token(peer, "t1", done());
        {
            const client c(r, oidc_uri(peer) + "&timeoutMS=250&minPoolSize=1", {.oidc = &options});
            // Nobody waits for it.
            REQUIRE(poll_until(r, [&] { return !peer.received("saslStart").empty(); }));
        }
        REQUIRE(left);
        CHECK(*left > 0ms);
        CHECK(*left <= 250ms);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a callback that outlasts connectTimeoutMS is a login that has failed") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        oidc_options options;
        options.callback = [&](const oidc_callback_context&) -> task<result<oidc_tokens>> {
            const auto slept = co_await as_result(sleep_for(60s));
            co_return slept.error();
        };
        const client c(r, oidc_uri(peer) + "&timeoutMS=20000&connectTimeoutMS=100",
                       {.oidc = &options});
        const auto e = error_of(r, c.ping());
        CHECK(e == errc::authentication_failed);
        CHECK(peer.problems() == "");
    });
}

namespace {

const auto must_log_in_again = [](const auto&) {
    return op_msg_peer::error_document(391, "ReauthenticationRequired", "once more");
};

}  // namespace

TEST_CASE("a command that wants a newer login is sent once more, on the connection that has it") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        callback asked({"t1", "t2", "t3"});
        const client c(r, oidc_uri(peer), {.oidc = &asked.options});
        const auto insert = c["db"]["c"];
        expect_token(peer, "t1", done());
        peer.expect("insert", reply_script().answer(must_log_in_again));
        expect_token(peer, "t2", done());
        peer.expect("insert", reply_script().reply(document{{"n", 1}, {"ok", 1.0}}));
        CHECK(sync_wait(r, insert.insert_one({{"_id", 1}})).acknowledged);
        CHECK(asked.calls == 2);
        const auto sent = peer.received("insert");
        REQUIRE(sent.size() == 2);
        CHECK(sent[0].body == sent[1].body);
        CHECK(sent[0].sequences == sent[1].sequences);
        CHECK(sent[0].connection == sent[1].connection);
        CHECK(peer.problems() == "");

        // Not twice.
        peer.expect("find", reply_script().answer(must_log_in_again));
        expect_token(peer, "t3", done());
        peer.expect("find", reply_script().answer(must_log_in_again));
        const auto e = error_of(r, insert.find_one());
        CHECK(e == errc::command_failed);
        CHECK(e.server_code() == 391);
        CHECK(asked.calls == 3);
        CHECK(peer.received("find").size() == 2);
        CHECK(peer.connections() == 1 + 1);  // the first is the monitor's
        CHECK(c.statistics().idle_connections == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a command that wants a newer login, which fails, ends with the login's error") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        callback asked({"t1", "t2"});
        const client c(r, oidc_uri(peer) + "&retryReads=false", {.oidc = &asked.options});
        expect_token(peer, "t1", done());
        peer.expect("find", reply_script().answer(must_log_in_again));
        expect_token(peer, "t2", refused(18));
        const auto e = error_of(r, c["db"]["c"].find_one());
        CHECK(e == errc::authentication_failed);
        CHECK(e.server_code() == 18);
        CHECK(e.to_string().find("t2") == std::string::npos);
        CHECK(peer.received("find").size() == 1);
        CHECK(c.statistics().connections == 0);  // nobody has use for it any more
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("each batch of a write may want a newer login") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const document hello{{"helloOk", true},        {"isWritablePrimary", true},
                             {"maxWriteBatchSize", 1}, {"maxWireVersion", 25},
                             {"minWireVersion", 0},    {"ok", 1.0}};
        peer.always("hello", reply_script().reply(hello));
        callback asked({"t1", "t2", "t3"});
        const client c(r, oidc_uri(peer), {.oidc = &asked.options});
        const auto written = document{{"n", 1}, {"ok", 1.0}};
        expect_token(peer, "t1", done());
        for (const auto* const token : {"t2", "t3"}) {
            peer.expect("insert", reply_script().answer(must_log_in_again));
            expect_token(peer, token, done());
            peer.expect("insert", reply_script().reply(written));
        }
        const std::vector<document> two{{{"_id", 1}}, {{"_id", 2}}};
        CHECK(sync_wait(r, c["db"]["c"].insert_many(two)).inserted_count == 2);
        CHECK(asked.calls == 3);
        CHECK(peer.problems() == "");
    });
}

namespace {

class cleared_pools final : public pool_listener {
 public:
    void on(const pool_cleared_event&) noexcept override { ++count; }
    int count = 0;
};

}  // namespace

TEST_CASE("a connection that a newer login loses clears its server's pool") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        callback asked({"t1", "t2"});
        const auto cleared = std::make_shared<cleared_pools>();
        client_options options;
        options.oidc = &asked.options;
        options.pool_listener = cleared;
        const client c(r, oidc_uri(peer), options);
        expect_token(peer, "t1", done());
        peer.expect("insert", reply_script().answer(must_log_in_again));
        peer.expect("saslStart", reply_script().close());
        CHECK(error_of(r, c["db"]["c"].insert_one({{"_id", 1}})) == errc::connection_closed);
        CHECK(cleared->count == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("behind a load balancer a cursor logs in again on its own connection") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto hello = op_msg_peer::hello_document();
        hello.append("serviceId", bson::object_id::generate()).append("msg", "isdbgrid");
        peer.always("hello", reply_script().reply(hello));
        callback asked({"t1", "t2"});
        const client c(r, oidc_uri(peer) + "&loadBalanced=true", {.oidc = &asked.options});
        const auto batch = [](const char* name, std::int64_t id) {
            return document{
                {"cursor", doc({"id", id}, {"ns", "db.c"}, {name, arr(doc({"_id", 1}))})},
                {"ok", 1.0}};
        };
        expect_token(peer, "t1", done());
        peer.expect("find", reply_script().reply(batch("firstBatch", 42)));
        peer.expect("getMore", reply_script().answer(must_log_in_again));
        expect_token(peer, "t2", done());
        peer.expect("getMore", reply_script().reply(batch("nextBatch", 0)));
        auto cursor = c["db"]["c"].find();
        CHECK(sync_wait(r, cursor.next()));
        CHECK(sync_wait(r, cursor.next()));
        CHECK(!sync_wait(r, cursor.next()));
        CHECK(peer.connections() == 1);
        CHECK(c.statistics().idle_connections == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a person's login names the provider to the callback, over the wire") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        std::string issuer;
        oidc_options options;
        options.human_callback =
            [&](const oidc_callback_context& told) -> task<result<oidc_tokens>> {
            issuer = told.idp_info.value().issuer;
            co_return oidc_tokens{.access_token = "t1"};
        };
        const client c(r, oidc_uri(peer), {.oidc = &options});
        const document provider{{"issuer", "https://issuer"}};
        peer.expect("saslStart", reply_script().reply(sasl_answer(false, provider)),
                    [](const received_command& s) { return payload_document(s.body).empty(); });
        peer.expect("saslContinue", reply_script().reply(done()), [](const received_command& s) {
            return jwt_of(s.body) == "t1" && s.body["conversationId"].get<int>() == 1;
        });
        sync_wait(r, c.ping());
        CHECK(issuer == "https://issuer");
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a host that a person's tokens may not go to is a client-side error") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        oidc_options options;
        int calls = 0;
        options.human_callback = [&](const oidc_callback_context&) -> task<result<oidc_tokens>> {
            ++calls;
            co_return oidc_tokens{.access_token = "t1"};
        };
        options.allowed_hosts = std::vector<std::string>{"example.com"};
        const client c(r, oidc_uri(peer), {.oidc = &options});
        const auto e = error_of(r, c.ping());
        CHECK(e == errc::authentication_failed);
        CHECK(e.to_string().find("allowed_hosts") != std::string::npos);
        CHECK(calls == 0);
        CHECK(peer.received("saslStart").empty());
    });
}

TEST_CASE("the services of a login are found by the client's own name servers") {
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        dns_server names;
        credential who;
        who.source = "$external";
        who.mechanism = auth_mechanism::mongodb_oidc;
        who.properties = {{"ENVIRONMENT", "gcp"}, {"TOKEN_RESOURCE", "a,b:c"}};
        const client c(r, peer.uri(), {.dns_servers = names.address(), .login = &who});
        CHECK(error_of(r, c.ping()) == errc::authentication_failed);
        CHECK(names.asked("metadata") > 0);
    });
}

TEST_CASE("what a program gives for a login must fit the connection string") {
    on_each_backend([](reactor& r) {
        const callback asked({"t"});
        oidc_options both = asked.options;
        both.human_callback = both.callback;
        oidc_options hosts;
        hosts.allowed_hosts.emplace();
        const aws_credential_provider provider = []() -> task<result<aws_credentials>> {
            co_return aws_credentials();
        };
        const auto refused_for = [&](const std::string& query, const client_options& options) {
            const auto made = client::create(r, "mongodb://h/?" + query, options);
            return !made && made.error() == errc::invalid_argument;
        };
        const std::string oidc = "authMechanism=MONGODB-OIDC";
        const std::string test = oidc + "&authMechanismProperties=ENVIRONMENT:test";
        CHECK(refused_for(oidc, {}));
        CHECK(!refused_for(oidc, {.oidc = &asked.options}));
        CHECK(refused_for(oidc, {.oidc = &both}));
        CHECK(refused_for(test, {.oidc = &asked.options}));
        CHECK(refused_for(test, {.oidc = &hosts}));
        CHECK(!refused_for(test, {}));
        CHECK(refused_for("", {.oidc = &asked.options}));
        CHECK(refused_for("authMechanism=MONGODB-AWS", {.oidc = &asked.options}));
        CHECK(!refused_for("authMechanism=MONGODB-AWS", {.aws_credential_provider = &provider}));
        CHECK(client::create(r, "mongodb://key:secret@h/?authMechanism=MONGODB-AWS").error() ==
              errc::invalid_argument);
        CHECK(refused_for("", {.aws_credential_provider = &provider}));
        CHECK(refused_for(oidc, {.oidc = &asked.options, .aws_credential_provider = &provider}));
    });
}
