#include "deployment.hpp"

#include "plain_client.hpp"
#include "wire/message.hpp"

#include <mongoro/bson/build.hpp>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using namespace mongoro;
using namespace mongoro::test;

namespace {

/// A connection to one member.
struct talk {
    talk(const deployment& d, std::size_t member) : client("127.0.0.1", d.port(member)) {}

    void send(document_view body, const std::vector<document>& documents = {},
              std::uint32_t flags = 0) {
        client.send(request(++id, flags, body, documents));
    }
    /// The body of the next reply; empty if the connection was closed instead.
    document receive(std::uint32_t* flags = nullptr) {
        const auto message = client.receive_message();
        if (message.empty()) {
            return {};
        }
        const auto decoded = wire::decode_message(message);
        REQUIRE(decoded);
        if (flags != nullptr) {
            *flags = decoded->flags;
        }
        return document(decoded->body);
    }
    document ask(document_view body, const std::vector<document>& documents = {}) {
        send(body, documents);
        return receive();
    }
    document hello() { return ask(doc({"hello", 1}, {"$db", "admin"})); }
    document insert(int number, int transaction = -1) {
        document body{{"insert", "c"}, {"$db", "db"}};
        if (transaction >= 0) {
            body.append("lsid", doc({"id", "a session"}))
                .append("txnNumber", static_cast<std::int64_t>(transaction));
        }
        return ask(body, {document{{"_id", number}}});
    }
    document find(int number, const char* mode = "primary") {
        return ask(document{{"find", "c"},
                            {"filter", doc({"_id", number})},
                            {"$db", "db"},
                            {"$readPreference", doc({"mode", mode})}});
    }

    plain_client client;
    std::int32_t id = 0;
};

int code_of(const document& reply) {
    return reply["ok"].get<double>() == 1.0 ? 0 : reply["code"].get<int>();
}

const std::vector<role> three{role::primary, role::secondary, role::secondary};

}  // namespace

TEST_CASE("a replica set's members tell one story of hosts, primary, election and themselves") {
    deployment set({role::primary, role::secondary, role::arbiter});
    document primary = talk(set, 0).hello();
    CHECK(primary["isWritablePrimary"].get<bool>());
    CHECK(primary["setName"].get<std::string>() == "rs");
    CHECK(primary["hosts"].at(1).get<std::string>() == set.address(1));
    CHECK(primary["arbiters"].at(0).get<std::string>() == set.address(2));
    CHECK(primary["me"].get<std::string>() == set.address(0));
    CHECK(primary["electionId"].exists());
    document secondary = talk(set, 1).hello();
    CHECK(secondary["secondary"].get<bool>());
    CHECK(!secondary["isWritablePrimary"].get<bool>());
    CHECK(secondary["primary"].get<std::string>() == set.address(0));
    CHECK(!secondary["electionId"].exists());
    CHECK(talk(set, 2).hello()["arbiterOnly"].get<bool>());
    CHECK(set.uri() == "mongodb://" + set.address(0) + "," + set.address(1) + "," + set.address(2) +
                           "/?replicaSet=rs");
    CHECK(set.count(0, "hello") == 1);
}

TEST_CASE("a step-down and an election are seen by all, with a greater election id and version") {
    deployment set(three);
    talk first(set, 0);
    talk second(set, 1);
    const auto before = first.hello();
    set.step_down();
    CHECK(!set.primary());
    const auto between = first.hello();
    CHECK(!between["isWritablePrimary"].get<bool>());
    CHECK(!between["primary"].exists());
    set.elect(1);
    CHECK(set.primary() == 1);
    const auto after = second.hello();
    CHECK(after["isWritablePrimary"].get<bool>());
    CHECK(after["electionId"].get<bson::object_id>() > before["electionId"].get<bson::object_id>());
    CHECK(first.hello()["primary"].get<std::string>() == set.address(1));
    CHECK(first.hello()["topologyVersion"]["counter"].get<std::int64_t>() >
          before["topologyVersion"]["counter"].get<std::int64_t>());
}

TEST_CASE("writes are for the primary, reads for who may, and all read the same") {
    deployment set({role::primary, role::secondary, role::arbiter});
    talk primary(set, 0);
    talk secondary(set, 1);
    CHECK(primary.insert(1)["n"].get<int>() == 1);
    const auto refused = secondary.insert(2);
    CHECK(code_of(refused) == 10107);
    CHECK(refused["topologyVersion"]["processId"].exists());
    CHECK(code_of(secondary.find(1)) == 13435);
    CHECK(secondary.find(1, "secondary")["cursor"]["firstBatch"].at(0)["_id"].get<int>() == 1);
    CHECK(primary.find(1)["cursor"]["firstBatch"].at(0)["_id"].get<int>() == 1);
    CHECK(!primary.find(2)["cursor"]["firstBatch"].at(0).exists());
    CHECK(code_of(talk(set, 2).find(1, "nearest")) == 13436);
    CHECK(code_of(primary.ask(doc({"frobnicate", 1}, {"$db", "db"}))) == 59);
    CHECK(primary.ask(doc({"count", "c"}, {"$db", "db"}))["n"].get<int>() == 1);
    CHECK(set.count(0, "find") == 2);
    CHECK(set.count(1, "find") == 2);
    CHECK(set.count("insert") == 2);
    CHECK(set.received(1, "insert").size() == 1);
    CHECK(set.store().documents("db.c").size() == 1);
    CHECK(primary.ask(doc({"drop", "c"}, {"$db", "db"}))["ok"].get<double>() == 1.0);
    CHECK(set.store().documents("db.c").empty());
}

TEST_CASE("a retryable write that comes again is answered again and not done again") {
    deployment set(three);
    CHECK(talk(set, 0).insert(1, 7)["n"].get<int>() == 1);
    set.elect(1);
    talk now(set, 1);
    CHECK(now.insert(1, 7)["n"].get<int>() == 1);
    CHECK(set.store().writes_done() == 1);
    CHECK(set.store().repetitions() == 1);
    CHECK(now.insert(1, 8)["writeErrors"].at(0)["code"].get<int>() == 11000);
    const auto refused = talk(set, 0).insert(2, 9);
    CHECK(refused["errorLabels"].at(0).get<std::string>() == "RetryableWriteError");
}

TEST_CASE("a hello that waits is answered by a change, or when its time is over") {
    deployment set(three);
    talk c(set, 1);
    const auto version = document(c.hello()["topologyVersion"].get<document_view>());
    const auto waiting = [&](std::int64_t ms) {
        return document{
            {"hello", 1}, {"topologyVersion", version}, {"maxAwaitTimeMS", ms}, {"$db", "admin"}};
    };
    CHECK(c.ask(waiting(1))["topologyVersion"].get<document_view>() == version);
    c.send(waiting(60'000));
    REQUIRE(set.wait_for(1, "hello", 3));
    set.step_down();
    CHECK(c.receive()["topologyVersion"].get<document_view>() != version);
    // One that is out of date does not wait.
    CHECK(c.ask(waiting(60'000))["topologyVersion"].get<document_view>() != version);
}

TEST_CASE("a streamed hello is answered again and again with more to come, each change at once") {
    deployment set(three);
    talk c(set, 0);
    const auto version = document(c.hello()["topologyVersion"].get<document_view>());
    c.send(document{{"hello", 1},
                    {"topologyVersion", version},
                    {"maxAwaitTimeMS", std::int64_t{60'000}},
                    {"$db", "admin"}},
           {}, wire::msg_flags::exhaust_allowed);
    std::uint32_t flags = 0;
    set.step_down();
    CHECK(!c.receive(&flags)["isWritablePrimary"].get<bool>());
    CHECK((flags & wire::msg_flags::more_to_come) != 0);
    set.elect(0);
    CHECK(c.receive(&flags)["isWritablePrimary"].get<bool>());
    CHECK((flags & wire::msg_flags::more_to_come) != 0);
    // A failure ends the stream.
    set.fail(0, {.commands = {"hello"}, .times = 1, .error_code = 91});
    set.elect(0);
    CHECK(code_of(c.receive(&flags)) == 91);
    CHECK((flags & wire::msg_flags::more_to_come) == 0);
    CHECK(c.hello()["isWritablePrimary"].get<bool>());
}

TEST_CASE(
    "rules fail commands by name, so many times, and only of the application that they name") {
    deployment set(three);
    talk c(set, 0);
    set.fail(0, {.commands = {"find", "insert"},
                 .times = 2,
                 .error_code = 91,
                 .code_name = "ShutdownInProgress",
                 .labels = {"RetryableWriteError"}});
    const auto failed = c.insert(1);
    CHECK(code_of(failed) == 91);
    CHECK(failed["errorLabels"].at(0).get<std::string>() == "RetryableWriteError");
    CHECK(set.store().writes_done() == 0);
    CHECK(code_of(c.find(1)) == 91);
    CHECK(code_of(c.insert(1)) == 0);

    set.fail(0, {.commands = {"ping"}, .app_name = "mine", .error_code = 11600});
    CHECK(code_of(c.ask(doc({"ping", 1}, {"$db", "db"}))) == 0);
    talk mine(set, 0);
    mine.ask(doc({"hello", 1}, {"client", doc({"application", doc({"name", "mine"})})},
                 {"$db", "admin"}));
    CHECK(code_of(mine.ask(doc({"ping", 1}, {"$db", "db"}))) == 11600);
    set.clear_failures(0);
    CHECK(code_of(mine.ask(doc({"ping", 1}, {"$db", "db"}))) == 0);
}

TEST_CASE(
    "a rule closes the connection before a write or after it, or adds a write concern error") {
    deployment set(three);
    set.fail(0, {.commands = {"insert"}, .times = 1, .close_connection = true});
    CHECK(talk(set, 0).insert(1).empty());
    CHECK(set.store().writes_done() == 0);
    set.fail(0, {.commands = {"insert"}, .times = 1, .close_after = true});
    CHECK(talk(set, 0).insert(1).empty());
    CHECK(set.store().writes_done() == 1);
    set.fail(0, {.commands = {"insert"},
                 .times = 1,
                 .write_concern_error = document{{"code", 91}, {"errmsg", "x"}}});
    CHECK(talk(set, 0).insert(2)["writeConcernError"]["code"].get<int>() == 91);
    CHECK(set.store().writes_done() == 2);
}

TEST_CASE("a rule and a slow member make a command take longer") {
    deployment set(three);
    talk c(set, 0);
    const auto took = [&] {
        const auto start = std::chrono::steady_clock::now();
        CHECK(code_of(c.ask(doc({"ping", 1}, {"$db", "db"}))) == 0);
        return std::chrono::steady_clock::now() - start;
    };
    set.fail(0, {.commands = {"ping"}, .times = 1, .block = 50ms});
    CHECK(took() >= 50ms);
    set.slow(0, 30ms);
    CHECK(took() >= 30ms);
}

TEST_CASE("a member that is killed resets and refuses, and is back at its port as a secondary") {
    deployment set(three);
    talk c(set, 0);
    const auto before = c.hello();
    set.kill(0);
    int failed = 0;
    CHECK(c.client.receive(1, &failed).empty());
    CHECK(failed == ECONNRESET);
    CHECK(!talk(set, 0).client.connected());
    CHECK(!talk(set, 1).hello()["primary"].exists());
    set.restart(0);
    talk again(set, 0);
    REQUIRE(again.client.connected());
    const auto after = again.hello();
    CHECK(after["secondary"].get<bool>());
    CHECK(after["topologyVersion"]["processId"].get<bson::object_id>() !=
          before["topologyVersion"]["processId"].get<bson::object_id>());
    CHECK(set.connections(0) == 2);
}

TEST_CASE("a partition that hangs keeps requests until it is healed, one that resets refuses") {
    deployment set(three);
    talk c(set, 0);
    c.hello();
    set.partition(0, partition_mode::hang);
    c.send(doc({"ping", 1}, {"$db", "db"}));
    talk late(set, 0);
    CHECK(late.client.connected());
    late.send(doc({"ping", 1}, {"$db", "db"}));
    CHECK(set.count(0, "ping") == 0);
    set.heal(0);
    CHECK(code_of(c.receive()) == 0);
    CHECK(code_of(late.receive()) == 0);

    set.partition(0, partition_mode::reset);
    CHECK(c.client.receive(1).empty());
    CHECK(!talk(set, 0).client.connected());
    set.heal(0);
    CHECK(talk(set, 0).hello()["isWritablePrimary"].get<bool>());
}

TEST_CASE("a member that hangs can be killed, and a deployment that waits destroyed") {
    deployment set(three);
    talk c(set, 0);
    talk other(set, 1);
    set.partition(0, partition_mode::hang);
    c.send(doc({"ping", 1}, {"$db", "db"}));
    set.kill(0);
    CHECK(c.client.receive(1).empty());
    const auto version = document(other.hello()["topologyVersion"].get<document_view>());
    other.send(document{{"hello", 1},
                        {"topologyVersion", version},
                        {"maxAwaitTimeMS", std::int64_t{60'000}},
                        {"$db", "admin"}});
}

TEST_CASE("members come and go in versions of the configuration") {
    deployment set(three);
    const auto before = talk(set, 0).hello();
    const auto fourth = set.add(role::secondary);
    CHECK(fourth == 3);
    const auto grown = talk(set, 0).hello();
    CHECK(grown["setVersion"].get<int>() == before["setVersion"].get<int>() + 1);
    CHECK(grown["hosts"].at(3).get<std::string>() == set.address(3));
    CHECK(talk(set, 3).hello()["secondary"].get<bool>());
    set.remove(1);
    CHECK(talk(set, 1).hello()["isreplicaset"].get<bool>());
    CHECK(!talk(set, 0).hello()["hosts"].at(3).exists());
}

TEST_CASE("fields of a member's hello can be replaced and added") {
    deployment set(three);
    set.set_hello_fields(1, document{{"tags", doc({"dc", "ny"})}, {"maxWireVersion", 7}});
    const auto hello = talk(set, 1).hello();
    CHECK(hello["tags"]["dc"].get<std::string>() == "ny");
    CHECK(hello["maxWireVersion"].get<int>() == 7);
}

TEST_CASE("a standalone, mongos and load balancers say what they are") {
    deployment alone({role::standalone});
    CHECK(alone.uri() == "mongodb://" + alone.address(0) + "/");
    CHECK(!talk(alone, 0).hello()["setName"].exists());
    CHECK(talk(alone, 0).insert(1)["n"].get<int>() == 1);

    deployment sharded({role::mongos, role::mongos});
    CHECK(talk(sharded, 1).hello()["msg"].get<std::string>() == "isdbgrid");
    talk(sharded, 0).insert(1);
    CHECK(talk(sharded, 1).find(1)["cursor"]["firstBatch"].at(0).exists());

    deployment balanced({role::load_balancer});
    balanced.set_services(2);
    CHECK(balanced.uri("appName=x") ==
          "mongodb://" + balanced.address(0) + "/?loadBalanced=true&appName=x");
    const document hello{{"hello", 1}, {"loadBalanced", true}, {"$db", "admin"}};
    const auto service = [&] {
        return talk(balanced, 0).ask(hello)["serviceId"].get<bson::object_id>();
    };
    const auto first = service();
    CHECK(first != service());
    CHECK(first == service());
    CHECK(!talk(balanced, 0).hello()["serviceId"].exists());
}
