#include "byte_peer.hpp"
#include "tls_client_support.hpp"

#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <openssl/err.h>

using namespace mongoro;
using namespace mongoro::test;
using std::chrono::seconds;

namespace {

constexpr int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/// The error of a connection to a server like this, at both versions, which names the host.
void check_refused(reactor& r, tls_server_options how, errc expected, const std::string& text,
                   const tls_options& options = trusting()) {
    for (const int version : versions) {
        how.version = version;
        tls_server server(how);
        const op_msg_peer peer(server);
        for (int i = 0; i < 2; ++i) {
            const auto e = error_of(r, ping_new(r, {peer.host(), peer.port()}, &options));
            CHECK(e == expected);
            CHECK_MESSAGE(says(e, text), e.to_string());
            CHECK(says(e, "127.0.0.1:" + std::to_string(peer.port())));
        }
        CHECK(ERR_peek_error() == 0);
    }
}

}  // namespace

TEST_CASE("a server that cannot be trusted is refused, and the error says why") {
    on_each_backend([](reactor& r) {
        auto& world = test_world::get();
        check_refused(r, serving(identity::authority("stranger").issue()), errc::tls_failed,
                      "not signed by an authority");
        certificate_options elsewhere;
        elsewhere.alternative = "DNS:elsewhere.example";
        check_refused(r, serving(world.authority.issue(elsewhere)), errc::tls_failed,
                      "is not for 127.0.0.1");
        certificate_options expired;
        expired.until = seconds(-60);
        check_refused(r, serving(world.authority.issue(expired)), errc::tls_failed, "has expired");
        auto stapling = serving();
        ocsp_options revoked;
        revoked.says = ocsp_options::status::revoked;
        stapling.stapled = ocsp_response(world.server, world.authority, world.authority, revoked);
        check_refused(r, stapling, errc::tls_failed, "is revoked");
    });
}

TEST_CASE("the insecure options let a server in that is refused otherwise") {
    on_each_backend([](reactor& r) {
        certificate_options elsewhere;
        elsewhere.alternative = "DNS:elsewhere.example";
        elsewhere.until = seconds(-60);
        const auto bad = identity::self_signed(elsewhere);
        for (const std::string option :
             {"&tlsInsecure=true", "&tlsAllowInvalidCertificates=true"}) {
            tls_scene(r, serving(bad), {}, option).check_works(1);
        }
        auto names = trusting();
        names.allow_invalid_hostnames = true;
        check_refused(r, serving(bad), errc::tls_failed, "", names);
    });
}

TEST_CASE("the alert of a client that refuses reaches the server") {
    on_each_backend([](reactor& r) {
        tls_server server(serving(identity::authority("stranger").issue()));
        const op_msg_peer peer(server);
        const auto options = trusting();
        CHECK(error_of(r, ping_new(r, {peer.host(), peer.port()}, &options)) == errc::tls_failed);
        CHECK(peer.wait_for_closed(1));
        CHECK(server.failure().find("unknown ca") != std::string::npos);
    });
}

TEST_CASE("a server that demands a client certificate is understood, in both versions") {
    on_each_backend([](reactor& r) {
        auto how = serving();
        how.client_authority = test_world::get().authority;
        for (int i = 0; i < 5; ++i) {
            check_refused(r, how, errc::tls_failed, "demands a client certificate");
        }
    });
}

TEST_CASE("a server that answers, and does not speak TLS, is told from one that does") {
    on_each_backend([](reactor& r) {
        const byte_peer peer(byte_script().read(5).write("HTTP/1.1 400 Bad Request\r\n\r\n"));
        const auto options = trusting();
        const auto e = error_of(r, ping_new(r, {peer.host(), peer.port()}, &options));
        CHECK(e == errc::tls_failed);
        CHECK(says(e, "the server does not speak TLS"));
    });
}

TEST_CASE("a handshake that is cut says so, and asks whether it is TLS where nothing has come") {
    on_each_backend([](reactor& r) {
        const auto options = trusting();
        const std::string hint = " during the TLS handshake; does the server use TLS?";
        const std::vector<byte_script> scripts{
            byte_script().read(16).reset(),  // as a server that finds a message's length absurd
            byte_script().read(16).close(),
            byte_script().close(),
            byte_script().half_close().read_to_end(),
        };
        for (const auto& script : scripts) {
            const byte_peer peer(script);
            const auto e = error_of(r, ping_new(r, {peer.host(), peer.port()}, &options));
            CHECK_MESSAGE((e == errc::connection_closed || e == errc::network_error),
                          e.to_string());
            CHECK_MESSAGE(says(e, hint), e.to_string());
        }
        const byte_peer resets(scripts.front());
        const auto e = error_of(r, ping_new(r, {resets.host(), resets.port()}, &options));
        CHECK(e == errc::network_error);
        REQUIRE(e.cause() != nullptr);
        CHECK(e.cause()->code() == std::errc::connection_reset);
        // What has begun to answer speaks TLS.
        auto how = serving();
        how.cut_after = 100;
        tls_server server(how);
        const op_msg_peer peer(server);
        const auto cut = error_of(r, ping_new(r, {peer.host(), peer.port()}, &options));
        CHECK_MESSAGE(says(cut, "during the TLS handshake"), cut.to_string());
        CHECK(!says(cut, "does the server use TLS"));
    });
}

TEST_CASE("options that exclude each other are refused of a program, whatever their values are") {
    using truth = std::optional<bool> tls_options::*;
    constexpr truth insecure = &tls_options::insecure;
    constexpr truth certificates = &tls_options::allow_invalid_certificates;
    constexpr truth names = &tls_options::allow_invalid_hostnames;
    constexpr truth responders = &tls_options::disable_ocsp_endpoint_check;
    constexpr truth revocation = &tls_options::disable_certificate_revocation_check;
    const std::vector<std::pair<truth, truth>> conflicts{
        {insecure, certificates}, {insecure, names},          {insecure, responders},
        {insecure, revocation},   {certificates, responders}, {certificates, revocation},
        {responders, revocation},
    };
    const std::vector<std::pair<truth, truth>> fine{
        {certificates, names}, {names, responders}, {names, revocation}};
    on_each_backend([&](reactor& r) {
        tls_server server(serving());
        const op_msg_peer peer(server);
        const auto ping = [&](const std::pair<truth, truth>& both, bool one, bool other) {
            auto options = trusting();
            options.*both.first = one;
            options.*both.second = other;
            return error_of(r, ping_new(r, {peer.host(), peer.port()}, &options));
        };
        for (const auto& both : conflicts) {
            for (const bool value : {false, true}) {
                const auto e = ping(both, value, !value);
                CHECK(e == errc::invalid_argument);
                CHECK_MESSAGE(says(e, "exclude each other"), e.to_string());
            }
        }
        CHECK(peer.connections() == 0);
        for (const auto& both : fine) {
            CHECK(!ping(both, true, true));
        }
    });
}

TEST_CASE("a plaintext client of a TLS server fails, and hangs nowhere") {
    on_each_backend([](reactor& r) {
        tls_server server(serving());
        const op_msg_peer peer(server);
        CHECK(error_of(r, ping_new(r, {peer.host(), peer.port()}, nullptr)));
        const client told(r, tls_uri(peer.uri()));
        CHECK(!error_of(r, told.ping()));
    });
}

TEST_CASE("a client is not made with files that cannot be used") {
    on_each_backend([](reactor& r) {
        auto& world = test_world::get();
        temporary_files files;
        const auto file =
            files.write("a.pem", world.server.certificate_pem() + world.server.key_pem("s3cret"));
        const std::pair<std::string, std::string> cases[] = {
            {"tlsCAFile=/nowhere/ca.pem", "/nowhere/ca.pem"},
            {"tlsCertificateKeyFile=/nowhere/key.pem", "/nowhere/key.pem"},
            {"tlsCertificateKeyFile=" + file, "Password is needed"},
            {"tlsCertificateKeyFile=" + file + "&tlsCertificateKeyFilePassword=hunter2",
             "is not its key's password"},
        };
        for (const auto& [options, text] : cases) {
            const auto made = client::create(r, "mongodb://localhost/?tls=true&" + options);
            REQUIRE(!made);
            CHECK(made.error() == errc::tls_failed);
            CHECK(says(made.error(), text));
            CHECK(!says(made.error(), "hunter2"));
        }
        CHECK(client::create(r, "mongodb://localhost/?tls=false&tlsCAFile=/nowhere/ca.pem"));
    });
}

TEST_CASE("a handshake that is cut after any of the server's bytes is connection_closed") {
    on_each_backend([](reactor& r) {
        for (const int version : versions) {
            tls_server server(serving(version));
            const op_msg_peer peer(server);
            const auto options = trusting();
            const host_address host{peer.host(), peer.port()};
            CHECK(!error_of(r, ping_new(r, host, &options)));
            const std::size_t whole = server.handshake_bytes();
            REQUIRE(whole > 500);
            for (std::size_t cut = 0; cut < whole; cut += cut < 150 ? 1 : 37) {
                server.cut_after(cut);
                const auto e = error_of(r, ping_new(r, host, &options));
                CAPTURE(cut);
                CHECK_MESSAGE((e == errc::connection_closed || e == errc::network_error),
                              e.to_string());
                CHECK(says(e, "127.0.0.1"));
            }
            server.cut_after(SIZE_MAX);
            CHECK(!error_of(r, ping_new(r, host, &options)));
        }
    });
}

TEST_CASE("a connection that ends between messages, or in one, is connection_closed") {
    on_each_backend([](reactor& r) {
        for (const bool says_end : {false, true}) {
            for (const int version : versions) {
                auto how = serving(version);
                how.says_end = says_end;
                tls_scene s(r, how);
                s.peer.expect("find", reply_script().cut(one_batch(100), 0).close());
                CHECK(error_of(r, s.c.find_one()) == errc::connection_closed);
                s.peer.expect("find", reply_script().cut(one_batch(100), 50).close());
                CHECK(error_of(r, s.c.find_one()) == errc::connection_closed);
                s.peer.expect("find", reply_script().cut(one_batch(100'000), 60'000).close());
                CHECK(error_of(r, s.c.find_one()) == errc::connection_closed);
                s.check_works(4);
            }
        }
    });
}

TEST_CASE("a connection that is reset is network_error") {
    on_each_backend([](reactor& r) {
        tls_scene s(r);
        s.peer.expect("find", reply_script().reset());
        const auto e = error_of(r, s.c.find_one());
        CHECK(e == errc::network_error);
        CHECK(e.cause() != nullptr);
        s.check_works(2);
    });
}

TEST_CASE("a deadline, a stop and a destruction end a handshake that hangs, and nothing is left") {
    on_each_backend([](reactor& r) {
        const byte_peer peer(byte_script().read(5).hang());
        const auto options = trusting();
        const host_address host{peer.host(), peer.port()};
        CHECK(error_of(r, with_deadline(ping_new(r, host, &options), 50ms)) ==
              errc::deadline_exceeded);
        std::stop_source stop;
        running waits(r, with_stop(ping_new(r, host, &options), stop.get_token()));
        REQUIRE(poll_until(r, [&] { return peer.received(1).size() == 5; }));
        stop.request_stop();
        CHECK(waits.wait().error() == errc::operation_cancelled);
        {
            running gone(r, ping_new(r, host, &options));
            REQUIRE(poll_until(r, [&] { return peer.received(2).size() == 5; }));
        }
        REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
        CHECK(error_of(r, ping_new(r, host, &options, 50ms)) == errc::connect_timed_out);
    });
}

TEST_CASE("records that are damaged on their way are tls_failed, and cost one connection") {
    on_each_backend([](reactor& r) {
        tls_server server(serving());
        const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t) {
            if (!server.accept(socket)) {
                return;
            }
            std::vector<std::uint8_t> hello;
            socket.read_message(hello);
            const std::vector<std::uint8_t> record{23, 3, 3, 0, 40};
            socket.write_raw(record);
            socket.write_raw(std::vector<std::uint8_t>(40, 7));
            socket.hang();
        });
        const auto options = trusting();
        const auto e = error_of(r, ping_new(r, {peer.host(), peer.port()}, &options));
        CHECK(e == errc::tls_failed);
        CHECK(says(e, "damaged"));
    });
}
