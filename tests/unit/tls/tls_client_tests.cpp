#include "../client/client_support.hpp"
#include "tls_client_support.hpp"

#include <mongoro/connection.hpp>
#include <mongoro/when_all.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <openssl/err.h>

#include <atomic>

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

}  // namespace

TEST_CASE("operations work over TLS 1.2 and 1.3") {
    on_each_backend([](reactor& r) {
        for (const int version : versions) {
            tls_scene s(r, serving(version));
            s.peer.expect("find", reply_script().reply(one_batch(10)));
            const auto found = sync_wait(r, s.c.find_one());
            REQUIRE(found);
            CHECK((*found)["x"].get<std::string>() == std::string(10, 'x'));
            s.peer.expect("insert", reply_script().reply(doc({"n", 1}, {"ok", 1.0})));
            CHECK(sync_wait(r, s.c.insert_one({{"_id", 1}})).acknowledged);
            s.check_works(1);
            CHECK(s.server.handshakes() >= 1);
            CHECK(ERR_peek_error() == 0);
        }
    });
}

TEST_CASE("a name in the connection string is sent as server name and verified") {
    on_each_backend([](reactor& r) {
        tls_server server(serving());
        const op_msg_peer peer(server);
        const client c(r, localhost_uri(peer.port()));
        CHECK(!error_of(r, c.ping()));
        CHECK(server.server_name() == "localhost");
    });
}

TEST_CASE("large replies are whole, in records of any size and however they are trickled") {
    on_each_backend([](reactor& r) {
        for (const std::size_t record : {std::size_t{0}, std::size_t{512}, std::size_t{5000}}) {
            for (const int version : versions) {
                auto how = serving(version);
                how.record = record;
                how.piece = record == 512 ? 3000 : SIZE_MAX;
                tls_scene s(r, how);
                for (const std::size_t size : {std::size_t{15'900}, std::size_t{16'300},
                                               std::size_t{40'000}, std::size_t{15'000'000}}) {
                    CAPTURE(size);
                    s.peer.expect("find", reply_script().reply(one_batch(size)));
                    const auto found = sync_wait(r, s.c.find_one());
                    REQUIRE(found);
                    CHECK((*found)["x"].get<std::string_view>() == std::string(size, 'x'));
                }
                s.check_works(1);
            }
        }
    });
}

TEST_CASE("a conversation works whose every byte comes alone") {
    on_each_backend([](reactor& r) {
        for (const int version : versions) {
            auto how = serving(version);
            how.piece = 1;
            tls_scene s(r, how);
            s.peer.expect("find", reply_script().reply(one_batch(1000)));
            CHECK(sync_wait(r, s.c.find_one()));
            s.check_works(1);
        }
    });
}

TEST_CASE("a reply whose plaintext comes in pieces is whole") {
    on_each_backend([](reactor& r) {
        tls_scene s(r);
        for (const std::size_t piece : {std::size_t{1}, std::size_t{15}, std::size_t{17}}) {
            s.peer.expect("find", reply_script().in_pieces(one_batch(200), piece, 0ms));
            CHECK(sync_wait(r, s.c.find_one()));
        }
        s.check_works(1);
    });
}

TEST_CASE("large requests arrive whole: one document, and many of them") {
    on_each_backend([](reactor& r) {
        for (const int version : versions) {
            tls_scene s(r, serving(version));
            const std::string text(15'000'000, 'y');
            s.peer.expect("insert", reply_script().reply(doc({"n", 1}, {"ok", 1.0})),
                          [&](const received_command& c) {
                              const auto at = c.sequences.find("documents");
                              const bool apart = at != c.sequences.end();
                              const auto sent =
                                  apart ? at->second.at(0)["x"].get<std::string>()
                                        : c.body["documents"][0]["x"].get<std::string>();
                              return sent == text;
                          });
            CHECK(sync_wait(r, s.c.insert_one({{"_id", 1}, {"x", text}})).acknowledged);
            std::vector<document> many;
            for (int i = 0; i < 3000; ++i) {
                many.push_back({{"_id", i}, {"x", std::string(5000, 'z')}});
            }
            s.peer.expect("insert", reply_script().reply(doc({"n", 3000}, {"ok", 1.0})),
                          [&](const received_command& c) {
                              const auto at = c.sequences.find("documents");
                              return at != c.sequences.end() && at->second.size() == 3000 &&
                                     at->second.back() == many.back();
                          });
            CHECK(sync_wait(r, s.c.insert_many(many)).inserted_count == 3000);
            s.check_works(1);
        }
    });
}

TEST_CASE("an unacknowledged write is sent, and the connection goes on") {
    on_each_backend([](reactor& r) {
        tls_scene s(r);
        s.peer.expect("insert", reply_script());
        const write_concern none{.w = 0};
        CHECK(!sync_wait(r, s.c.insert_one({{"_id", 1}}, {.write_concern = none})).acknowledged);
        s.check_works(1);
    });
}

TEST_CASE("the next connection resumes the session, in both versions") {
    on_each_backend([](reactor& r) {
        for (const int version : versions) {
            tls_scene s(r, serving(version), {.max_pool_size = 4});
            CHECK(!error_of(r, s.client.ping()));
            s.peer.always("find", reply_script().wait(50ms).reply(one_batch(1)));
            running a(r, s.c.find_one());
            running b(r, s.c.find_one());
            CHECK(a.wait());
            CHECK(b.wait());
            // The first of all, whether of the pool or of the monitor, had nothing to resume.
            CHECK(s.server.resumed() >= 1);
            CHECK(s.server.handshakes() > s.server.resumed());
        }
    });
}

TEST_CASE("a session outlives the connection that it came with") {
    on_each_backend([](reactor& r) {
        for (const int version : versions) {
            tls_scene s(r, serving(version));
            s.peer.expect("find", reply_script().close());
            CHECK(!error_of(r, s.client.ping()));
            CHECK(error_of(r, s.c.find_one()) == errc::connection_closed);
            s.check_works(2);
            CHECK(s.server.resumed() >= 1);
        }
    });
}

TEST_CASE("key updates before every reply are followed") {
    on_each_backend([](reactor& r) {
        auto how = serving(TLS1_3_VERSION);
        how.key_updates = true;
        tls_scene s(r, how);
        for (const std::size_t size : {std::size_t{10}, std::size_t{100'000}, std::size_t{10}}) {
            s.peer.expect("find", reply_script().reply(one_batch(size)));
            CHECK(sync_wait(r, s.c.find_one()));
        }
        s.check_works(1);
    });
}

TEST_CASE("a client certificate logs in to the transport, its key encrypted or not") {
    on_each_backend([](reactor& r) {
        auto& world = test_world::get();
        certificate_options named;
        named.name = "ada";
        const auto ada = world.authority.issue(named);
        for (const int version : versions) {
            for (const std::string password : {"", "pw"}) {
                auto how = serving(version);
                how.client_authority = world.authority;
                temporary_files files;
                const auto file =
                    files.write("ada.pem", ada.certificate_pem() + ada.key_pem(password));
                tls_scene s(r, how, {},
                            "&tlsCertificateKeyFile=" + file +
                                (password.empty() ? "" : "&tlsCertificateKeyFilePassword=pw"));
                s.check_works(1);
                CHECK(s.server.client_name() == "ada");
            }
        }
    });
}

TEST_CASE("TLS works on a Unix-domain socket, where no name is verified") {
    on_each_backend([](reactor& r) {
        tls_server server(serving());
        const op_msg_peer peer(server, listen_at::unix_socket);
        const auto strict = trusting();
        const auto e = error_of(r, ping_new(r, {peer.host(), 0}, &strict));
        CHECK(e == errc::tls_failed);
        CHECK(says(e, "Unix-domain socket"));
        const client lax(r, tls_uri(peer.uri(), "&tlsAllowInvalidHostnames=true"));
        CHECK(!error_of(r, lax.ping()));
    });
}

TEST_CASE("a single connection uses TLS if it is told to") {
    on_each_backend([](reactor& r) {
        tls_server server(serving());
        const op_msg_peer peer(server);
        connection_options options;
        const auto secure = trusting();
        options.tls = &secure;
        auto c = sync_wait(r, connection::open(r, {"localhost", peer.port()}, options));
        CHECK(sync_wait(r, c.command("admin", {{"ping", 1}}))["ok"].get<double>() == 1.0);
        CHECK(server.server_name() == "localhost");
        tls_options bad;
        bad.ca_file = "/nowhere";
        options.tls = &bad;
        CHECK(error_of(r, connection::open(r, {"localhost", peer.port()}, options)) ==
              errc::tls_failed);
    });
}

TEST_CASE("closing a client says so to the server, also in TLS") {
    on_each_backend([](reactor& r) {
        tls_scene s(r);
        CHECK(!error_of(r, s.client.ping()));
        CHECK(!error_of(r, s.client.close()));
        CHECK(s.peer.wait_for_closed(1));
        CHECK(s.server.ends() >= 1);
    });
}

TEST_CASE("a find that is cancelled is drained over TLS, and its connection used again") {
    on_each_backend([](reactor& r) {
        for (const std::size_t size : {std::size_t{10}, std::size_t{2'000'000}}) {
            tls_scene s(r, serving(), {.max_pool_size = 1, .drain_timeout = 60s});
            s.peer.expect("find", reply_script().wait(100ms).reply(one_batch(size)));
            std::stop_source stop;
            running cancelled(r, with_stop(s.c.find_one(), stop.get_token()));
            REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
            stop.request_stop();
            CHECK(cancelled.wait().error() == errc::operation_cancelled);
            s.check_works(1);
        }
    });
}

TEST_CASE("a find whose task is destroyed is drained over TLS") {
    on_each_backend([](reactor& r) {
        tls_scene s(r, serving(), {.max_pool_size = 1, .drain_timeout = 60s});
        s.peer.expect("find", reply_script().wait(50ms).reply(one_batch(100'000)));
        {
            running gone(r, s.c.find_one());
            REQUIRE(poll_until(r, [&] { return s.peer.received("find").size() == 1; }));
        }
        s.check_works(1);
    });
}

TEST_CASE("a large request whose task is destroyed half sent is sent whole, and its reply read") {
    on_each_backend([](reactor& r) {
        tls_server server(serving());
        std::atomic<std::size_t> received{0};
        // It reads nothing of the insert until later.
        const listener peer(listen_at::ipv4, [&](peer_socket& socket, std::size_t index) {
            message_bytes got;
            if (index == 0) {  // the monitor
                static_cast<void>(server.accept(socket) && socket.read_message(got) &&
                                  socket.write(hello_reply()));
                return socket.read_to_end(got);
            }
            if (!(server.accept(socket) && socket.read_message(got) &&
                  socket.write(hello_reply()) && socket.wait(150ms) && socket.read_message(got))) {
                return;
            }
            received = got.size();  // before a reply: the test goes on with the last of them
            static_cast<void>(socket.write(op_msg(doc({"n", 1}, {"ok", 1.0}))) &&
                              socket.read_message(got) &&
                              socket.write(op_msg(op_msg_peer::ok_document(), 3)));
            socket.read_to_end(got);
        });
        const client c(r, tls_uri(peer.uri()), {.max_pool_size = 1, .drain_timeout = 60s});
        {
            running insert(r, c["db"]["c"].insert_one(document_of_size(15'000'000)));
            REQUIRE(poll_until(r, [&] { return c.statistics().connections_created == 1; }));
            r.poll();
        }
        CHECK(!error_of(r, c.ping()));
        CHECK(c.statistics().connections_created == 1);
        CHECK(received > 15'000'000);
    });
}

TEST_CASE("many operations at once share TLS connections") {
    on_each_backend([](reactor& r) {
        tls_scene s(r, serving(), {.max_pool_size = 8});
        s.peer.always("find", reply_script().wait(1ms).reply(one_batch(20'000)));
        std::vector<std::unique_ptr<running<std::optional<document>>>> all;
        for (int i = 0; i < 60; ++i) {
            all.push_back(std::make_unique<running<std::optional<document>>>(r, s.c.find_one()));
        }
        for (auto& one : all) {
            CHECK(one->wait());
        }
        CHECK(s.client.statistics().connections_created <= 8);
        CHECK(s.peer.problems() == "");
    });
}
