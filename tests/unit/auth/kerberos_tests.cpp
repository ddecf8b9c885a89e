#include "client_support.hpp"
#include "kerberos_realm.hpp"
#include "op_msg_peer.hpp"
#include "skip.hpp"

#include <mongoro/sleep_for.hpp>
#include <mongoro/with_deadline.hpp>

#include <string>
#include <string_view>

using namespace mongoro;
using namespace mongoro::test;

// What libkrb5 asks its KDC for, and what it says to the server: the rest of GSSAPI is tested
// without it, in gssapi_tests.cpp.

namespace {

#define NEED_REALM()                                                 \
    if (const auto which = test_realm().missing(); !which.empty()) { \
        SKIP_CASE(which.c_str());                                    \
    }                                                                \
    REQUIRE(test_realm().broken() == "")

std::string uri_of(const op_msg_peer& peer, std::string_view user, std::string_view properties) {
    std::string uri = "mongodb://" + std::string(user) +
                      "@127.0.0.1:" + std::to_string(peer.port()) + "/?authMechanism=GSSAPI";
    if (!properties.empty()) {
        uri += "&authMechanismProperties=" + std::string(properties);
    }
    return uri;
}

struct attempt {
    error failure;
    std::string user;     ///< that the server was told
    std::string service;  ///< that the ticket was for
};

attempt log_in(reactor& r, std::string_view user, std::string_view properties = "",
               std::uint8_t layers = 1) {
    gssapi_server server(layers);
    op_msg_peer peer;
    server.serve(peer);
    attempt out;
    {
        const client c(r, uri_of(peer, user, properties));
        out.failure = error_of(r, c.ping());
    }
    out.user = server.user();
    out.service = server.service();
    return out;
}

constexpr std::string_view ada = "ada%40MONGORO.TEST";

/// The login failed, and each of the words is in what is said about it; the password is not.
void check_refused(const attempt& a, std::initializer_list<std::string_view> words) {
    CHECK(a.failure == errc::authentication_failed);
    CHECK(a.user == "");
    const auto said = a.failure.to_string();
    CAPTURE(said);
    for (const auto word : words) {
        CAPTURE(word);
        CHECK(said.find(word) != std::string::npos);
    }
    CHECK(said.find("pencil") == std::string::npos);
}

}  // namespace

TEST_CASE("a ticket of the credentials cache logs its user in") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        const auto a = log_in(r, ada);
        CHECK(a.failure.to_string() == error().to_string());
        CHECK(a.user == "ada@MONGORO.TEST");
        CHECK(a.service == "mongodb/127.0.0.1@MONGORO.TEST");
    });
}

TEST_CASE("a password gets the ticket that the cache has not") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        const auto a = log_in(r, "bob%40MONGORO.TEST:pencil");
        CHECK(a.failure.to_string() == error().to_string());
        CHECK(a.user == "bob@MONGORO.TEST");
        check_refused(log_in(r, "bob%40MONGORO.TEST:pencil2"), {"bob@MONGORO.TEST", "Kerberos"});
    });
}

TEST_CASE("a user without a ticket, one that nobody knows and one that has expired are refused") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        check_refused(log_in(r, "bob%40MONGORO.TEST"), {"bob@MONGORO.TEST", "redentials"});
        check_refused(log_in(r, "eve%40MONGORO.TEST:pencil"),
                      {"eve@MONGORO.TEST", "not found in Kerberos database"});
        check_refused(log_in(r, "old%40MONGORO.TEST:pencil"), {"old@MONGORO.TEST", "expired"});
    });
}

TEST_CASE("the properties name the service that the ticket is for") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        auto service = [&](std::string_view properties) {
            const auto a = log_in(r, ada, properties);
            CHECK(a.failure.to_string() == error().to_string());
            return a.service;
        };
        CHECK(service("SERVICE_NAME:other") == "other/127.0.0.1@MONGORO.TEST");
        CHECK(service("SERVICE_HOST:localhost") == "mongodb/localhost@MONGORO.TEST");
        CHECK(service("SERVICE_REALM:MONGORO.TEST") == "mongodb/127.0.0.1@MONGORO.TEST");
    });
}

TEST_CASE("a host's name is made canonical where that is asked for, and only there") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        for (const std::string canonicalize : {"forward", "forwardAndReverse", "true"}) {
            CAPTURE(canonicalize);
            for (const std::string realm : {"", ",SERVICE_REALM:MONGORO.TEST"}) {
                const auto a =
                    log_in(r, ada,
                           "SERVICE_HOST:LOCALHOST,CANONICALIZE_HOST_NAME:" + canonicalize + realm);
                CHECK(a.failure.to_string() == error().to_string());
                CHECK(a.service == "mongodb/localhost@MONGORO.TEST");
            }
        }
        for (const std::string canonicalize : {"none", "false"}) {
            CAPTURE(canonicalize);
            check_refused(
                log_in(r, ada, "SERVICE_HOST:LOCALHOST,CANONICALIZE_HOST_NAME:" + canonicalize),
                {"mongodb/LOCALHOST", "not found in Kerberos database"});
        }
    });
}

TEST_CASE("a service that the KDC does not know, one that has expired and a realm out of reach") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        check_refused(log_in(r, ada, "SERVICE_NAME:nothing"),
                      {"ada@MONGORO.TEST", "nothing/127.0.0.1", "not found in Kerberos database"});
        check_refused(log_in(r, ada, "SERVICE_NAME:old"), {"old/127.0.0.1", "expired"});
        check_refused(log_in(r, ada, "SERVICE_REALM:ELSEWHERE.TEST"),
                      {"mongodb/127.0.0.1@ELSEWHERE.TEST"});
    });
}

TEST_CASE("a security layer is declined where the server leaves the choice, and refused else") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        CHECK(log_in(r, ada, "", 7).user == "ada@MONGORO.TEST");
        check_refused(log_in(r, ada, "", 6), {"insists on a security layer"});
    });
}

TEST_CASE("a KDC that does not answer holds up neither the reactor nor the deadline of a login") {
    NEED_REALM();
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        const client c(r, uri_of(peer, "ada%40SILENT.TEST:pencil", ""));
        bool over = false;
        running ticking(r, [](const bool& until) -> task<int> {
            int ticks = 0;
            while (!until) {
                co_await sleep_for(1ms);
                ++ticks;
            }
            co_return ticks;
        }(over));
        running ping(r, with_deadline(c.ping(), 300ms));
        REQUIRE(poll_until(r, [&] { return ping.done(); }));
        over = true;
        CHECK(ping.failure() == errc::deadline_exceeded);
        CHECK(ticking.wait().value() > 20);
        CHECK(peer.received("saslStart").empty());
    });
}
