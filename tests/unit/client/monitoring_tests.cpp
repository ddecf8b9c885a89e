#include "allocation_counter.hpp"
#include "client_support.hpp"
#include "compressors.hpp"
#include "dns_server.hpp"

#include <mongoro/bson/json.hpp>
#include <mongoro/with_deadline.hpp>

#include <map>
#include <set>
#include <string>

using namespace mongoro;
using namespace mongoro::test;

namespace {

struct kept_event {
    std::string what;  // "started find", …
    std::string shown;
    std::string address;
    std::int64_t request_id = 0;
    std::int64_t operation_id = 0;
    std::int64_t connection_id = 0;
    std::optional<std::int64_t> server_connection_id;
    error failure{};
};

class keeper final : public command_listener {
 public:
    void on(const command_started_event& e) noexcept override {
        keep("started ", e, to_json(e.command), {});
    }
    void on(const command_succeeded_event& e) noexcept override {
        keep("succeeded ", e, to_json(e.reply), {});
    }
    void on(const command_failed_event& e) noexcept override { keep("failed ", e, "", e.failure); }

    /// What has been told so far, in its order.
    [[nodiscard]] std::string story() const {
        std::string text;
        for (const auto& e : events) {
            text += text.empty() ? e.what : ", " + e.what;
        }
        return text;
    }
    std::vector<kept_event> events;

 private:
    void keep(std::string what, const command_event& e, std::string shown, error failure) {
        events.push_back({what + std::string(e.command_name), std::move(shown),
                          std::string(e.address), e.request_id, e.operation_id,
                          e.driver_connection_id, e.server_connection_id, std::move(failure)});
    }
};

/// A scene whose client has a listener.
struct watched : scene {
    watched(reactor& r, std::shared_ptr<keeper> k)
        : scene(r, {.command_listener = k}), listener(std::move(k)) {}
    explicit watched(reactor& r) : watched(r, std::make_shared<keeper>()) {}

    std::shared_ptr<keeper> listener;
};

const document one_done = doc({"n", 1}, {"ok", 1.0});
/// Has the command tried again.
const document busy =
    doc({"ok", 0.0}, {"code", 462}, {"errmsg", "too busy"},
        {"errorLabels", arr("SystemOverloadedError", "RetryableError")}, {"baseBackoffMS", 1.0});

}  // namespace

TEST_CASE("a listener is told of a command as it is sent and of its reply, not of the handshake") {
    on_each_backend([](reactor& r) {
        watched s(r);
        s.answer("find", first_batch(numbered(1)));
        CHECK(sync_wait(r, s.c.find_one({{"x", 1}})));
        CHECK(s.listener->story() == "started find, succeeded find");
        const auto& started = s.listener->events.at(0);
        const auto& succeeded = s.listener->events.at(1);
        CHECK(started.shown == to_json(s.peer.received("find").at(0).body));
        CHECK(succeeded.shown == to_json(first_batch(numbered(1))));
        const auto port = std::to_string(s.peer.port());
        for (const auto& e : {started, succeeded}) {
            CHECK(e.address == "127.0.0.1:" + port);
            CHECK(e.request_id == s.peer.received("find").at(0).request_id);
            CHECK(e.operation_id == started.operation_id);
            CHECK(e.connection_id == 1);
        }
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("the server's number of a connection is what its hello said") {
    on_each_backend([](reactor& r) {
        watched s(r);
        auto hello = op_msg_peer::hello_document();
        document numbered_hello;
        for (const auto& element : hello) {
            if (element.key() != "connectionId") {
                numbered_hello.append(element.key(), element.value());
            }
        }
        numbered_hello.append("connectionId", std::int64_t{4711});
        s.peer.always("hello", reply_script().reply(numbered_hello));
        sync_wait(r, s.client.ping());
        REQUIRE(s.listener->events.size() == 2);
        CHECK(s.listener->events[0].server_connection_id == 4711);
    });
}

TEST_CASE("a write's documents stand in the command, and all its batches are one operation") {
    on_each_backend([](reactor& r) {
        watched s(r);
        auto hello = op_msg_peer::hello_document();
        document small;
        for (const auto& element : hello) {
            if (element.key() == "maxWriteBatchSize") {
                small.append("maxWriteBatchSize", 2);
            } else {
                small.append(element.key(), element.value());
            }
        }
        s.peer.always("hello", reply_script().reply(small));
        s.peer.always("insert", reply_script().reply(one_done));
        sync_wait(r, s.c.insert_many(numbered(3)));
        CHECK(s.listener->story() ==
              "started insert, succeeded insert, started insert, succeeded insert");
        const auto& events = s.listener->events;
        CHECK(events[0].shown ==
              R"({"insert": "c", "$db": "db", "ordered": true, "documents": [{"_id": 0}, )"
              R"({"_id": 1}]})");
        CHECK(events[2].shown ==
              R"({"insert": "c", "$db": "db", "ordered": true, "documents": [{"_id": 2}]})");
        CHECK(events[0].operation_id == events[3].operation_id);
        CHECK(events[0].request_id == events[1].request_id);
        CHECK(events[0].request_id != events[2].request_id);
        sync_wait(r, s.c.insert_one({{"_id", 9}}));
        CHECK(s.listener->events[4].operation_id != events[0].operation_id);
    });
}

TEST_CASE("request ids of one client differ, also on several connections") {
    on_each_backend([](reactor& r) {
        watched s(r);
        s.peer.always("find", reply_script().wait(5ms).reply(first_batch(numbered(1))));
        {
            running first(r, s.c.find_one({}));
            running second(r, s.c.find_one({}));
            running third(r, s.c.find_one({}));
            CHECK(first.wait());
            CHECK(second.wait());
            CHECK(third.wait());
        }
        CHECK(s.client.statistics().connections_created == 3);
        std::set<std::int64_t> ids;
        for (const auto& e : s.listener->events) {
            ids.insert(e.request_id);
        }
        CHECK(ids.size() == 3);
        CHECK(s.peer.problems() == "");
    });
}

TEST_CASE("ok: 0 is a failure with all of the server's words, write errors are a success") {
    on_each_backend([](reactor& r) {
        watched s(r);
        s.answer("find", op_msg_peer::error_document(59, "CommandNotFound", "no such command"));
        CHECK(error_of(r, s.c.find_one({})) == errc::command_failed);
        const document refused{
            {"n", 0},
            {"writeErrors", arr(doc({"index", 0}, {"code", 11000}, {"errmsg", "dup"}))},
            {"ok", 1.0}};
        s.answer("insert", refused);
        CHECK(error_of(r, s.c.insert_one({{"_id", 1}})) == errc::write_failed);
        CHECK(s.listener->story() == "started find, failed find, started insert, succeeded insert");
        CHECK(s.listener->events[1].failure.server_code() == 59);
        CHECK(s.listener->events[1].failure.server_message() == "no such command");
        CHECK(s.listener->events[3].shown == to_json(refused));
    });
}

TEST_CASE("a write without acknowledgement has succeeded with {ok: 1}") {
    on_each_backend([](reactor& r) {
        watched s(r);
        s.peer.always("insert", reply_script().reply(one_done));
        sync_wait(r, s.c.insert_one({{"_id", 1}}, {.write_concern = write_concern{.w = 0}}));
        CHECK(s.listener->story() == "started insert, succeeded insert");
        CHECK(s.listener->events.at(1).shown == R"({"ok": 1})");
    });
}

TEST_CASE("a connection that breaks, a deadline and a destroyed operation are failures") {
    on_each_backend([](reactor& r) {
        watched s(r);
        // Once the server is known: the deadline is to end a command, and not the way to it.
        sync_wait(r, s.client.ping());
        s.listener->events.clear();
        s.peer.expect("find", reply_script().hang());
        CHECK(error_of(r, with_deadline(s.c.find_one({}), deadline::after(20ms))) ==
              errc::deadline_exceeded);
        s.peer.expect("count", reply_script().hang());
        {
            running waits(r, s.client["db"].run_command({{"count", "c"}}));
            REQUIRE(poll_until(r, [&] { return s.peer.wait_for("count", 1, 1ms); }));
        }
        s.peer.expect("find", reply_script().close());
        CHECK(error_of(r, s.c.find_one({})) == errc::connection_closed);
        REQUIRE(
            s.listener->story() ==
            "started find, failed find, started count, failed count, started find, failed find");
        CHECK(s.listener->events[1].failure == errc::deadline_exceeded);
        CHECK(s.listener->events[3].failure == errc::operation_cancelled);
        CHECK(s.listener->events[5].failure == errc::connection_closed);
    });
}

TEST_CASE("a command of a user's own has its name, and a login among them is not shown") {
    on_each_backend([](reactor& r) {
        watched s(r);
        s.answer("saslStart", doc({"ok", 1.0}, {"payload", "s3cret"}));
        sync_wait(r, s.client["db"].run_command({{"saslStart", 1}, {"payload", "s3cret"}}));
        s.answer("createUser", op_msg_peer::error_document(51003, "Location51003", "s3cret"));
        CHECK(error_of(r, s.client["db"].run_command({{"createUser", "a"}, {"pwd", "s3cret"}})) ==
              errc::command_failed);
        CHECK(s.listener->story() ==
              "started saslStart, succeeded saslStart, started createUser, failed createUser");
        CHECK(s.listener->events[0].shown == "{}");
        CHECK(s.listener->events[1].shown == "{}");
        CHECK(s.listener->events[2].shown == "{}");
        CHECK(s.listener->events[3].failure.server_code() == 51003);
        CHECK(s.listener->events[3].failure.server_message() == "");
        CHECK(s.listener->events[3].failure.raw_reply().empty());
    });
}

TEST_CASE("the log of a client has its commands, and what is odd about its connection string") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        std::vector<std::string> lines;
        std::vector<document> data;
        client_options options;
        options.log.callback = [&](const log_record& record) {
            lines.push_back(record.to_string());
            data.emplace_back(record.data);
        };
        options.log.command = log_level::debug;
        options.log.client = log_level::warn;
        const std::string uri = peer.uri();
        mongoro::client c(r, uri + (uri.ends_with('/') ? "" : "/") + "?noSuchOption=1", options);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("unsupported option") != std::string::npos);
        sync_wait(r, c.ping());
        REQUIRE(lines.size() == 3);
        CHECK(lines[1].starts_with("Command \"ping\" started on database \"admin\" using a "));
        CHECK(lines[2].starts_with("Command \"ping\" succeeded on database \"admin\" in "));
        CHECK(data[1]["command"].get<std::string>() == R"({"ping": 1, "$db": "admin"})");
        CHECK(data[1]["serverPort"].get<int>() == peer.port());
    });
}

TEST_CASE(
    "a connection that failed while it was in use is closed with that error, for all to see") {
    class closings final : public pool_listener {
     public:
        void on(const connection_closed_event& e) noexcept override {
            reasons.push_back(e.reason);
            failures.push_back(e.failure);
        }
        std::vector<connection_closed_reason> reasons;
        std::vector<error> failures;
    };
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.expect("find", reply_script().close());
        const auto seen = std::make_shared<closings>();
        std::vector<document> closed;
        client_options options;
        options.pool_listener = seen;
        options.log.callback = [&](const log_record& record) {
            if (record.message == "Connection closed") {
                closed.emplace_back(record.data);
            }
        };
        options.log.connection = log_level::debug;
        const client c(r, peer.uri(), options);
        const auto failed = error_of(r, c["db"]["c"].find_one());
        CHECK(failed == errc::connection_closed);
        REQUIRE(seen->failures.size() == 1);
        CHECK(seen->reasons[0] == connection_closed_reason::error);
        CHECK(seen->failures[0] == errc::connection_closed);
        REQUIRE(closed.size() == 1);
        CHECK(closed[0]["error"].get_or<std::string>("") == seen->failures[0].to_string());
        // One that nobody has failed with is closed without.
        CHECK(!error_of(r, c.ping()));
        CHECK(!error_of(r, c.close()));
        REQUIRE(seen->failures.size() == 2);
        CHECK(seen->reasons[1] == connection_closed_reason::pool_closed);
        CHECK(!seen->failures[1]);
    });
}

TEST_CASE("the selections that are logged have their operation's number, whatever else is") {
    on_each_backend([](reactor& r) {
        for (const bool commands : {false, true}) {
            CAPTURE(commands);
            op_msg_peer peer;
            peer.expect("find", reply_script().reply(busy));
            peer.expect("find", reply_script().reply(first_batch(numbered(1))));
            std::map<std::int64_t, std::set<std::string>> said;
            client_options options;
            options.log.callback = [&](const log_record& record) {
                const auto id = record.data["operationId"].try_get<std::int64_t>();
                said[id ? *id : -1].emplace(record.message);
            };
            options.log.server_selection = log_level::debug;
            options.log.command = commands ? log_level::debug : log_level::off;
            const client c(r, peer.uri(), options);
            CHECK(!error_of(r, c["db"]["c"].find_one()));
            CHECK(!error_of(r, c.ping()));
            REQUIRE(said.size() == 2);
            CHECK(said.count(1) == 1);
            CHECK(said[1].count("Server selection started") == 1);
            CHECK(said[1].count("Server selection succeeded") == 1);
            CHECK((said[1].count("Command started") == 1) == commands);
            CHECK(said[2].count("Server selection started") == 1);
        }
    });
}

TEST_CASE("an operation that waits for a server in two of its tries is logged to wait once") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        // The server is unknown from then on, until its next check.
        peer.expect("find", reply_script().reply(
                                doc({"ok", 0.0}, {"code", 10107}, {"errmsg", "not primary"},
                                    {"errorLabels", arr("SystemOverloadedError", "RetryableError")},
                                    {"baseBackoffMS", 1.0})));
        peer.expect("find", reply_script().reply(first_batch(numbered(1))));
        std::vector<std::string> said;
        client_options options;
        options.log.callback = [&](const log_record& record) { said.emplace_back(record.message); };
        options.log.server_selection = log_level::debug;
        const client c(r, peer.uri(), options);
        CHECK(!error_of(r, c["db"]["c"].find_one()));
        const std::vector<std::string> all{
            "Server selection started",   "Waiting for suitable server to become available",
            "Server selection succeeded", "Server selection started",
            "Server selection succeeded",
        };
        CHECK(said == all);
    });
}

TEST_CASE("a hedge, which the server deprecates, is warned of once a client") {
    on_each_backend([](reactor& r) {
        op_msg_peer peer;
        peer.always("find", reply_script().reply(first_batch(numbered(1))));
        std::vector<std::string> lines;
        client_options options;
        options.log.callback = [&](const log_record& record) {
            lines.push_back(record.to_string());
        };
        const client c(r, peer.uri(), options);
        const auto people = c["db"]["c"].with_read_preference({.mode = read_mode::nearest});
        CHECK(!error_of(r, people.find_one()));
        CHECK(lines.empty());
        const auto hedged =
            c["db"]["c"].with_read_preference({.mode = read_mode::nearest, .hedge = false});
        CHECK(!error_of(r, hedged.find_one()));
        CHECK(!error_of(r, hedged.find_one()));
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("hedge is deprecated") != std::string::npos);
    });
}

TEST_CASE("the log of a client has what is odd about the options of a TXT record, once") {
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        const std::string host = "test1.test.build.10gen.cc";
        dns_server names;
        names.a("localhost.test.build.10gen.cc", "127.0.0.1");
        names.srv("_mongodb._tcp." + host, peer.port(), "localhost.test.build.10gen.cc");
        names.txt(host, {"loadBalanced=perhaps"});
        const auto servers = names.address();
        std::vector<std::string> lines;
        client_options options;
        options.dns_servers = servers;
        options.log.callback = [&](const log_record& record) {
            CHECK(record.component == log_component::client);
            lines.emplace_back(record.message);
        };
        options.log.client = log_level::warn;
        const mongoro::client c(r, "mongodb+srv://" + host + "/?tls=false&noSuchOption=1", options);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("unsupported option") != std::string::npos);
        CHECK(!error_of(r, c.ping()));
        REQUIRE(lines.size() == 2);
        CHECK(lines[1].starts_with("TXT record: "));
        CHECK(lines[1].find("loadBalanced") != std::string::npos);
    });
}

TEST_CASE("the log of a client names the compressors that the build is without") {
    on_each_backend([](reactor& r) {
        std::vector<std::string> lines;
        client_options options;
        options.log.callback = [&](const log_record& record) {
            lines.emplace_back(record.message);
        };
        options.log.client = log_level::warn;
        const client c(r, "mongodb://127.0.0.1:1/?compressors=snappy,zlib,zstd", options);
        const auto missing = 3 - built_compressors().size();
        CHECK(lines.size() == (missing == 0 ? 0 : 1));
    });
}

TEST_CASE("a log's file that cannot be opened is an error of the client") {
    on_each_backend([](reactor& r) {
        client_options options;
        options.log.all = log_level::debug;
        options.log.path = "/no/such/folder/driver.log";
        const auto made = client::create(r, "mongodb://127.0.0.1/", options);
        CHECK(made.error() == errc::invalid_argument);
    });
}

TEST_CASE("nobody who listens costs no allocation") {
    if (!allocation_counter::works()) {
        MESSAGE("skipped: a sanitizer has its own malloc");
        return;
    }
    on_each_backend([](reactor& r) {
        const auto allocations = [&](const client_options& options) {
            scene s(r, options);
            s.peer.always("insert", reply_script().reply(one_done));
            const document ada{{"_id", 1}};
            for (int i = 0; i < 5; ++i) {
                sync_wait(r, s.client.ping());
                sync_wait(r, s.c.insert_one(ada));
            }
            const allocation_counter counter;
            for (int i = 0; i < 20; ++i) {
                sync_wait(r, s.client.ping());
                sync_wait(r, s.c.insert_one(ada));
            }
            return counter.count();
        };
        CHECK(allocations({}) == 0);
        CHECK(allocations({.pool_listener = std::make_shared<pool_listener>()}) == 0);
        CHECK(allocations({.command_listener = std::make_shared<command_listener>()}) > 0);
    });
}
