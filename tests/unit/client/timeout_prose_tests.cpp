#include "client_support.hpp"
#include "scram_server.hpp"

#include <mongoro/event_listener.hpp>

#include <memory>

// client-side-operations-timeout, tests/README.md, against a server that is as slow as its script
// says. Prose test 1 is in timeout_tests.cpp. Test 5 is for drivers with a blocking call of a
// cursor, which this library has not; 3, 6, 7 and 9 to 11 are of client-side encryption, GridFS,
// sessions and bulkWrite. Times are longer than there: a machine may be busy.

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// A server that wants a login of `user` with the password `pencil`.
struct login_scene {
    login_scene() { answer_after(0ms, 0ms); }

    /// How long it takes for each command of a handshake from now on, the monitor's hello too.
    void answer_after(std::chrono::milliseconds hello, std::chrono::milliseconds step) {
        peer.always("hello", reply_script().wait(hello).answer([this](const received_command& c) {
            auto said = op_msg_peer::hello_document();
            document_view first;
            if (c.body["speculativeAuthenticate"].read(first) == errc{}) {
                said.append("speculativeAuthenticate", users.start(first, c.connection));
            }
            return said;
        }));
        peer.always("saslContinue",
                    reply_script().wait(step).answer([this](const received_command& c) {
                        auto said = users.go_on(c.body, c.connection);
                        said.append("ok", 1.0);
                        return said;
                    }));
    }
    [[nodiscard]] std::string uri(const std::string& options) const {
        return "mongodb://user:pencil@" + peer.host() + ":" + std::to_string(peer.port()) + "/?" +
               options;
    }

    scram_server users{auth_mechanism::scram_sha_256, "user", "pencil"};
    op_msg_peer peer;
};

class openings final : public pool_listener {
 public:
    void on(const connection_created_event&) noexcept override { ++created; }
    void on(const connection_ready_event&) noexcept override { ++ready; }
    void on(const connection_closed_event&) noexcept override { ++closed; }
    using pool_listener::on;

    int created = 0;
    int ready = 0;
    int closed = 0;
};

/// The error of a ping by a client of its own.
error ping(reactor& r, const std::string& uri) {
    const client c(r, uri);
    return error_of(r, c.ping());
}

void check_hanging_login_ends(const std::string& options) {
    on_each_backend([&](reactor& r) {
        login_scene s;
        s.peer.always("saslContinue", reply_script().hang());
        const client c(r, s.uri(options));
        CHECK(error_of(r, c["db"]["coll"].insert_one({{"x", 1}})) == errc::deadline_exceeded);
        CHECK(s.peer.received("saslContinue").size() == 1);
        CHECK(s.peer.received("insert").empty());
    });
}

bool has_cause(const error& e, errc code) {
    for (const auto* one = &e; one != nullptr; one = one->cause()) {
        if (*one == code) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("prose test 2: maxTimeMS is not set for commands sent to mongocryptd") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto cryptd = op_msg_peer::hello_document();
        cryptd.append("iscryptd", true);
        peer.always("hello", reply_script().reply(cryptd));
        const client c(r, peer.uri() + "?timeoutMS=60000");
        CHECK(!error_of(r, c["admin"].run_command({{"ping", 1}})));
        const auto sent = peer.received("ping");
        REQUIRE(sent.size() == 1);
        CHECK(!sent[0].body["maxTimeMS"].exists());
    });
}

TEST_CASE("prose test 4: timeoutMS used for handshake commands") {
    on_each_backend([](reactor& r) {
        for (const std::string more : {"", "&connectTimeoutMS=0"}) {
            CAPTURE(more);
            login_scene s;
            s.peer.always("saslContinue", reply_script().hang());
            const auto seen = std::make_shared<openings>();
            const client c(r, s.uri("minPoolSize=1&timeoutMS=50" + more), {.pool_listener = seen});
            REQUIRE(poll_until(r, [&] {
                return seen->closed == 1 && s.peer.received("saslContinue").size() == 1;
            }));
            CHECK(seen->created == 1);
            CHECK(seen->ready == 0);
        }
    });
}

TEST_CASE("prose test 4: timeoutMS is refreshed for each handshake command") {
    on_each_backend([](reactor& r) {
        login_scene s;
        s.answer_after(400ms, 400ms);
        const auto seen = std::make_shared<openings>();
        const client c(r, s.uri("minPoolSize=1&timeoutMS=700"), {.pool_listener = seen});
        REQUIRE(poll_until(r, [&] { return seen->ready + seen->closed == 1; }));
        CHECK(seen->created == 1);
        CHECK(seen->ready == 1);
        CHECK(s.users.logins() == 1);
    });
}

TEST_CASE("a hello that hangs where connectTimeoutMS is 0 ends by the client's timeoutMS") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const auto seen = std::make_shared<openings>();
        peer.expect("hello", reply_script().reply(op_msg_peer::hello_document()));
        peer.expect("hello", reply_script().hang());
        const client c(r, peer.uri() + "?connectTimeoutMS=0&timeoutMS=700",
                       {.pool_listener = seen});
        CHECK(error_of(r, c["db"].run_command({{"ping", 1}}, {.timeout = 20ms})) ==
              errc::deadline_exceeded);
        // Nobody waits for it any more, and it does not stay for ever.
        REQUIRE(poll_until(r, [&] { return seen->closed == 1; }));
        CHECK(seen->ready == 0);
        CHECK(!error_of(r, c.ping()));
    });
}

TEST_CASE("without a timeoutMS a hello and a login's steps are bounded by socketTimeoutMS") {
    on_each_backend([](reactor& r) {
        for (const std::string connecting : {"600000", "0"}) {
            CAPTURE(connecting);
            for (const std::string command : {"hello", "saslContinue"}) {
                CAPTURE(command);
                login_scene s;
                if (command == "hello") {
                    // The monitor's own.
                    s.peer.expect("hello", reply_script().reply(op_msg_peer::hello_document()));
                    s.peer.expect("hello", reply_script().hang());
                } else {
                    s.peer.expect("saslContinue", reply_script().hang());
                }
                const auto seen = std::make_shared<openings>();
                const client c(
                    r, s.uri("socketTimeoutMS=60&minPoolSize=1&connectTimeoutMS=" + connecting),
                    {.pool_listener = seen});
                REQUIRE(poll_until(r, [&] { return seen->closed == 1; }));
                CHECK(seen->ready == 0);
            }
        }
    });
}

TEST_CASE("a connection that an operation waits for may take longer than the client's timeoutMS") {
    on_each_backend([](reactor& r) {
        login_scene s;
        s.answer_after(0ms, 300ms);
        const client c(r, s.uri("timeoutMS=50"));
        CHECK(!error_of(r, c["db"].with_timeout(60s).run_command({{"ping", 1}})));
        CHECK(c.statistics().connections_created == 1);
    });
}

TEST_CASE("prose test 8: serverSelectionTimeoutMS honored if timeoutMS is not set") {
    on_each_backend([](reactor& r) {
        CHECK(ping(r, "mongodb://invalid/?serverSelectionTimeoutMS=10") ==
              errc::server_selection_timeout);
    });
}

TEST_CASE(
    "prose test 8: timeoutMS honored for server selection if it's lower than "
    "serverSelectionTimeoutMS") {
    on_each_backend([](reactor& r) {
        const auto e = ping(r, "mongodb://invalid/?timeoutMS=10&serverSelectionTimeoutMS=60000");
        CHECK(e == errc::deadline_exceeded);
        CHECK(has_cause(e, errc::server_selection_timeout));
    });
}

TEST_CASE(
    "prose test 8: serverSelectionTimeoutMS honored for server selection if it's lower than "
    "timeoutMS") {
    on_each_backend([](reactor& r) {
        const auto e = ping(r, "mongodb://invalid/?timeoutMS=60000&serverSelectionTimeoutMS=10");
        CHECK(e == errc::deadline_exceeded);
        CHECK(has_cause(e, errc::server_selection_timeout));
    });
}

TEST_CASE("prose test 8: serverSelectionTimeoutMS honored for server selection if timeoutMS=0") {
    on_each_backend([](reactor& r) {
        const auto e = ping(r, "mongodb://invalid/?timeoutMS=0&serverSelectionTimeoutMS=10");
        CHECK(has_cause(e, errc::server_selection_timeout));
    });
}

TEST_CASE(
    "prose test 8: timeoutMS honored for connection handshake commands if it's lower than "
    "serverSelectionTimeoutMS") {
    check_hanging_login_ends("timeoutMS=1000&serverSelectionTimeoutMS=60000");
}

TEST_CASE(
    "prose test 8: serverSelectionTimeoutMS honored for connection handshake commands if it's "
    "lower than timeoutMS") {
    check_hanging_login_ends("timeoutMS=60000&serverSelectionTimeoutMS=1000");
}
