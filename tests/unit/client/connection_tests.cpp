#include "client_support.hpp"

#include <mongoro/connection.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

using namespace mongoro;
using namespace mongoro::test;

namespace {

host_address host_of(const op_msg_peer& peer) {
    return {peer.host(), peer.port()};
}

connection opened(reactor& r, const op_msg_peer& peer, const connection_options& options = {}) {
    return sync_wait(r, connection::open(r, host_of(peer), options));
}

}  // namespace

TEST_CASE("a connection says hello, runs commands, and closes its socket when it is destroyed") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        {
            auto c = opened(r, peer, {.app_name = "a tool"});
            CHECK(c.is_open());
            CHECK(c.host() == host_of(peer));
            peer.expect("buildInfo", reply_script().reply(doc({"version", "8.0"}, {"ok", 1.0})));
            const auto info = sync_wait(r, c.command("admin", {{"buildInfo", 1}}));
            CHECK(info["version"].get<std::string>() == "8.0");
            CHECK(json(peer.received("buildInfo").back().body) ==
                  json(document{{"buildInfo", 1}, {"$db", "admin"}}));
            auto moved = std::move(c);
            CHECK(!c.is_open());  // NOLINT(bugprone-use-after-move): that is what it says
            CHECK(sync_wait(r, moved.command("admin", {{"ping", 1}}))["ok"].get<double>() == 1.0);
        }
        CHECK(peer.wait_for_closed(1));
        CHECK(peer.connections() == 1);
        const document hello = peer.received().front().body;
        CHECK(hello["client"]["application"]["name"].get<std::string>() == "a tool");
    });
}

TEST_CASE("a default connection is closed, and says so") {
    on_each_backend([](reactor& r) {
        connection none;
        CHECK(!none.is_open());
        CHECK(error_of(r, none.command("db", {{"ping", 1}})) == errc::connection_closed);
    });
}

TEST_CASE(
    "opening fails as a client's operation does: refused, timed out, not this server, bad option") {
    on_each_backend([](reactor& r) {
        const auto refused = uri::parse(listener::refused_uri()).value().host();
        auto e = error_of(r, connection::open(r, refused));
        CHECK(e == errc::connect_failed);
        CHECK(e.to_string().find(refused.to_string()) != std::string::npos);

        const byte_peer silent(byte_script().hang());
        e = error_of(
            r, connection::open(r, {silent.host(), silent.port()}, {.connect_timeout = 100ms}));
        CHECK(e == errc::connect_timed_out);

        op_msg_peer peer;
        peer.expect("hello", reply_script().reply(op_msg_peer::error_document(18, "No", "no")));
        CHECK(error_of(r, connection::open(r, host_of(peer))) == errc::handshake_failed);
        CHECK(error_of(r, connection::open(r, host_of(peer), {.connect_timeout = -1ms})) ==
              errc::invalid_argument);
        CHECK(error_of(r, with_deadline(connection::open(r, {silent.host(), silent.port()}),
                                        50ms)) == errc::deadline_exceeded);
        CHECK(!error_of(r, connection::open(r, host_of(peer))));
    });
}

TEST_CASE("a server's error, and an argument that cannot be sent, leave the connection open") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto c = opened(r, peer);
        peer.expect("nonsense",
                    reply_script().reply(op_msg_peer::error_document(59, "CommandNotFound", "?")));
        CHECK(error_of(r, c.command("db", {{"nonsense", 1}})).server_code() == 59);
        CHECK(error_of(r, c.command("db", {})) == errc::invalid_argument);
        CHECK(error_of(r, c.command("", {{"ping", 1}})) == errc::invalid_namespace);
        CHECK(error_of(r, c.command("db", doc({"ping", 1}, {"x", document_of_size(17 << 20)}))) ==
              errc::document_too_large);
        CHECK(c.is_open());
        CHECK(!error_of(r, c.command("db", {{"ping", 1}})));
        CHECK(peer.connections() == 1);
    });
}

TEST_CASE("a connection that breaks is closed for good") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto c = opened(r, peer);
        peer.expect("ping", reply_script().raw(message_bytes(64, 0xff)));
        const auto e = error_of(r, c.command("db", {{"ping", 1}}));
        CHECK(e == errc::malformed_message);
        CHECK(e.to_string().find(host_of(peer).to_string()) != std::string::npos);
        CHECK(!c.is_open());
        CHECK(error_of(r, c.command("db", {{"ping", 1}})) == errc::connection_closed);
    });
}

TEST_CASE("a command that is given up is read to its end before the next one goes out") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto c = opened(r, peer, {.drain_timeout = 60s});
        peer.expect("slow", reply_script().wait(100ms).reply(doc({"late", 1}, {"ok", 1.0})));
        CHECK(error_of(r, with_deadline(c.command("db", {{"slow", 1}}), 20ms)) ==
              errc::deadline_exceeded);
        CHECK(c.is_open());
        const auto next = sync_wait(r, c.command("db", {{"ping", 1}}));
        CHECK(!next["late"].exists());
        CHECK(peer.connections() == 1);
    });
}

TEST_CASE(
    "a command that is given up and not answered in time closes the connection under the next") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto c = opened(r, peer, {.drain_timeout = 60ms});
        peer.expect("slow", reply_script().hang());
        CHECK(error_of(r, with_deadline(c.command("db", {{"slow", 1}}), 20ms)) ==
              errc::deadline_exceeded);
        CHECK(error_of(r, c.command("db", {{"ping", 1}})) == errc::connection_closed);
        CHECK(!c.is_open());
    });
}

TEST_CASE("two commands at once: the second is invalid_argument, the first goes on") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        auto c = opened(r, peer);
        peer.expect("slow", reply_script().wait(60ms).reply(op_msg_peer::ok_document()));
        running first(r, c.command("db", {{"slow", 1}}));
        REQUIRE(poll_until(r, [&] { return peer.received("slow").size() == 1; }));
        CHECK(error_of(r, c.command("db", {{"ping", 1}})) == errc::invalid_argument);
        CHECK(first.wait());
    });
}

TEST_CASE(
    "a connection that is destroyed under a command lets it end, and one behind its reactor "
    "closes") {
    on_each_backend_owned([](std::unique_ptr<reactor> r) {
        op_msg_peer peer;
        std::optional<connection> c(opened(*r, peer));
        peer.expect("slow", reply_script().wait(60ms).reply(op_msg_peer::ok_document()));
        {
            running slow(*r, c->command("db", {{"slow", 1}}));
            REQUIRE(poll_until(*r, [&] { return peer.received("slow").size() == 1; }));
            c.reset();
            CHECK(slow.wait());
        }
        c.emplace(opened(*r, peer));
        r.reset();
        CHECK(peer.wait_for_closed(1));
    });
}
