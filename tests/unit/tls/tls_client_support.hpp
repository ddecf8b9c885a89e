#pragma once

#include "tls_support.hpp"

#include "backends.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/client.hpp>
#include <mongoro/connection.hpp>

#include <string>
#include <utility>

namespace mongoro::test {

using namespace std::chrono_literals;

/// The connection string of a peer, with TLS and the test's authority.
inline std::string tls_uri(const std::string& peer_uri, const std::string& more = {}) {
    return peer_uri +
           "?tls=true&retryReads=false&retryWrites=false&tlsCAFile=" + test_world::get().ca_file +
           more;
}

inline std::string localhost_uri(std::uint16_t port, const std::string& more = {}) {
    return tls_uri("mongodb://localhost:" + std::to_string(port) + "/", more);
}

/// How opening one connection, and a ping on it, end; no error if both are good. No monitor and no
/// selection of a server stand between.
inline task<void> ping_new(reactor& r, host_address host, const tls_options* tls,
                           std::chrono::milliseconds connect_timeout = 60s) {
    connection_options options;
    options.tls = tls;
    options.connect_timeout = connect_timeout;
    auto c = co_await connection::open(r, host, options);
    const document ping{{"ping", 1}};
    static_cast<void>(co_await c.command("admin", ping));
}

/// A scripted server on TLS and a client of it.
struct tls_scene {
    explicit tls_scene(reactor& on, tls_server_options how = serving(),
                       const client_options& options = {}, const std::string& more = {})
        : r(on),
          server(std::move(how)),
          peer(server),
          client(on, tls_uri(peer.uri(), more), options) {}

    void check_works(std::size_t connections_created) {
        CHECK(!error_of(r, client.ping()));
        CHECK(client.statistics().connections_created == connections_created);
        CHECK(peer.problems() == "");
    }

    reactor& r;
    tls_server server;
    op_msg_peer peer;
    mongoro::client client;
    collection<> c = client["db"]["c"];
};

inline document one_batch(std::size_t size) {
    const std::string text(size, 'x');
    return {{"cursor", doc({"id", std::int64_t{0}}, {"ns", "db.c"},
                           {"firstBatch", arr(doc({"_id", 1}, {"x", text}))})},
            {"ok", 1.0}};
}

}  // namespace mongoro::test
