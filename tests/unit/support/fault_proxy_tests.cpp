#include "fault_proxy.hpp"

#include "op_msg_peer.hpp"
#include "plain_client.hpp"

#include <doctest/doctest.h>
#include <chrono>
#include <thread>

using namespace std::chrono_literals;
using namespace mongoro::test;

namespace {

/// A server behind a proxy.
struct behind_proxy {
    op_msg_peer peer;
    fault_proxy proxy{peer.port()};

    [[nodiscard]] std::size_t reply_size() const {
        const plain_client client("127.0.0.1", peer.port());
        client.send_command(1, "ping");
        return client.receive_message().size();
    }
};

/// Whether a ping is answered.
bool works(const plain_client& client) {
    client.send_command(1, "ping");
    return !client.receive_message().empty();
}

plain_client connected(const behind_proxy& s) {
    return plain_client("127.0.0.1", s.proxy.port());
}

/// Bytes are counted, on the proxy's thread, right after they were passed on.
bool comes_to(const fault_proxy& proxy, direction d, std::size_t bytes) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (proxy.passed(0, d) != bytes && std::chrono::steady_clock::now() < limit) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return proxy.passed(0, d) == bytes;
}

}  // namespace

TEST_CASE("a proxy without faults passes everything on, and counts it") {
    behind_proxy s;
    const auto client = connected(s);
    CHECK(works(client));
    CHECK(works(client));
    CHECK(s.proxy.connections() == 1);
    CHECK(comes_to(s.proxy, direction::to_client, 2 * s.reply_size()));
    CHECK(s.proxy.passed(0, direction::to_server) > 0);
    CHECK(s.proxy.uri() == "mongodb://127.0.0.1:" + std::to_string(s.proxy.port()) + "/");
}

TEST_CASE("the end of either side is passed on to the other") {
    behind_proxy s;
    {
        const auto client = connected(s);
        CHECK(works(client));
    }
    CHECK(s.peer.wait_for_closed(1));
    CHECK(s.proxy.wait_for_ended(1));
    s.peer.expect("bye", reply_script().close());
    const auto client = connected(s);
    client.send_command(1, "bye");
    CHECK(client.receive(1).empty());
}

TEST_CASE("a connection is cut at any byte of any message, by a close or a reset") {
    behind_proxy s;
    const std::size_t size = s.reply_size();
    std::size_t connection = 0;
    for (const auto what : {fault_point::action::close, fault_point::action::reset}) {
        for (const std::size_t offset :
             {std::size_t{0}, std::size_t{1}, std::size_t{16}, size - 1}) {
            CAPTURE(offset);
            s.proxy.set(direction::to_client,
                        {.at = fault_point{.message = 1, .offset = offset, .what = what}});
            const auto client = connected(s);
            CHECK(works(client));
            client.send_command(2, "ping");
            int failed = 0;
            const auto got = client.receive(size, &failed);
            if (what == fault_point::action::close) {
                CHECK(got.size() == offset);
                CHECK(failed == 0);
            } else {
                // A reset may overtake bytes that nobody has read yet.
                CHECK(got.size() <= offset);
                CHECK((failed == ECONNRESET || failed == 0));
            }
            CHECK(s.proxy.passed(connection, direction::to_client) == size + offset);
            CHECK(s.proxy.wait_for_ended(++connection));
        }
    }
}

TEST_CASE("a request is cut after a number of bytes, and the server gets only those") {
    behind_proxy s;
    s.proxy.set(direction::to_server, {.at = fault_point{.after_bytes = 20}});
    const auto client = connected(s);
    client.send_command(1, "ping");
    CHECK(client.receive(1).empty());
    CHECK(comes_to(s.proxy, direction::to_server, 20));
    CHECK(s.peer.wait_for_closed(1));
    CHECK(s.peer.received("ping").empty());
}

TEST_CASE("a fault of one connection is none of the others'") {
    behind_proxy s;
    s.proxy.set(1, direction::to_client, {.at = fault_point{}});
    const auto first = connected(s);
    CHECK(works(first));
    const auto second = connected(s);
    second.send_command(1, "ping");
    CHECK(second.receive(1).empty());
    CHECK(works(first));
    CHECK(works(connected(s)));
}

TEST_CASE("a black hole swallows, and what comes after it does come") {
    behind_proxy s;
    const auto client = connected(s);
    CHECK(works(client));
    s.proxy.set(direction::to_server, {.drop = true});
    client.send_command(2, "ping");
    // Another connection has none of it, so that it can be told when the first is through.
    s.proxy.set(1, direction::to_server, {});
    CHECK(works(connected(s)));
    CHECK(s.peer.received("ping").size() == 2);
    CHECK(comes_to(s.proxy, direction::to_client, s.reply_size()));
}

TEST_CASE("what is held back is passed on when it is let go") {
    behind_proxy s;
    const auto client = connected(s);
    s.proxy.set(direction::to_client, {.hold = true});
    client.send_command(1, "ping");
    REQUIRE(s.peer.wait_for("ping", 1));
    CHECK(s.proxy.passed(0, direction::to_client) == 0);
    s.proxy.clear();
    CHECK(!client.receive_message().empty());
    // A connection that is held ends all the same.
    s.proxy.set(direction::to_client, {.hold = true});
    client.send_command(2, "ping");
    REQUIRE(s.peer.wait_for("ping", 2));
    s.proxy.reset_all();
    CHECK(client.receive(1).empty());
    CHECK(s.proxy.wait_for_ended(1));
}

TEST_CASE("a delay and a limit of bytes make it take longer, and nothing is lost") {
    behind_proxy s;
    const auto took = [&] {
        const auto start = std::chrono::steady_clock::now();
        const auto client = connected(s);
        client.send_command(1, "ping");
        CHECK(client.receive_message().size() == s.reply_size());
        return std::chrono::steady_clock::now() - start;
    };
    s.proxy.set(direction::to_client, {.delay = 40ms});
    CHECK(took() >= 40ms);
    const auto size = static_cast<double>(s.reply_size());
    s.proxy.set(direction::to_client, {.bytes_per_second = 400});
    CHECK(took() >= std::chrono::duration<double>(size / 400 * 0.8));
}

TEST_CASE("half of a connection ends, and the other half goes on") {
    behind_proxy s;
    s.proxy.set(direction::to_client, {.at = fault_point{.after_bytes = s.reply_size(),
                                                         .what = fault_point::action::half_close}});
    const auto client = connected(s);
    CHECK(works(client));
    CHECK(client.receive(1).empty());
    client.send_command(2, "ping");
    CHECK(s.peer.wait_for("ping", 2));
}

TEST_CASE("garbage is put in within a message, or at once") {
    behind_proxy s;
    const bytes garbage{0xDE, 0xAD};
    s.proxy.set(
        direction::to_client,
        {.at = fault_point{
             .message = 0, .offset = 16, .what = fault_point::action::inject, .bytes = garbage}});
    const auto client = connected(s);
    client.send_command(1, "ping");
    const auto got = client.receive(s.reply_size() + 2);
    CHECK(got.size() == s.reply_size() + 2);
    CHECK(bytes(got.begin() + 16, got.begin() + 18) == garbage);
    CHECK(s.proxy.inject(0, direction::to_client, garbage));
    CHECK(client.receive(2) == garbage);
    CHECK(works(client));
    CHECK(!s.proxy.inject(9, direction::to_client, garbage));
    s.proxy.close_all();
    CHECK(s.proxy.wait_for_ended(1));
    CHECK(!s.proxy.inject(0, direction::to_client, garbage));
}

TEST_CASE("new connections are refused until they are taken again, open ones stay") {
    behind_proxy s;
    const auto client = connected(s);
    CHECK(works(client));
    s.proxy.refuse();
    CHECK(!connected(s).connected());
    CHECK(works(client));
    s.proxy.accept();
    CHECK(works(connected(s)));
    CHECK(works(client));
}

TEST_CASE("a server that is not there ends the connection") {
    std::uint16_t nobody = 0;
    {
        const reserved_port port;
        nobody = port.number();
    }
    const fault_proxy proxy(nobody);
    const plain_client client("127.0.0.1", proxy.port());
    CHECK(client.receive(1).empty());
    CHECK(proxy.wait_for_ended(1));
}
