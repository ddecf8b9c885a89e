#include "tls/channel.hpp"

#include "io/connect.hpp"
#include "tls_client_support.hpp"

#include <mongoro/with_deadline.hpp>

using namespace mongoro;
using namespace mongoro::test;

namespace {

using bytes = std::vector<std::uint8_t>;
using channel_ptr = std::unique_ptr<tls::channel>;

/// A channel that has shaken hands with a peer on localhost.
task<result<channel_ptr>> connect(io::reactor_core& core, std::uint16_t port,
                                  std::shared_ptr<tls::context> context) {
    const auto where = io::address::ip("127.0.0.1", port);
    auto stream = co_await io::connect(core, *where);
    if (!stream) {
        co_return stream.error();
    }
    auto made = tls::channel::make(std::move(context), std::move(*stream), {"127.0.0.1", port});
    if (!made) {
        co_return made.error();
    }
    if (auto done = co_await (*made)->shake_hands(); !done) {
        co_return done.error();
    }
    co_return std::move(*made);
}

task<result<bytes>> ask(io::reactor_core& core, std::uint16_t port,
                        std::shared_ptr<tls::context> context, bytes request) {
    auto made = co_await connect(core, port, std::move(context));
    if (!made) {
        co_return made.error();
    }
    if (auto sent = co_await (*made)->send_all(request); !sent) {
        co_return sent.error();
    }
    bytes answer;
    bytes some(700);
    for (;;) {
        const auto got = co_await (*made)->receive_some(some);
        if (!got) {
            co_return got.error();
        }
        if (*got == 0) {
            break;
        }
        answer.insert(answer.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*got));
    }
    co_return std::move(answer);
}

}  // namespace

TEST_CASE("a coroutine sends and receives over a channel until its peer closes") {
    on_each_backend([](reactor& r) {
        for (const bool says_end : {false, true}) {
            for (const std::size_t size :
                 {std::size_t{1}, std::size_t{700}, std::size_t{300'000}}) {
                auto how = serving();
                how.says_end = says_end;
                tls_server server(how);
                const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t) {
                    bytes got;
                    if (server.accept(socket) && socket.read_exactly(size, got)) {
                        socket.write(got);
                    }
                    socket.close();
                });
                bytes request(size);
                for (std::size_t i = 0; i < size; ++i) {
                    request[i] = static_cast<std::uint8_t>(i * 31 + i / 255);
                }
                auto context = tls::context::make(trusting());
                REQUIRE(context);
                const auto answer = sync_wait(r, ask(r.core(), peer.port(), *context, request));
                REQUIRE_MESSAGE(answer, answer.error().to_string());
                CHECK(*answer == request);
            }
        }
    });
}

TEST_CASE("a server that closes after asking for a certificate in vain is tls_failed, each time") {
    enum class ending { fin, reset, close_notify };
    on_each_backend([](reactor& r) {
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            for (const auto how : {ending::fin, ending::reset, ending::close_notify}) {
                auto options = serving(version);
                options.asks_for_certificate = true;
                options.says_end = how == ending::close_notify;
                tls_server server(options);
                const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t) {
                    bytes rest;
                    if (!server.accept(socket)) {
                        return;
                    }
                    if (how == ending::reset) {
                        socket.reset();
                    } else if (how == ending::fin) {
                        socket.shut_down_writing();
                        socket.read_to_end(rest);
                    }
                });
                auto context = tls::context::make(trusting());
                REQUIRE(context);
                CAPTURE(version);
                CAPTURE(static_cast<int>(how));
                for (int i = 0; i < 3; ++i) {
                    const auto e =
                        sync_wait(r, ask(r.core(), peer.port(), *context, bytes(10))).error();
                    CHECK(e == errc::tls_failed);
                    CHECK_MESSAGE(says(e, "127.0.0.1:" + std::to_string(peer.port()) +
                                              " closed after asking for a client certificate "
                                              "(tlsCertificateKeyFile)"),
                                  e.to_string());
                    CHECK(e.cause() == nullptr);
                }
                CHECK(server.resumed() == 0);
            }
        }
    });
}

TEST_CASE("a server that asks for a certificate, and does without, may close as any other") {
    on_each_backend([](reactor& r) {
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            auto options = serving(version);
            options.asks_for_certificate = true;
            tls_server server(options);
            const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t) {
                bytes got;
                if (server.accept(socket) && socket.read_exactly(10, got)) {
                    socket.write(got);
                }
            });
            auto context = tls::context::make(trusting());
            REQUIRE(context);
            const auto answer = sync_wait(r, ask(r.core(), peer.port(), *context, bytes(10)));
            REQUIRE_MESSAGE(answer, answer.error().to_string());
            CHECK(*answer == bytes(10));
        }
    });
}

TEST_CASE("a session that a handshake was cut with is not offered again") {
    on_each_backend([](reactor& r) {
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            tls_server server(serving(version));
            const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t) {
                bytes got;
                if (server.accept(socket) && socket.read_exactly(10, got)) {
                    socket.write(got);
                }
            });
            auto context = tls::context::make(trusting());
            REQUIRE(context);
            const auto asked = [&] {
                return sync_wait(r, ask(r.core(), peer.port(), *context, bytes(10)));
            };
            for (const std::size_t cut : {std::size_t{0}, std::size_t{60}}) {
                CHECK(asked());
                const auto resumed = server.resumed();
                server.cut_after(cut);
                CHECK(asked().error() == errc::connection_closed);
                server.cut_after(SIZE_MAX);
                CHECK(asked());
                CHECK(server.resumed() == resumed);
            }
        }
    });
}

TEST_CASE("a receive that waits ends with its deadline") {
    on_each_backend([](reactor& r) {
        tls_server server(serving());
        const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t) {
            if (server.accept(socket)) {
                socket.hang();
            }
        });
        auto context = tls::context::make(trusting());
        REQUIRE(context);
        auto made = sync_wait(r, connect(r.core(), peer.port(), *context));
        REQUIRE(made);
        bytes into(10);
        const auto got = sync_wait(r, with_deadline((*made)->receive_some(into), 30ms));
        REQUIRE(!got);
        CHECK(got.error() == errc::deadline_exceeded);
    });
}
