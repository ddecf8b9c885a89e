#include "oidc_scene.hpp"

#include <list>

using namespace mongoro;
using namespace mongoro::cloud;
using namespace mongoro::test;

namespace {

using scene = oidc_scene;
using log = std::vector<std::string>;

}  // namespace

TEST_CASE("a person is asked after the server has named the provider") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good", "refresh")});
        s.username = "ada";
        s.ask_person();
        CHECK(!s.log_in());
        CHECK(s.server.log == log{"principal ada", "continue good"});
        REQUIRE(s.calls.size() == 1);
        const auto& told = s.calls[0].told;
        CHECK(told.username == "ada");
        REQUIRE(told.idp_info);
        CHECK(told.idp_info->issuer == "https://issuer");
        CHECK(told.idp_info->client_id == "id");
        CHECK(!told.refresh_token);
        CHECK(told.until.remaining() > 4min);
        CHECK(told.until.remaining() <= 5min);
        CHECK(!s.log_in());  // another connection
        CHECK(s.server.log.back() == "jwt good");
        CHECK(s.calls.size() == 1);
    });
}

TEST_CASE("a provider without a client's id will do, one without an issuer will not") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.ask_person();
        s.server.provider = {{"issuer", "https://issuer"}};
        CHECK(!s.log_in());
        CHECK(s.server.log == log{"principal ", "continue good"});
        CHECK(!s.calls[0].told.idp_info->client_id);
        s.ask_person();
        s.server.provider = {};
        CHECK(s.log_in() == errc::authentication_failed);
        CHECK(s.calls.size() == 1);
    });
}

TEST_CASE("a person has more time than the operation, and the login goes on in what was left") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.ask_person();
        s.delay = 60ms;
        const auto done = sync_wait(
            r, with_deadline(s.authenticator->log_in(s.server, "localhost", s.used), 40ms));
        CHECK_MESSAGE(done, done.error().to_string());
        CHECK(s.server.log == log{"principal ", "continue good"});
        s.authenticator->invalidate(s.used);
        s.server.slow = 60s;
        CHECK(sync_wait(r,
                        with_deadline(s.authenticator->log_in(s.server, "localhost", s.used), 40ms))
                  .error() == errc::deadline_exceeded);
        CHECK(s.calls.size() == 2);
    });
}

TEST_CASE("a callback has its whole time from when it is called, however long it was waited for") {
    on_each_backend([](reactor& r) {
        for (const bool person : {true, false}) {
            CAPTURE(person);
            scene s(r, {token(""), token("good")});
            s.person = person;
            s.authenticator = s.make({});
            s.delay = 400ms;
            std::list<auth::oidc_token> used(2);
            running first(r,
                          s.authenticator->log_in(s.server, "localhost", used.front(), own_time));
            running second(r,
                           s.authenticator->log_in(s.server, "localhost", used.back(), own_time));
            CHECK(first.wait()->error() == errc::authentication_failed);
            CHECK(*second.wait());
            REQUIRE(s.calls.size() == 2);
            for (const auto& call : s.calls) {
                const auto has = call.told.until.when() - call.when;
                CHECK(has > (person ? 300s : 60s) - 200ms);
                CHECK(has <= (person ? 300s : 60s));
            }
        }
    });
}

TEST_CASE("a login that waited for another one's token goes on with the time that it had left") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.delay = 600ms;
        std::list<auth::oidc_token> used(2);
        const auto log_in = [&](auth::oidc_token& mine) {
            return with_deadline(s.authenticator->log_in(s.server, "localhost", mine, own_time),
                                 300ms);
        };
        running first(r, log_in(used.front()));
        running second(r, log_in(used.back()));
        CHECK(*first.wait());
        CHECK(*second.wait());
        CHECK(s.calls.size() == 1);
    });
}

TEST_CASE("the refresh token goes to the callback when the access token has ended") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good", "refresh"), token("better")});
        s.ask_person();
        s.server.tokens.insert("better");
        CHECK(!s.log_in());
        CHECK(!s.reauthenticate());
        CHECK(s.server.log == log{"principal ", "continue good", "jwt better"});
        REQUIRE(s.calls.size() == 2);
        CHECK(s.calls[1].told.refresh_token == "refresh");
        REQUIRE(s.calls[1].told.idp_info);
        CHECK(s.calls[1].told.idp_info->issuer == "https://issuer");
        // That call gave none: two steps once more.
        s.given.push_back(token("good"));
        CHECK(!s.reauthenticate());
        CHECK(s.server.log.size() == 5);
        CHECK(s.server.log.back() == "continue good");
        CHECK(!s.calls[2].told.refresh_token);
    });
}

TEST_CASE("a refresh token that leads to a bad access token is forgotten, and two steps follow") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good", "refresh"), token("bad", "refresh 2"), token("good")});
        s.ask_person();
        CHECK(!s.log_in());
        CHECK(!s.reauthenticate());
        CHECK(s.server.log ==
              log{"principal ", "continue good", "jwt bad", "principal ", "continue good"});
        CHECK(s.calls.size() == 3);
        CHECK(!s.calls[2].told.refresh_token);
    });
}

TEST_CASE("a refresh token that came with a bad access token is forgotten, whatever follows") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good", "refresh"), token("bad", "refresh 2"), token(""), token("good")});
        s.ask_person();
        CHECK(!s.log_in());
        CHECK(s.reauthenticate() == errc::authentication_failed);
        REQUIRE(s.calls.size() == 3);
        CHECK(s.calls[1].told.refresh_token == "refresh");
        CHECK(!s.calls[2].told.refresh_token);
        CHECK(!s.log_in());
        REQUIRE(s.calls.size() == 4);
        CHECK(!s.calls[3].told.refresh_token);
        CHECK(s.server.log == log{"principal ", "continue good", "jwt bad", "principal ",
                                  "principal ", "continue good"});
    });
}

TEST_CASE("a person who gives bad tokens only is asked three times in all") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good", "refresh"), token("bad", "refresh")});
        s.ask_person();
        CHECK(!s.log_in());
        CHECK(s.reauthenticate().server_code() == 18);
        CHECK(s.calls.size() == 3);
    });
}

TEST_CASE("nobody is asked for a host that is not allowed, and no token goes there") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        oidc_options options;
        options.allowed_hosts.emplace();
        s.ask_person(options);
        CHECK(s.log_in() == errc::authentication_failed);
        options.allowed_hosts->push_back("example.com");
        s.ask_person(options);
        s.keep("good");
        CHECK(s.log_in("localhost") == errc::authentication_failed);
        CHECK(s.authenticator->speculate("localhost", s.used) == nullptr);
        CHECK(s.calls.empty());
        CHECK(s.server.log.empty());
        CHECK(s.authenticator->speculate("example.com", s.used) != nullptr);
        CHECK(!s.log_in("Example.com"));
        // A program's callback goes to every host.
        s.person = false;
        s.authenticator = s.make({});
        CHECK(!s.log_in("anywhere.example"));
    });
}

TEST_CASE("several connections ask a person once, though each has heard of the provider") {
    on_each_backend([](reactor& r) {
        scene s(r, {token("good")});
        s.ask_person();
        s.delay = 20ms;
        std::list<oidc_server> servers;
        std::list<auth::oidc_token> used(3);
        std::list<running<result<void>>> logins;
        for (auto& mine : used) {
            servers.emplace_back(r).provider = s.server.provider;
            logins.emplace_back(r, s.authenticator->log_in(servers.back(), "localhost", mine));
        }
        for (auto& login : logins) {
            CHECK(*login.wait());
        }
        CHECK(s.calls.size() == 1);
        for (const auto& server : servers) {
            CHECK(server.log == log{"principal ", "continue good"});
        }
    });
}
