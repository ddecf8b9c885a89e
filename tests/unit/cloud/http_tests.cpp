#include "cloud_support.hpp"

#include "cloud/http.hpp"
#include "cloud/read_file.hpp"
#include "tls_server.hpp"

#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <stop_token>

using namespace mongoro;
using namespace mongoro::cloud;
using namespace mongoro::test;

namespace {

/// Asks the one service of a world.
result<http_response> ask(world& w, const http_request& request = {}) {
    const auto connect = w.surroundings().connect;
    const http_origin origin{.tls = false, .host = "service.example", .port = 8080};
    return sync_wait(w.r, ask_service(connect, origin, request));
}

}  // namespace

TEST_CASE("a request goes out whole and its answer comes back whole") {
    on_each_backend([](reactor& r) {
        const std::string large(300'000, 'x');
        const http_peer peer([&](const http_seen&) { return http_ok(large); });
        world w(r, &peer);
        http_request request;
        request.method = "POST";
        request.target = "/path?query";
        request.headers.emplace_back("X-Thing", "value");
        request.body = std::string(200'000, 'b');
        const auto answer = ask(w, request);
        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(answer->body == large);
        CHECK(w.origins == std::vector<std::string>{"service.example:8080"});
        REQUIRE(peer.seen().size() == 1);
        const auto seen = peer.seen()[0];
        CHECK(seen.method == "POST");
        CHECK(seen.target == "/path?query");
        CHECK(seen.headers.at("host") == "service.example:8080");
        CHECK(seen.headers.at("connection") == "close");
        CHECK(seen.headers.at("x-thing") == "value");
        CHECK(seen.body == request.body);
    });
}

TEST_CASE("chunks and bodies that end with the connection come over the wire as well") {
    on_each_backend([](reactor& r) {
        std::string bytes =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
        const http_peer peer([&](const http_seen&) { return http_answer{bytes}; });
        world w(r, &peer);
        CHECK(ask(w)->body == "hi");
        bytes = "HTTP/1.1 200 OK\r\n\r\nto the end";
        CHECK(ask(w)->body == "to the end");
    });
}

TEST_CASE("another status than 200 is an error with the answer in it, and not in its text") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_status(404, "no such role"); });
        world w(r, &peer);
        const auto e = ask(w).error();
        CHECK(e == errc::authentication_failed);
        CHECK(e.message() == "service.example:8080 answered with the HTTP status 404");
        CHECK(e.server_message() == "no such role");
        CHECK(e.to_string().find("no such role") == std::string::npos);
    });
}

TEST_CASE("what goes wrong below is the cause of authentication_failed") {
    on_each_backend([](reactor& r) {
        http_answer answer;
        const http_peer peer([&](const http_seen&) { return answer; });
        world w(r, &peer);
        const auto cause_of = [&](std::string bytes) {
            answer.bytes = std::move(bytes);
            const auto e = ask(w).error();
            CHECK(e == errc::authentication_failed);
            REQUIRE(e.cause() != nullptr);
            return error(*e.cause());
        };
        CHECK(cause_of("") == errc::connection_closed);
        CHECK(cause_of("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx") == errc::connection_closed);
        CHECK(cause_of("SSH-2.0\r\n") == errc::malformed_reply);
        CHECK(cause_of("HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'x') + "\r\n\r\n") ==
              errc::message_too_large);
        CHECK(cause_of("HTTP/1.1 200 OK\r\n\r\n" + std::string(1'100'000, 'x')) ==
              errc::message_too_large);
    });
}

TEST_CASE("a service that refuses the connection is an error with that as its cause") {
    on_each_backend([](reactor& r) {
        world w(r);
        const auto refused = uri::parse(listener::refused_uri()).value().host();
        const auto connect = w.surroundings().connect;
        const http_origin origin{.tls = false, .host = refused.host, .port = refused.port};
        const http_request request;
        const auto e = sync_wait(r, ask_service(connect, origin, request)).error();
        CHECK(e == errc::authentication_failed);
        REQUIRE(e.cause() != nullptr);
        CHECK(*e.cause() == errc::connect_failed);
    });
}

TEST_CASE("an https service that none of the system's authorities vouches for is asked nothing") {
    on_each_backend([](reactor& r) {
        tls_server_options options;
        options.certificate = identity::self_signed();
        tls_server tls(std::move(options));
        const auto serve = [&](peer_socket& socket, std::size_t) { tls.accept(socket); };
        auto service = std::make_unique<listener>(listen_at::ipv4, serve);
        world w(r);
        const auto connect = w.surroundings().connect;
        const http_origin origin{.tls = true, .host = service->host(), .port = service->port()};
        const http_request request;
        const auto e = sync_wait(r, ask_service(connect, origin, request)).error();
        CHECK(e == errc::authentication_failed);
        REQUIRE(e.cause() != nullptr);
        CHECK_MESSAGE(*e.cause() == errc::tls_failed, e.to_string());
        CHECK(service->accepted() == 1);
        service.reset();  // joins
        CHECK(tls.handshakes() == 0);
        CHECK(!tls.failure().empty());
    });
}

TEST_CASE("a silent service ends with the task's deadline, its stop, or the task itself") {
    on_each_backend([](reactor& r) {
        const http_peer peer([](const http_seen&) { return http_silence(); });
        world w(r, &peer);
        const auto connect = w.surroundings().connect;
        const http_origin origin{.tls = false, .host = "h", .port = 80};
        const http_request request;
        CHECK(sync_wait(r, with_deadline(ask_service(connect, origin, request), 20ms)).error() ==
              errc::deadline_exceeded);
        std::stop_source stop;
        stop.request_stop();
        CHECK(sync_wait(r, with_stop(ask_service(connect, origin, request), stop.get_token()))
                  .error() == errc::operation_cancelled);
        const auto before = peer.seen().size();
        {
            running gone(r, ask_service(connect, origin, request));
            REQUIRE(poll_until(r, [&] { return peer.seen().size() == before + 1; }));
            CHECK(!gone.done());
        }
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
    });
}

TEST_CASE("a token file is read without the blanks around its token") {
    on_each_backend([](reactor& r) {
        const text_file file(" \n a.token-in_it \r\n");
        const auto token = sync_wait(r, read_token_file(r.core(), file.path()));
        REQUIRE(token);
        CHECK(token->text() == "a.token-in_it");
        const text_file large(std::string(1 << 20, 'x'));
        CHECK(sync_wait(r, read_token_file(r.core(), large.path()))->text().size() == 1 << 20);
    });
}

TEST_CASE("a token file that is missing, empty or huge is an error that names it") {
    on_each_backend([](reactor& r) {
        const auto cause_of = [&](const std::string& path) {
            const auto e = sync_wait(r, read_token_file(r.core(), path)).error();
            CHECK(e == errc::authentication_failed);
            CHECK(e.message() == "reading " + path);
            REQUIRE(e.cause() != nullptr);
            return error(*e.cause());
        };
        CHECK(cause_of("/tmp/mongoro/no/such/file").code() == std::errc::no_such_file_or_directory);
        const text_file blank(" \n");
        CHECK(cause_of(blank.path()) == errc::invalid_argument);
        const text_file huge(std::string((1 << 20) + 1, 'x'));
        CHECK(cause_of(huge.path()) == errc::message_too_large);
    });
}
