#include "client_support.hpp"
#include "dns_server.hpp"

#include "dns/resolver.hpp"
#include "pool/open_connection.hpp"

#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// The error names the host, and has the cause that a system's error is.
void check_names(const error& e, std::string_view host, std::errc cause) {
    CAPTURE(e.to_string());
    CHECK(e.to_string().find(host) != std::string::npos);
    const auto* inner = &e;
    while (inner->cause() != nullptr) {
        inner = inner->cause();
    }
    CHECK(inner->code() == cause);
}

std::string host_of(const std::string& uri) {
    const auto start = std::string_view("mongodb://").size();
    return uri.substr(start, uri.find('/', start) - start);
}

task<void> ping_on_new(reactor& r, host_address host, connection_options options) {
    auto c = co_await connection::open(r, host, options);
    co_await c.command("admin", doc({"ping", 1}));
}

/// A server that gives each connection the next of these scripts.
struct bad_server {
    bad_server(reactor& on, std::vector<byte_script> scripts, connection_options options = {})
        : r(on), peer(std::move(scripts)), with(options) {}

    /// The error of a ping on a new connection.
    error ping() {
        return error_of(r, ping_on_new(r, {.host = peer.host(), .port = peer.port()}, with));
    }
    [[nodiscard]] std::string host() const { return host_of(peer.uri()); }

    reactor& r;
    byte_peer peer;
    connection_options with;
};

/// What a client says of a deployment that it cannot use.
error selection_error(reactor& r, const std::string& uri) {
    const bool options = uri.find('?') != std::string::npos;
    const client c(r, uri + (options ? "&" : "?") + "serverSelectionTimeoutMS=200");
    const auto e = error_of(r, c.ping());
    CHECK(e == errc::server_selection_timeout);
    CHECK(c.statistics().connections_created == 0);
    return e;
}

void check_says(const error& e, std::string_view what) {
    CAPTURE(e.to_string());
    CHECK(e.to_string().find(what) != std::string::npos);
}

byte_script answers_hello() {
    return byte_script().read_message().write(hello_reply());
}

byte_script good() {
    return answers_hello().read_message().write(op_msg(op_msg_peer::ok_document())).read_to_end();
}

}  // namespace

TEST_CASE("a client of a host that refuses finds no server, and says which and why") {
    on_each_backend([](reactor& r) {
        const auto uri = listener::refused_uri();
        const auto e = selection_error(r, uri);
        check_says(e, host_of(uri));
        check_says(e, "Connection refused");
    });
}

TEST_CASE("a client of a Unix-domain socket that is not there finds no server, naming its path") {
    on_each_backend([](reactor& r) {
        const auto e = selection_error(r, "mongodb://%2Ftmp%2Fmongoro-no-such-socket.sock/");
        check_says(e, "/tmp/mongoro-no-such-socket.sock");
        check_says(e, "No such file or directory");
    });
}

TEST_CASE("a host that refuses is connect_failed, naming it and the system's error") {
    on_each_backend([](reactor& r) {
        op_msg_peer gone;
        gone.stop_accepting();
        const auto e = error_of(
            r, ping_on_new(r, {.host = gone.host(), .port = gone.port()}, connection_options()));
        CHECK(e == errc::connect_failed);
        check_names(e, host_of(gone.uri()), std::errc::connection_refused);
    });
}

TEST_CASE("a host that was there and refuses now is found no more") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        const client c(r, peer.uri() + "?serverSelectionTimeoutMS=1000");
        sync_wait(r, c.ping());
        peer.stop_accepting();
        peer.expect("ping", reply_script().close());
        CHECK(error_of(r, c.ping()) == errc::connection_closed);
        const auto e = error_of(r, c.ping());
        CHECK(e == errc::server_selection_timeout);
        check_says(e, host_of(peer.uri()));
        check_says(e, "Connection refused");
        CHECK(c.statistics().connections == 0);
    });
}

TEST_CASE("a host that resets before or behind the hello is network_error; the next one works") {
    on_each_backend([](reactor& r) {
        bad_server s(r, {byte_script().read_message().reset(),
                         byte_script().read_message().write("\x10").wait(50ms).reset(),
                         answers_hello().read_message().reset(), good()});
        for (int i = 0; i < 3; ++i) {
            const auto e = s.ping();
            CHECK(e == errc::network_error);
            check_names(e, s.host(), std::errc::connection_reset);
        }
        CHECK(!s.ping());
        CHECK(s.peer.connections() == 4);
    });
}

TEST_CASE(
    "a host that resets while nobody waits fails the next operation, and not the one behind") {
    on_each_backend([](reactor& r) {
        scene s(r);
        s.peer.expect("ping", reply_script().reply(op_msg_peer::ok_document()).reset());
        CHECK(!error_of(r, s.client.ping()));
        REQUIRE(s.peer.wait_for_closed(1));
        const auto e = error_of(r, s.client.ping());
        const bool seen = e == errc::network_error || e == errc::connection_closed;
        CHECK_MESSAGE(seen, e.to_string());
        check_says(e, host_of(s.peer.uri()));
        CHECK(!error_of(r, s.client.ping()));
    });
}

TEST_CASE("a host that closes before its reply is connection_closed; the next one works") {
    on_each_backend([](reactor& r) {
        bad_server s(r, {byte_script(), byte_script().read_message(), byte_script().half_close(),
                         answers_hello().read_message(), good()});
        for (int i = 0; i < 4; ++i) {
            CAPTURE(i);
            const auto e = s.ping();
            // One that closes with the request unread may be seen to reset.
            const bool seen = e == errc::connection_closed || e == errc::network_error;
            CHECK_MESSAGE(seen, e.to_string());
            CHECK(e.to_string().find(s.host()) != std::string::npos);
        }
        CHECK(!s.ping());
    });
}

TEST_CASE("a hello that hangs is connect_timed_out, naming the host; the next one works") {
    on_each_backend([](reactor& r) {
        auto half = hello_reply();
        half.resize(half.size() / 2);
        bad_server s(r,
                     {byte_script().hang(), byte_script().read_message().hang(),
                      byte_script().read_message().write(half).hang(), good()},
                     {.connect_timeout = 300ms});
        for (int i = 0; i < 3; ++i) {
            const auto e = s.ping();
            CHECK(e == errc::connect_timed_out);
            CHECK(e.to_string().find(s.host()) != std::string::npos);
        }
        // The last may be slow: it has as long as it needs.
        bad_server patient(r, {good()});
        CHECK(!patient.ping());
    });
}

TEST_CASE("connectTimeoutMS of the connection string bounds a hello that hangs") {
    on_each_backend([](reactor& r) {
        const byte_peer peer(byte_script().hang());
        check_says(selection_error(r, peer.uri() + "?connectTimeoutMS=100"), "connect timed out");
    });
}

TEST_CASE("a hello that the server refuses is handshake_failed, naming the host and its answer") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("hello", reply_script().reply(op_msg_peer::error_document(
                                 18, "AuthenticationFailed", "go away")));
        const auto e = selection_error(r, peer.uri());
        check_says(e, "handshake failed");
        check_says(e, host_of(peer.uri()));
        check_says(e, "AuthenticationFailed");
    });
}

TEST_CASE("a server of another age is incompatible_server, naming the host") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        document hello;
        hello.append("isWritablePrimary", true)
            .append("minWireVersion", 0)
            .append("maxWireVersion", 5)
            .append("ok", 1);
        peer.always("hello", reply_script().reply(hello));
        const client c(r, peer.uri());
        const auto e = error_of(r, c.ping());
        CHECK(e == errc::incompatible_server);
        check_says(e, host_of(peer.uri()));
    });
}

TEST_CASE("what is no MongoDB at all is an error that names the host") {
    on_each_backend([](reactor& r) {
        bad_server s(r, {byte_script().read_message().write("HTTP/1.0 400 Bad Request\r\n\r\n"),
                         byte_script().write("220 smtp.example ESMTP\r\n").read_to_end(),
                         byte_script().read_message().write(std::string(4096, '\0')), good()});
        for (int i = 0; i < 3; ++i) {
            const auto e = s.ping();
            CAPTURE(e.to_string());
            const bool refused = e == errc::malformed_message || e == errc::message_too_large;
            CHECK(refused);
            CHECK(e.to_string().find(s.host()) != std::string::npos);
        }
        CHECK(!s.ping());
    });
}

TEST_CASE("a hello that arrives byte by byte is as good as any") {
    on_each_backend([](reactor& r) {
        bad_server s(r, {byte_script()
                             .read_message()
                             .write_in_pieces(hello_reply(), 1, 0ms)
                             .read_message()
                             .write_in_pieces(op_msg(op_msg_peer::ok_document()), 1, 0ms)
                             .read_to_end()});
        CHECK(!s.ping());
    });
}

TEST_CASE("making a client that can never work throws, and connects to nothing") {
    on_each_backend([](reactor& r) {
        CHECK(client::create(r, "nonsense").error() == errc::invalid_uri);
        CHECK(client::create(r, "mongodb://a,b/?directConnection=true").error() ==
              errc::invalid_uri);
        CHECK(client::create(r, "mongodb://h", {.max_pool_size = 0}).error() ==
              errc::invalid_argument);
        CHECK(client::create(r, "mongodb://h", {.connect_timeout = -1ms}).error() ==
              errc::invalid_argument);
        CHECK(client::create(r, "mongodb://h", {.drain_timeout = -1ms}).error() ==
              errc::invalid_argument);
        CHECK(client::create(r, "mongodb://h", {.app_name = std::string(129, 'x')}).error() ==
              errc::invalid_argument);
        for (const std::string_view name :
             {std::string_view("a\0b", 3), std::string_view("\xff")}) {
            CHECK(client::create(r, "mongodb://h", {.app_name = name}).error() ==
                  errc::invalid_argument);
        }
        CHECK_THROWS_AS(client(r, "nonsense"), exception);
        op_msg_peer peer;
        CHECK(client::create(r, peer.uri()));
        CHECK(peer.connections() == 0);
    });
}

namespace {

/// How opening a connection to `host` ends, whose name only `names` knows.
error open_by_name(reactor& r, const dns_server& names, const host_address& host,
                   std::chrono::milliseconds limit = 10s) {
    pool::connection_settings settings;
    settings.host = host;
    settings.connect_timeout = limit;
    dns::resolver_options options;
    options.servers = names.address();
    settings.names = std::make_shared<dns::resolver>(r.core(), std::move(options));
    return sync_wait(r, pool::open_connection(r.core(), settings)).error();
}

}  // namespace

TEST_CASE("a name that is nowhere is name_resolution_failed, naming it and what DNS said") {
    on_each_backend([](reactor& r) {
        const dns_server names;
        const auto e = open_by_name(r, names, {"no-such-host.invalid", 27017});
        CHECK(e == errc::name_resolution_failed);
        CHECK(e.to_string().find("no-such-host.invalid") != std::string::npos);
        CHECK_MESSAGE(e.to_string().find("NXDOMAIN") != std::string::npos, e.to_string());
    });
}

TEST_CASE("a host that DNS knows is reached by the first of its addresses that answers") {
    on_each_backend([](reactor& r) {
        op_msg_peer server;
        dns_server names;
        names.a("db.example.test", "127.0.0.2").a("db.example.test", "127.0.0.1");
        const auto address = names.address();
        client_options options;
        options.dns_servers = address;
        const client c(r, "mongodb://DB.example.test:" + std::to_string(server.port()), options);
        const auto e = error_of(r, c.ping());
        CHECK_MESSAGE(!e, e.to_string());
        server.stop_accepting();
        const auto refused = open_by_name(r, names, {"db.example.test", server.port()});
        CHECK(refused == errc::connect_failed);
        for (const std::string_view one : {"127.0.0.1:", "127.0.0.2:"}) {
            CHECK_MESSAGE(refused.to_string().find(one) != std::string::npos, refused.to_string());
        }
    });
}

TEST_CASE("a name server that does not answer ends with connectTimeoutMS, and is what it names") {
    on_each_backend([](reactor& r) {
        dns_server names;
        names.behave("db.example.test", dns_server::manner::keep_silent);
        const auto e = open_by_name(r, names, {"db.example.test", 27017}, 50ms);
        CHECK(e == errc::name_resolution_failed);
        check_says(e, "db.example.test: no name server answered within 50 ms");
        r.run();
    });
}

TEST_CASE("a name server that does not answer does not outlast its task's deadline, or a stop") {
    on_each_backend([](reactor& r) {
        dns_server names;
        names.behave("db.example.test", dns_server::manner::keep_silent);
        pool::connection_settings settings;
        settings.host = {"db.example.test", 27017};
        dns::resolver_options options;
        options.servers = names.address();
        settings.names = std::make_shared<dns::resolver>(r.core(), std::move(options));
        CHECK(
            sync_wait(r, with_deadline(pool::open_connection(r.core(), settings), 30ms)).error() ==
            errc::deadline_exceeded);
        std::stop_source stop;
        running waits(r, with_stop(pool::open_connection(r.core(), settings), stop.get_token()));
        const auto before = names.asked("db.example.test");
        REQUIRE(poll_until(r, [&] { return names.asked("db.example.test") > before; }));
        stop.request_stop();
        CHECK(waits.wait()->error() == errc::operation_cancelled);
    });
}

TEST_CASE("a host that cannot be connected to in time is connect_timed_out, with its addresses") {
    on_each_backend([](reactor& r) {
        // A listener whose backlog is full drops what comes.
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&at), size) == 0);
        REQUIRE(::listen(fd, 0) == 0);
        REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0);
        const auto port = ntohs(at.sin_port);
        dns_server names;
        names.a("db.example.test", "127.0.0.1");
        error e;
        std::vector<io::stream_ptr> filling;
        for (int i = 0; i < 8 && !e; ++i) {
            auto some = sync_wait(r, io::connect(r.core(), *io::address::ip("127.0.0.1", port),
                                                 deadline::after(100ms)));
            e = some.error();
            if (some) {
                filling.push_back(std::move(*some));
            }
        }
        e = open_by_name(r, names, {"db.example.test", port}, 100ms);
        CHECK(e == errc::connect_timed_out);
        check_says(e, "db.example.test:" + std::to_string(port) + " within 100 ms");
        check_says(e, "127.0.0.1:" + std::to_string(port));
        ::close(fd);
    });
}

TEST_CASE("why DNS gave no hosts is told also while it is asked again, and logged") {
    on_each_backend([](reactor& r) {
        dns_server names;
        names.delay("_mongodb._tcp.c.example.test", 500ms);  // and then there is no such name
        const auto servers = names.address();
        std::vector<std::string> lines;
        client_options options;
        options.dns_servers = servers;
        options.log.callback = [&](const log_record& record) {
            lines.emplace_back(record.message);
        };
        {
            const client c(r, "mongodb+srv://c.example.test/?serverSelectionTimeoutMS=50", options);
            const auto first = error_of(r, c.ping());
            CHECK(first == errc::server_selection_timeout);
            check_says(first, "DNS has not said yet");
            // Nobody waits when the first attempt ends.
            REQUIRE(poll_until(r, [&] { return !lines.empty(); }));
            CHECK(lines.size() == 1);
            CHECK(lines[0].find("_mongodb._tcp.c.example.test (SRV): ") != std::string::npos);
            CHECK(lines[0].find("NXDOMAIN") != std::string::npos);
            check_says(error_of(r, c.ping()), "NXDOMAIN");
        }
        CHECK(poll_until(r, [&] { return r.in_flight() == 0; }));
    });
}
