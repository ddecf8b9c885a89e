#include "plain_client.hpp"

#include "byte_peer.hpp"
#include "op_msg_peer.hpp"
#include "real_server.hpp"

#include "wire/message.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using mongoro::errc;
namespace test = mongoro::test;
namespace wire = mongoro::wire;
namespace bson = mongoro::bson;
using test::bytes;
using test::plain_client;
using test::request;

namespace {

bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

bson::document number(int n) {
    bson::document out;
    out.append("n", n).append("ok", 1.0);
    return out;
}

}  // namespace

TEST_CASE("a byte peer follows its script, and reports what it received") {
    for (const auto where :
         {test::listen_at::ipv4, test::listen_at::ipv6, test::listen_at::unix_socket}) {
        test::byte_peer peer(test::byte_script().read(3).write("hello").read(1), where);
        plain_client client(peer);
        if (where == test::listen_at::ipv6 && !client.connected()) {
            continue;  // a machine without IPv6
        }
        REQUIRE(client.connected());
        client.send(bytes_of("abc"));
        CHECK(client.receive(5) == bytes_of("hello"));
        CHECK_FALSE(peer.finished(0));
        client.send(bytes_of("d"));
        CHECK(peer.wait_for_ended(1));
        CHECK(peer.finished(0));
        CHECK(peer.received(0) == bytes_of("abcd"));
        CHECK(client.receive(1).empty());
        CHECK(peer.connections() == 1);
    }
}

TEST_CASE("each connection gets its own script, those after the last get the last") {
    test::byte_peer peer({test::byte_script().write("1"), test::byte_script().write("2")});
    for (const char* expected : {"1", "2", "2"}) {
        plain_client client(peer);
        CHECK(client.receive(10) == bytes_of(expected));
    }
}

TEST_CASE("a byte peer resets where its script says so") {
    test::byte_peer peer(test::byte_script().read(1).reset());
    plain_client client(peer);
    client.send(bytes_of("x"));
    int failed = 0;
    CHECK(client.receive(1, &failed).empty());
    CHECK(failed == ECONNRESET);
}

TEST_CASE("a byte peer writes in pieces and half-closes") {
    test::byte_peer peer(test::byte_script()
                             .write_in_pieces(bytes_of("abcdefg"), 2, 1ms)
                             .half_close()
                             .read_to_end());
    plain_client client(peer);
    CHECK(client.receive(100) == bytes_of("abcdefg"));
    client.send(bytes_of("still read"));
}

TEST_CASE("a byte peer that hangs, or waits for bytes, ends when it is destroyed") {
    for (auto script : {test::byte_script().hang(), test::byte_script().read(100),
                        test::byte_script().read_message(), test::byte_script().wait(1h)}) {
        auto peer = std::make_unique<test::byte_peer>(script);
        plain_client client(*peer);
        REQUIRE(client.connected());
        peer.reset();
        int failed = 0;
        CHECK(client.receive(1, &failed).empty());
    }
}

TEST_CASE("a script that the other side cuts short is not finished") {
    test::byte_peer peer(test::byte_script().read(10));
    {
        plain_client client(peer);
        client.send(bytes_of("abc"));
    }
    CHECK(peer.wait_for_ended(1));
    CHECK_FALSE(peer.finished(0));
    CHECK(peer.received(0) == bytes_of("abc"));
}

TEST_CASE("nobody listens at the refused address") {
    const std::string uri = test::listener::refused_uri();
    const auto port = static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1)));
    CHECK_FALSE(plain_client("127.0.0.1", port).connected());
}

TEST_CASE("an OP_MSG peer answers hello by itself, in each of its spellings") {
    test::op_msg_peer peer;
    plain_client client(peer);
    std::int32_t id = 5;
    for (const auto* const name : {"isMaster", "ismaster", "hello"}) {
        client.send_command(id, name);
        const auto message = client.receive_message();
        const auto reply = wire::decode_reply(message, id++);
        REQUIRE(reply);
        CHECK(reply->body["maxWireVersion"].get<int>() == 27);
        CHECK(reply->body["helloOk"].get<bool>());
    }
    const auto received = peer.received();
    REQUIRE(received.size() == 3);
    CHECK(received[0].name == "isMaster");
    CHECK(received[0].database() == "admin");
    CHECK(peer.problems().empty());
}

TEST_CASE("expected commands are answered in their order, others are reported") {
    test::op_msg_peer peer;
    peer.expect("find", test::reply_script().reply(number(1)),
                [](const auto& command) { return command.database() == "admin"; });
    peer.expect("getMore", test::reply_script().reply(number(2)));
    plain_client client(peer);
    client.send_command(1, "find");
    auto message = client.receive_message();
    CHECK(wire::decode_reply(message, 1)->body["n"].get<int>() == 1);
    CHECK(peer.problems() == "never came: getMore; ");
    client.send_command(2, "ping");  // has a standing answer
    message = client.receive_message();
    CHECK(wire::decode_reply(message, 2)->body["ok"].get<int>() == 1);
    client.send_command(3, "getMore");
    message = client.receive_message();
    CHECK(wire::decode_reply(message, 3)->body["n"].get<int>() == 2);
    CHECK(peer.problems().empty());
    client.send_command(4, "drop");
    message = client.receive_message();
    CHECK(wire::decode_reply(message, 4)->body["ok"].get<int>() == 0);
    CHECK(peer.problems() == "unexpected drop; ");
}

TEST_CASE("a request that wants no reply gets none") {
    test::op_msg_peer peer;
    peer.expect("insert", test::reply_script().reply(number(1)));
    plain_client client(peer);
    client.send_command(1, "insert", wire::msg_flags::more_to_come);
    client.send_command(2, "ping");
    const auto message = client.receive_message();
    CHECK(wire::decode_reply(message, 2));
    CHECK(peer.received("insert").size() == 1);
}

TEST_CASE("an OP_MSG peer plays what a good server would not send") {
    test::op_msg_peer peer;
    peer.expect("a", test::reply_script().reply(number(1), {.response_to = 99}));
    peer.expect("b", test::reply_script().reply(number(2), {.checksum = true}));
    peer.expect("c",
                test::reply_script().reply(number(3), {.checksum = true, .wrong_checksum = true}));
    peer.expect("d", test::reply_script().more(number(4)).more(number(5)).reply(number(6)));
    peer.expect("e", test::reply_script().in_pieces(number(7), 1, 0ms));
    peer.expect("f", test::reply_script().raw(bytes_of("HTTP")));
    peer.expect("g", test::reply_script().cut(number(8), 20).close());
    plain_client client(peer);
    const auto ask = [&](std::int32_t id, std::string_view name) {
        client.send_command(id, name);
        return client.receive_message();
    };
    const auto code_of = [](const auto& decoded) {
        return static_cast<errc>(decoded.error().code().value());
    };
    auto message = ask(1, "a");
    CHECK(code_of(wire::decode_reply(message, 1)) == errc::unexpected_reply);
    message = ask(2, "b");
    CHECK(wire::decode_reply(message, 2)->body["n"].get<int>() == 2);
    message = ask(3, "c");
    CHECK(code_of(wire::decode_reply(message, 3)) == errc::checksum_mismatch);

    message = ask(4, "d");
    auto first = wire::decode_reply(message, 4);
    REQUIRE(first);
    CHECK(first->more_to_come());
    auto next = client.receive_message();
    auto second = wire::decode_reply(next, first->header.request_id);
    REQUIRE(second);
    CHECK(second->more_to_come());
    CHECK(second->body["n"].get<int>() == 5);
    const auto last = client.receive_message();
    const auto third = wire::decode_reply(last, second->header.request_id);
    REQUIRE(third);
    CHECK_FALSE(third->more_to_come());

    message = ask(5, "e");
    CHECK(wire::decode_reply(message, 5)->body["n"].get<int>() == 7);
    client.send_command(6, "f");
    CHECK(client.receive(4) == bytes_of("HTTP"));
    client.send_command(7, "g");
    CHECK(client.receive(100).size() == 20);
    CHECK(peer.wait_for_closed(1));
    CHECK(peer.problems().empty());
}

TEST_CASE("an OP_MSG peer keeps the documents of sequences") {
    test::op_msg_peer peer;
    peer.expect("insert", test::reply_script().reply(number(2)));
    plain_client client(peer);
    client.send(request(1, 0, bson::document().append("insert", "c"), {number(1), number(2)}));
    CHECK(client.receive_message().size() > 26);
    REQUIRE(peer.wait_for("insert", 1));
    auto received = peer.received("insert");
    REQUIRE(received.size() == 1);
    const auto& documents = received[0].sequences["documents"];
    REQUIRE(documents.size() == 2);
    CHECK(documents[1]["n"].get<int>() == 2);
}

TEST_CASE("a fail point is switched on for a scope and off at its end") {
    std::vector<bson::document> run;
    {
        const test::fail_point point([&](bson::document_view c) { run.emplace_back(c); },
                                     "failCommand", test::fail_point::times(2),
                                     bson::document().append("errorCode", 91));
        REQUIRE(run.size() == 1);
        CHECK(run[0]["configureFailPoint"].get<std::string_view>() == "failCommand");
        CHECK(run[0]["mode"]["times"].get<int>() == 2);
        CHECK(run[0]["data"]["errorCode"].get<int>() == 91);
    }
    REQUIRE(run.size() == 2);
    CHECK(run[1]["mode"].get<std::string_view>() == "off");
    CHECK(test::unique_database() != test::unique_database());
}
