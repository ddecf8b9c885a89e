#include "oidc_scene.hpp"

#include <list>

using namespace mongoro;
using namespace mongoro::cloud;
using namespace mongoro::test;

namespace {

using scene = oidc_scene;
using log = std::vector<std::string>;

}  // namespace

TEST_CASE("settings need one source of tokens, and refuse two") {
    const oidc_callback gives = [](const oidc_callback_context&) -> task<result<oidc_tokens>> {
        co_return error();
    };
    const auto refused = [](const credential& who, const oidc_options& options) {
        return oidc_settings::make(who, &options).error() == errc::invalid_argument;
    };
    auto azure = nobody();
    azure.properties = {{"ENVIRONMENT", "azure"}, {"TOKEN_RESOURCE", "a://b"}};
    CHECK(oidc_settings::make(nobody(), nullptr).error() == errc::invalid_argument);
    CHECK(refused(nobody(), {}));
    oidc_options options;
    options.callback = gives;
    CHECK(!refused(nobody(), options));
    CHECK(refused(azure, options));
    options.human_callback = gives;
    CHECK(refused(nobody(), options));
    options.callback = nullptr;
    CHECK(!refused(nobody(), options));
    CHECK(refused(azure, options));
    options.human_callback = nullptr;
    options.allowed_hosts.emplace();
    CHECK(refused(azure, options));
    options.callback = gives;
    CHECK(refused(nobody(), options));

    const auto made = oidc_settings::make(azure, nullptr);
    REQUIRE(made);
    CHECK(made->integration == oidc_environment::azure);
    CHECK(made->resource == "a://b");
}

TEST_CASE("the callback is called during the login, with what it may want to know") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.username = "ada";
        s.authenticator = s.make({});
        CHECK(!s.log_in());
        CHECK(s.server.log == log{"jwt good"});
        REQUIRE(s.calls.size() == 1);
        const auto& told = s.calls[0].told;
        CHECK(told.version == 1);
        CHECK(told.username == "ada");
        CHECK(!told.idp_info);
        CHECK(!told.refresh_token);
        CHECK(told.until.remaining() > 50s);
        CHECK(told.until.remaining() <= 60s);
        REQUIRE(s.used);
        CHECK(s.used->text() == "good");
        CHECK(s.kept() == "good");
    });
}

TEST_CASE("the callback is told of the operation's deadline if that is sooner") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        const auto done = sync_wait(
            r, with_deadline(s.authenticator->log_in(s.server, "localhost", s.used), 30s));
        CHECK(done);
        REQUIRE(s.calls.size() == 1);
        CHECK(s.calls[0].told.until.remaining() <= 30s);
    });
}

TEST_CASE(
    "a callback with a time of its own has a minute, and the login goes on in what was left") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.delay = 60ms;
        const auto log_in = [&] {
            return sync_wait(
                r, with_deadline(s.authenticator->log_in(s.server, "localhost", s.used, own_time),
                                 40ms));
        };
        const auto done = log_in();
        CHECK_MESSAGE(done, done.error().to_string());
        CHECK(s.server.log == log{"jwt good"});
        REQUIRE(s.calls.size() == 1);
        CHECK(s.calls[0].told.until.remaining() > 50s);
        CHECK(s.calls[0].told.until.remaining() <= 60s);
        s.authenticator->invalidate(s.used);
        s.server.slow = 60s;
        CHECK(log_in().error() == errc::deadline_exceeded);
        CHECK(s.calls.size() == 2);
    });
}

TEST_CASE("the callback is called once for many connections") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.delay = 2ms;
        std::list<oidc_server> servers;
        std::list<auth::oidc_token> used;
        std::list<running<result<void>>> logins;
        for (int i = 0; i < 10; ++i) {
            servers.emplace_back(r);
            used.emplace_back();
            logins.emplace_back(r,
                                s.authenticator->log_in(servers.back(), "localhost", used.back()));
        }
        for (auto& login : logins) {
            CHECK(*login.wait());
        }
        CHECK(s.calls.size() == 1);
        for (const auto& server : servers) {
            CHECK(server.log == log{"jwt good"});
        }
    });
}

TEST_CASE("no two calls are under way at once, and the next one comes 100 ms after the last") {
    on_each_backend([](reactor& r) {
        scene s(r, {token(""), token(""), token("good")});  // two that fail, and not at once
        s.delay = 1ms;
        std::list<auth::oidc_token> used(3);
        std::list<running<result<void>>> logins;
        for (auto& mine : used) {
            logins.emplace_back(r, s.authenticator->log_in(s.server, "localhost", mine));
        }
        int failed = 0;
        for (auto& login : logins) {
            failed += *login.wait() ? 0 : 1;
        }
        CHECK(failed == 2);
        REQUIRE(s.calls.size() == 3);
        CHECK(s.calls[1].when - s.calls[0].when >= 100ms);
        CHECK(s.calls[2].when - s.calls[1].when >= 100ms);
    });
}

TEST_CASE("a connection that gives up while it waits, or asks, leaves the turn to the next") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.delay = 60s;
        std::list<auth::oidc_token> used(4);
        auto mine = used.begin();
        auto asks = std::make_unique<running<result<void>>>(
            r, s.authenticator->log_in(s.server, "localhost", *mine++));
        REQUIRE(poll_until(r, [&] { return s.calls.size() == 1; }));
        running late(r,
                     with_deadline(s.authenticator->log_in(s.server, "localhost", *mine++), 5ms));
        auto waits = std::make_unique<running<result<void>>>(
            r, s.authenticator->log_in(s.server, "localhost", *mine++));
        running next(r, s.authenticator->log_in(s.server, "localhost", *mine++));
        CHECK(late.wait()->error() == errc::deadline_exceeded);
        CHECK(!waits->done());
        waits.reset();
        s.delay = 0ms;
        asks.reset();
        CHECK(*next.wait());
        CHECK(s.calls.size() == 2);
    });
}

TEST_CASE("a callback that gives nothing usable fails the login") {
    on_each_backend([](reactor& r) {
        const auto failure_of = [&](const oidc_callback& callback) {
            world w(r);
            oidc_server server(r);
            oidc_options options;
            options.callback = callback;
            oidc_authenticator a(w.surroundings(), *oidc_settings::make(nobody(), &options));
            auth::oidc_token used;
            const auto e = sync_wait(r, a.log_in(server, "localhost", used)).error();
            CHECK(e == errc::authentication_failed);
            CHECK(e.to_string().find("s3cr3t") == std::string::npos);
            CHECK(server.log.empty());
            CHECK(!a.token());
            CHECK(!used);
            REQUIRE(e.cause() != nullptr);
            return error(*e.cause());
        };
        using tokens = task<result<oidc_tokens>>;
        using context = oidc_callback_context;
        CHECK(failure_of([](const context&) -> tokens { co_return oidc_tokens(); }) ==
              errc::invalid_argument);
        CHECK(failure_of([](const context&) -> tokens {
                  oidc_tokens out = token("s3cr3t");
                  out.expires_in = -1s;
                  co_return std::move(out);
              }) == errc::invalid_argument);
        CHECK(failure_of([](const context&) -> tokens { co_return error(errc::too_deep); }) ==
              errc::too_deep);
        CHECK(failure_of([](const context&) -> tokens {
                  throw std::runtime_error("s3cr3t");
                  co_return error();
              }) == errc::invalid_argument);
        CHECK(failure_of([](const context&) -> tokens { throw std::runtime_error("s3cr3t"); }) ==
              errc::invalid_argument);
        CHECK(failure_of([](const context&) { return tokens(); }) == errc::invalid_argument);
    });
}

TEST_CASE("a cached token that is refused is forgotten, and a new one is asked for once") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.keep("poison");
        CHECK(!s.log_in());
        CHECK(s.server.log == log{"jwt poison", "jwt good"});
        CHECK(s.calls.size() == 1);
        CHECK(s.kept() == "good");
    });
}

TEST_CASE("a new token that is refused is the error, and no second one is asked for") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("bad")});
        CHECK(s.log_in().server_code() == 18);
        CHECK(s.calls.size() == 1);
        CHECK(!s.used);
    });
}

TEST_CASE("an error other than 18 keeps the token") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.server.before = [](const std::string&) { return server_error(20); };
        CHECK(s.log_in().server_code() == 20);
        CHECK(s.calls.size() == 1);
        s.server.before = {};
        CHECK(!s.log_in());
        CHECK(s.calls.size() == 1);
        s.server.before = [](const std::string&) { return error(errc::connection_closed); };
        CHECK(s.log_in() == errc::connection_closed);
        CHECK(s.kept() == "good");
    });
}

TEST_CASE("reauthentication forgets the connection's token and logs in with a new one") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good"), token("better")});
        s.server.tokens.insert("better");
        CHECK(!s.log_in());
        CHECK(!s.reauthenticate());
        CHECK(s.server.log == log{"jwt good", "jwt better"});
        CHECK(s.calls.size() == 2);
        CHECK(s.used->text() == "better");
        // Another connection of the client that still has the first token.
        auth::oidc_token other = std::make_shared<const auth::secret>("good");
        CHECK(sync_wait(r, s.authenticator->reauthenticate(s.server, "localhost", other)));
        CHECK(other->text() == "better");
        CHECK(s.calls.size() == 2);
    });
}

TEST_CASE("reauthentication with a bad token fails after one call") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good"), token("bad")});
        CHECK(!s.log_in());
        CHECK(s.reauthenticate().server_code() == 18);
        CHECK(s.calls.size() == 2);
    });
}

TEST_CASE("only a token that is there rides on the hello, and failing there forgets nothing") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        CHECK(s.authenticator->speculate("localhost", s.used) == nullptr);
        CHECK(!s.used);
        s.keep("good");
        const auto begun = s.authenticator->speculate("localhost", s.used);
        REQUIRE(begun);
        CHECK(begun->speculative());
        CHECK(s.used == s.authenticator->token());
        CHECK(s.calls.empty());
        CHECK(!s.log_in());
        CHECK(s.server.log == log{"jwt good"});
        CHECK(s.calls.empty());
    });
}
