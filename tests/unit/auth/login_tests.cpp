#include "auth/authenticator.hpp"
#include "client_support.hpp"
#include "dns_server.hpp"
#include "pool/authenticate.hpp"
#include "pool/open_connection.hpp"
#include "scram_server.hpp"

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/json.hpp>

#include <mongoro/connection.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr auto sha_1 = auth_mechanism::scram_sha_1;
constexpr auto sha_256 = auth_mechanism::scram_sha_256;
const std::vector<std::string> both{"SCRAM-SHA-1", "SCRAM-SHA-256"};

std::string uri_of(const op_msg_peer& peer, std::string_view user, std::string_view rest = "") {
    return "mongodb://" + std::string(user) + "@" + peer.host() + ":" +
           std::to_string(peer.port()) + "/" + std::string(rest);
}

/// The error of a ping by a client of its own.
error ping(reactor& r, const std::string& uri) {
    const client c(r, uri);
    return error_of(r, c.ping());
}

/// What the client's first connection for operations began with. The monitor, whose connection is
/// the first of all, never logs in.
document login_hello(const op_msg_peer& peer) {
    for (const auto& command : peer.received()) {
        CHECK((command.connection != 0 || !command.body["speculativeAuthenticate"].exists()));
        if (command.connection == 1) {
            return command.body;
        }
    }
    FAIL("there was no second connection");
    return {};
}

std::size_t sent(const op_msg_peer& peer, std::string_view name) {
    return peer.received(name).size();
}

error authentication_failure(const error& e) {
    CHECK(e == errc::authentication_failed);
    CHECK(e.to_string().find("pencil") == std::string::npos);
    return e;
}

}  // namespace

TEST_CASE("a login without a mechanism asks for the user's, and begins with the hello") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_256, "user", "pencil");
        op_msg_peer peer;
        users.serve(peer, true, both);
        CHECK(!ping(r, uri_of(peer, "user:pencil", "db")));
        const auto hello = login_hello(peer);
        CHECK(hello["saslSupportedMechs"].get<std::string_view>() == "db.user");
        const auto first = hello["speculativeAuthenticate"];
        CHECK(first["saslStart"].get<int>() == 1);
        CHECK(first["mechanism"].get<std::string_view>() == "SCRAM-SHA-256");
        CHECK(first["db"].get<std::string_view>() == "db");
        CHECK(first["$db"].exists() == false);
        CHECK(hello["backpressure"].get<std::string_view>() == "2");
        CHECK(sent(peer, "saslStart") == 0);
        CHECK(sent(peer, "saslContinue") == 1);
        CHECK(peer.received("saslContinue")[0].database() == "db");
        CHECK(users.logins() == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a client logs in as its options say, whoever the connection string names") {
    on_each_backend([](reactor& r) {
        for (const std::string somebody : {"", "else:wrong@"}) {
            scram_server users(sha_256, "user", "pencil");
            op_msg_peer peer;
            users.serve(peer, true, both);
            credential who;
            who.username = "user";
            who.password = "pencil";
            who.source = "db";
            const client c(
                r, "mongodb://" + somebody + peer.host() + ":" + std::to_string(peer.port()) + "/",
                {.login = &who});
            who.password = "nothing";  // it was copied
            CHECK(!error_of(r, c.ping()));
            CHECK(login_hello(peer)["saslSupportedMechs"].get<std::string_view>() == "db.user");
            CHECK(users.logins() == 1);
        }
        // DNS has no say in it either.
        scram_server users(sha_256, "user", "pencil");
        op_msg_peer peer;
        users.serve(peer, true, both);
        dns_server names;
        names.srv("_mongodb._tcp.c.example.test", peer.port(), "a.example.test")
            .a("a.example.test", peer.host())
            .txt("c.example.test", {"authSource=users"});
        credential who;
        who.username = "user";
        who.password = "pencil";
        who.source = "db";
        const client c(r, "mongodb+srv://c.example.test/?tls=false",
                       {.dns_servers = names.address(), .login = &who});
        CHECK(!error_of(r, c.ping()));
        CHECK(login_hello(peer)["saslSupportedMechs"].get<std::string_view>() == "db.user");

        credential nobody;
        nobody.source = "admin";
        nobody.mechanism = auth_mechanism::plain;
        CHECK(client::create(r, "mongodb://h", {.login = &nobody}).error() ==
              errc::invalid_argument);
    });
}

TEST_CASE("handshake prose 2: a mechanism that nobody knows, among the user's, is no error") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_256, "user", "pencil");
        op_msg_peer peer;
        users.serve(peer, true, {"arbitrary", "SCRAM-SHA-256"});
        CHECK(!ping(r, uri_of(peer, "user:pencil", "db")));
        CHECK(users.logins() == 1);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("a server that does not speculate is logged in to behind the hello") {
    on_each_backend([](reactor& r) {
        for (const auto mechanism : {sha_1, sha_256}) {
            for (const bool ends_early : {true, false}) {
                scram_server users(mechanism, "user", "pencil", {.ends_early = ends_early});
                op_msg_peer peer;
                users.serve(peer, false, {std::string(to_string(mechanism))});
                CHECK(!ping(r, uri_of(peer, "user:pencil")));
                CHECK(users.logins() == 1);
                CHECK(sent(peer, "saslStart") == 1);
                CHECK(sent(peer, "saslContinue") == (ends_early ? 1 : 2));
                CHECK(peer.received("saslStart")[0].database() == "admin");
            }
        }
    });
}

TEST_CASE("without an offer SCRAM-SHA-1 it is, unless the server has answered the other one") {
    on_each_backend([](reactor& r) {
        scram_server old(sha_1, "user", "pencil");
        op_msg_peer peer;
        old.serve(peer, false, {});
        CHECK(!ping(r, uri_of(peer, "user:pencil")));
        CHECK(old.logins() == 1);

        scram_server unusual(sha_256, "user", "pencil");
        op_msg_peer other;
        unusual.serve(other, true, {});
        CHECK(!ping(r, uri_of(other, "user:pencil")));
        CHECK(unusual.logins() == 1);
        CHECK(sent(other, "saslStart") == 0);
    });
}

TEST_CASE("a speculative answer by a mechanism that the user does not have is not gone on with") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_1, "user", "pencil");
        scram_server pretends(sha_256, "user", "something else");
        op_msg_peer peer;
        pretends.serve(peer, true, {"SCRAM-SHA-1", "X-UNKNOWN"});
        peer.always("saslStart", reply_script().answer([&](const received_command& c) {
            return users.start(c.body, c.connection).append("ok", 1.0);
        }));
        peer.always("saslContinue", reply_script().answer([&](const received_command& c) {
            return users.go_on(c.body, c.connection).append("ok", 1.0);
        }));
        CHECK(!ping(r, uri_of(peer, "user:pencil")));
        CHECK(users.logins() == 1);
        CHECK(pretends.logins() == 0);
    });
}

TEST_CASE("a mechanism that is given is used, and nothing is asked for") {
    on_each_backend([](reactor& r) {
        for (const auto mechanism : {sha_1, sha_256}) {
            scram_server users(mechanism, "user", "pencil");
            op_msg_peer peer;
            users.serve(peer, true, both);
            const std::string name(to_string(mechanism));
            CHECK(!ping(r, uri_of(peer, "user:pencil", "?authMechanism=" + name)));
            const auto hello = login_hello(peer);
            CHECK_FALSE(hello["saslSupportedMechs"].exists());
            CHECK(hello["speculativeAuthenticate"]["mechanism"].get<std::string_view>() == name);
            CHECK(users.logins() == 1);
            CHECK(sent(peer, "saslStart") == 0);

            const std::string other = mechanism == sha_1 ? "SCRAM-SHA-256" : "SCRAM-SHA-1";
            authentication_failure(ping(r, uri_of(peer, "user:pencil", "?authMechanism=" + other)));
        }
    });
}

TEST_CASE("each connection of a client logs in as it is opened") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_256, "user", "pencil");
        op_msg_peer peer;
        users.serve(peer, true, both);
        const client c(r, uri_of(peer, "user:pencil"));
        CHECK(!error_of(r, c.ping()));
        peer.expect("ping", reply_script().close());
        CHECK(error_of(r, c.ping()) == errc::connection_closed);
        CHECK(!error_of(r, c.ping()));
        CHECK(users.logins() == 2);
    });
}

TEST_CASE("a refused login names user, mechanism and host, and keeps what the server said") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_256, "user", "right");
        op_msg_peer peer;
        users.serve(peer, true, both);
        const auto e = authentication_failure(ping(r, uri_of(peer, "user:pencil")));
        CHECK(e.server_code() == 18);
        CHECK(e.server_code_name() == "AuthenticationFailed");
        CHECK(e.server_message() == "Authentication failed.");
        CHECK(!e.raw_reply().empty());
        CHECK(e.message() == "user user (SCRAM-SHA-256) on admin at " + peer.host() + ":" +
                                 std::to_string(peer.port()));
        // Nobody of that name: the same kind of error.
        op_msg_peer empty;
        users.serve(empty, true, {});
        CHECK(authentication_failure(ping(r, uri_of(empty, "nobody:pencil"))).server_code() == 18);
        CHECK(peer.wait_for_closed(1));
    });
}

TEST_CASE("a server that cannot prove itself is not talked to") {
    on_each_backend([](reactor& r) {
        for (const bool speculates : {true, false}) {
            scram_server false_one(sha_256, "user", "pencil", {.wrong_signature = true});
            op_msg_peer peer;
            false_one.serve(peer, speculates, both);
            const auto e = authentication_failure(ping(r, uri_of(peer, "user:pencil")));
            REQUIRE(e.cause() != nullptr);
            CHECK(e.cause()->message() == "the server could not prove that it knows the user");
            CHECK(sent(peer, "ping") == 0);
        }
        scram_server weak(sha_256, "user", "pencil", {.iterations = 4095});
        op_msg_peer peer;
        weak.serve(peer, true, both);
        authentication_failure(ping(r, uri_of(peer, "user:pencil")));
        CHECK(sent(peer, "saslContinue") == 0);
    });
}

TEST_CASE("a login that the network ends is a network error, one that hangs is timed out") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_256, "user", "pencil");
        op_msg_peer peer;
        users.serve(peer, true, both);
        peer.always("saslContinue", reply_script().close());
        CHECK(ping(r, uri_of(peer, "user:pencil")) == errc::connection_closed);
        peer.always("saslContinue", reply_script().hang());
        CHECK(ping(r, uri_of(peer, "user:pencil", "?connectTimeoutMS=100")) ==
              errc::connect_timed_out);
        peer.always("saslContinue", reply_script().reply(op_msg_peer::ok_document()));
        authentication_failure(ping(r, uri_of(peer, "user:pencil")));
    });
}

TEST_CASE("a hello that is refused ends the login, one of an arbiter leaves it out") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().answer([](const received_command& command) {
            return command.body["speculativeAuthenticate"].exists()
                       ? op_msg_peer::error_document(18, "No", "no")
                       : op_msg_peer::hello_document();
        }));
        CHECK(ping(r, uri_of(peer, "user:pencil")) == errc::handshake_failed);
        CHECK(peer.connections() == 1 + 1);  // the first is the monitor's
        auto arbiter = op_msg_peer::hello_document();
        document hello;
        for (const auto& [key, value] : arbiter) {
            if (key != "ismaster" && key != "isWritablePrimary") {
                hello.append(key, value);
            }
        }
        hello.append("setName", "rs").append("arbiterOnly", true);
        peer.always("hello", reply_script().reply(hello));
        CHECK(!ping(r, uri_of(peer, "user:pencil", "?directConnection=true")));
        CHECK(sent(peer, "saslStart") == 0);
    });
}

TEST_CASE("without a credential nothing of a login is sent") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().answer([](const received_command&) {
            auto hello = op_msg_peer::hello_document();
            hello.append("saslSupportedMechs", bson::array().append("X-UNKNOWN"))
                .append("speculativeAuthenticate", doc({"done", true}));
            return hello;
        }));
        CHECK(!ping(r, peer.uri()));
        CHECK(!ping(r, "mongodb://" + peer.host() + ":" + std::to_string(peer.port()) +
                           "/db?authSource=users"));
        const auto hello = login_hello(peer);
        CHECK_FALSE(hello["saslSupportedMechs"].exists());
        CHECK_FALSE(hello["speculativeAuthenticate"].exists());
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("PLAIN is one command behind the hello") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const document done{{"conversationId", 1},
                            {"done", true},
                            {"payload", bson::binary(bson::binary_subtype::generic, {})},
                            {"ok", 1.0}};
        peer.expect("saslStart", reply_script().reply(done));
        CHECK(!ping(r, uri_of(peer, "user:pencil", "?authMechanism=PLAIN")));
        CHECK_FALSE(login_hello(peer)["speculativeAuthenticate"].exists());
        const auto start = peer.received("saslStart")[0];
        CHECK(start.database() == "$external");
        const auto payload = start.body["payload"].get<bson::binary_view>().bytes;
        CHECK(std::string(payload.begin(), payload.end()) == std::string("\0user\0pencil", 12));
        CHECK(peer.problems() == "");
        peer.expect("saslStart", reply_script().reply(op_msg_peer::error_document(18, "No", "no")));
        authentication_failure(ping(r, uri_of(peer, "user:pencil", "?authMechanism=PLAIN")));
    });
}

TEST_CASE("what a server says to a login is in the error, and in no record of the log") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        // A server that repeats what it was sent.
        peer.always("saslStart", reply_script().reply(op_msg_peer::error_document(
                                     18, "AuthenticationFailed", "no such password: pencil")));
        std::string log;
        client_options options;
        options.log.callback = [&](const log_record& record) {
            log += record.to_string() + '\n' + bson::to_json(record.data) + '\n';
        };
        options.log.all = log_level::trace;
        {
            const client c(r, uri_of(peer, "user:pencil", "?authMechanism=PLAIN"), options);
            const auto e = authentication_failure(error_of(r, c.ping()));
            CHECK(e.server_message() == "no such password: pencil");
        }
        CHECK(log.find("Connection closed") != std::string::npos);
        CHECK(log.find("Connection checkout failed") != std::string::npos);
        CHECK(log.find("(server error 18, AuthenticationFailed)") != std::string::npos);
        CHECK(log.find("pencil") == std::string::npos);
        INFO(log);
        CHECK(peer.problems() == "");
    });
}

TEST_CASE("MONGODB-X509 rides on the hello, or comes behind it") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const std::string uri = "mongodb://" + peer.host() + ":" + std::to_string(peer.port()) +
                                "/?authMechanism=MONGODB-X509";
        auto hello = op_msg_peer::hello_document();
        hello.append("speculativeAuthenticate", doc({"dbname", "$external"}, {"user", "CN=x"}));
        peer.expect("hello", reply_script().reply(hello), [](const received_command& command) {
            return command.body["speculativeAuthenticate"].exists();
        });
        CHECK(!ping(r, uri));
        CHECK(document(login_hello(peer)["speculativeAuthenticate"].get<document_view>()) ==
              document{{"authenticate", 1}, {"mechanism", "MONGODB-X509"}});
        CHECK(sent(peer, "authenticate") == 0);

        peer.expect("authenticate", reply_script().reply(doc({"user", "CN=x"}, {"ok", 1.0})));
        CHECK(!ping(r, uri));
        CHECK(peer.received("authenticate")[0].database() == "$external");
        CHECK(peer.problems() == "");
        peer.expect("authenticate",
                    reply_script().reply(op_msg_peer::error_document(11, "UserNotFound", "?")));
        const auto e = authentication_failure(ping(r, uri));
        CHECK(e.server_code() == 11);
        CHECK(e.message().starts_with("the client (MONGODB-X509) on $external at "));
    });
}

TEST_CASE("a credential that its mechanism cannot use makes no client") {
    on_each_backend([](reactor& r) {
        for (const std::string_view uri :
             {"mongodb://user@h", "mongodb://user@h/?authMechanism=PLAIN",
              "mongodb://user@h/?authMechanism=SCRAM-SHA-1",
              "mongodb://a:b@h/?authMechanism=MONGODB-AWS"}) {
            const auto made = client::create(r, uri);
            REQUIRE_FALSE(made);
            CHECK(made.error() == errc::invalid_argument);
        }
        CHECK(client::create(r, "mongodb://h/?authMechanism=MONGODB-AWS"));
        const auto by_kerberos = client::create(r, "mongodb://a:b@h/?authMechanism=GSSAPI");
        CHECK((by_kerberos || by_kerberos.error() == errc::not_supported));
        // A password that SASLprep refuses is only looked at where SCRAM-SHA-256 is used.
        scram_server old(sha_1, "user", "\x07");
        op_msg_peer peer;
        old.serve(peer, true, {"SCRAM-SHA-1"});
        CHECK(!ping(r, uri_of(peer, "user:%07")));
        CHECK(old.logins() == 1);
        authentication_failure(ping(r, uri_of(peer, "user:%07", "?authMechanism=SCRAM-SHA-256")));
    });
}

TEST_CASE("a connection of one's own logs in as well") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_256, "user", "pencil");
        op_msg_peer peer;
        users.serve(peer, true, both);
        credential who{.username = "user", .password = "pencil", .source = "admin"};
        const host_address host{peer.host(), peer.port()};
        {
            auto c = sync_wait(r, connection::open(r, host, {.login = &who}));
            CHECK(sync_wait(r, c.command("admin", {{"ping", 1}}))["ok"].get<double>() == 1.0);
            CHECK(users.logins() == 1);
        }
        who.password = "wrong";
        CHECK(error_of(r, connection::open(r, host, {.login = &who})) ==
              errc::authentication_failed);
        who.password.reset();
        CHECK(error_of(r, connection::open(r, host, {.login = &who})) == errc::invalid_argument);
    });
}

TEST_CASE("a connection that monitors never logs in; a load balancer gets the newer hello") {
    on_each_backend([](reactor& r) {
        scram_server users(sha_256, "user", "pencil");
        op_msg_peer peer;
        users.serve(peer, true, both);
        pool::connection_settings settings;
        settings.host = {peer.host(), peer.port()};
        settings.authenticator = std::make_shared<auth::authenticator>(
            credential{.username = "user", .password = "pencil", .source = "admin"});
        settings.kind = pool::connection_kind::monitor;
        CHECK(sync_wait(r, pool::open_connection(r.core(), settings)));
        auto hello = peer.received().back();
        CHECK(hello.name == "isMaster");
        CHECK_FALSE(hello.body["saslSupportedMechs"].exists());
        CHECK_FALSE(hello.body["speculativeAuthenticate"].exists());
        CHECK(hello.body["backpressure"].get<std::string_view>() == "2");
        CHECK(users.logins() == 0);

        settings.kind = pool::connection_kind::application;
        settings.load_balanced = true;
        const auto opened = sync_wait(r, pool::open_connection(r.core(), settings));
        REQUIRE(opened);
        CHECK(users.logins() == 1);
        hello = peer.received("hello").back();
        CHECK(hello.name == "hello");
        CHECK(hello.body["loadBalanced"].get<bool>());
        CHECK_FALSE(hello.body["helloOk"].exists());
        CHECK(hello.body["speculativeAuthenticate"].exists());
        CHECK(hello.database() == "admin");

        // Once more on the same connection, without a hello.
        CHECK(sync_wait(r, pool::reauthenticate(**opened, settings, sha_256)));
        CHECK(users.logins() == 2);
        CHECK(settings.authenticator->scram().derived() == 1);
        CHECK(peer.received("hello").size() == 1);
    });
}
