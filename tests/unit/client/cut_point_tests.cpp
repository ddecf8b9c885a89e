#include "client_support.hpp"

using namespace mongoro;
using namespace mongoro::test;

/// \file
/// A script that fails each step in turn: every byte at which a reply can end, one connection each.

namespace {

message_bytes first_bytes(const message_bytes& of, std::size_t size) {
    return {of.begin(), of.begin() + static_cast<std::ptrdiff_t>(size)};
}

enum class ending { close, reset };

byte_script& finish(byte_script& script, ending how) {
    // Time for the bytes before a reset to arrive: it overtakes them.
    return how == ending::close ? script.close() : script.wait(2ms).reset();
}

task<document> find_on_new(reactor& r, host_address host) {
    auto c = co_await connection::open(r, host);
    co_return co_await c.command("db", doc({"find", "c"}));
}

/// Every connection fails as `scripts` say but the last one: each find on a new connection gets an
/// error that names the host until the last one succeeds.
void check_fails_until_last(std::vector<byte_script> scripts, errc expected) {
    on_each_backend([&](reactor& r) {
        const byte_peer peer(scripts);
        const host_address host{.host = peer.host(), .port = peer.port()};
        for (std::size_t i = 0; i + 1 < scripts.size(); ++i) {
            CAPTURE(i);
            const auto e = error_of(r, find_on_new(r, host));
            CHECK(e == expected);
            CHECK(e.to_string().find(host.to_string()) != std::string::npos);
        }
        const auto reply = sync_wait(r, find_on_new(r, host));
        CHECK(reply["cursor"]["firstBatch"]["0"]["_id"].get<int>() == 0);
        CHECK(peer.connections() == scripts.size());
    });
}

void check_every_cut_of_hello(ending how, std::size_t stride, errc expected) {
    const auto hello = hello_reply();
    std::vector<byte_script> scripts;
    for (std::size_t size = 0; size < hello.size(); size += stride) {
        byte_script script;
        script.read_message().write(first_bytes(hello, size));
        scripts.push_back(finish(script, how));
    }
    scripts.push_back(byte_script()
                          .read_message()
                          .write(hello)
                          .read_message()
                          .write(op_msg(first_batch(numbered(1))))
                          .read_to_end());
    check_fails_until_last(std::move(scripts), expected);
}

void check_every_cut_of_find(ending how, std::size_t stride, errc expected) {
    const auto reply = op_msg(first_batch(numbered(1)));
    std::vector<byte_script> scripts;
    for (std::size_t size = 0; size < reply.size(); size += stride) {
        byte_script script;
        script.read_message().write(hello_reply()).read_message().write(first_bytes(reply, size));
        scripts.push_back(finish(script, how));
    }
    scripts.push_back(byte_script()
                          .read_message()
                          .write(hello_reply())
                          .read_message()
                          .write(reply)
                          .read_to_end());
    check_fails_until_last(std::move(scripts), expected);
}

}  // namespace

TEST_CASE(
    "a hello that ends after any of its bytes is connection_closed, and the next find works") {
    check_every_cut_of_hello(ending::close, 1, errc::connection_closed);
}

TEST_CASE(
    "a find's reply that ends after any of its bytes is connection_closed, and the next find "
    "works") {
    check_every_cut_of_find(ending::close, 1, errc::connection_closed);
}

TEST_CASE("a hello that is reset at some byte is network_error, and the next find works") {
    check_every_cut_of_hello(ending::reset, 13, errc::network_error);
}

TEST_CASE("a find's reply that is reset at some byte is network_error, and the next find works") {
    check_every_cut_of_find(ending::reset, 7, errc::network_error);
}

TEST_CASE("replies that come in two pieces, split at any byte, are whole") {
    const auto reply = op_msg(first_batch(numbered(1)));
    std::vector<byte_script> scripts;
    for (std::size_t size = 1; size < reply.size(); size += 5) {
        byte_script script;
        script.read_message()
            .write(hello_reply())
            .read_message()
            .write(first_bytes(reply, size))
            .wait(1ms)
            .write(message_bytes(reply.begin() + static_cast<std::ptrdiff_t>(size), reply.end()))
            .close();
        scripts.push_back(std::move(script));
    }
    on_each_backend([&](reactor& r) {
        const byte_peer peer(scripts);
        const host_address host{.host = peer.host(), .port = peer.port()};
        for (std::size_t i = 0; i < scripts.size(); ++i) {
            const auto reply = sync_wait(r, find_on_new(r, host));
            CHECK(reply["cursor"]["firstBatch"]["0"].exists());
        }
    });
}

TEST_CASE(
    "a request that the peer stops reading in the middle is an error, and the next one works") {
    on_each_backend([](reactor& r) {
        const byte_script gone =
            byte_script().read_message().write(hello_reply()).read(100'000).reset();
        const byte_script good = byte_script()
                                     .read_message()
                                     .write(hello_reply())
                                     .read_message()
                                     .write(op_msg(doc({"n", 1}, {"ok", 1.0})))
                                     .read_to_end();
        const byte_peer peer(std::vector{monitored(), gone, good});
        const client c(r, peer.uri());
        const auto large = document_of_size(15'000'000);
        const auto e = error_of(r, c["db"]["c"].insert_one(large));
        CHECK(e == errc::network_error);
        REQUIRE(e.cause() != nullptr);
        CHECK(sync_wait(r, c["db"]["c"].insert_one(large)).acknowledged);
    });
}
