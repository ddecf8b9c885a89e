#include "monitoring_support.hpp"

#include "monitoring/command_monitor.hpp"

using namespace mongoro;
using namespace mongoro::test;
using namespace std::chrono_literals;
using monitoring::command_context;
using monitoring::command_monitor;
using monitoring::document_sequence;

namespace {

struct kept_event {
    std::string kind;
    std::string name;
    std::string database;
    std::string shown;
    std::int64_t request_id = 0;
    std::int64_t operation_id = 0;
    error failure{};
};

class keeper final : public command_listener {
 public:
    void on(const command_started_event& e) noexcept override {
        keep("started", e, to_json(e.command), {});
    }
    void on(const command_succeeded_event& e) noexcept override {
        keep("succeeded", e, to_json(e.reply), {});
    }
    void on(const command_failed_event& e) noexcept override { keep("failed", e, "", e.failure); }

    std::vector<kept_event> events;

 private:
    void keep(std::string kind, const command_event& e, std::string shown, error failure) {
        events.push_back({std::move(kind), std::string(e.command_name),
                          std::string(e.database_name), std::move(shown), e.request_id,
                          e.operation_id, std::move(failure)});
    }
};

command_context context_of() {
    command_context c;
    c.request_id = 7;
    c.operation_id = 3;
    c.address = "h:27018";
    c.driver_connection_id = 2;
    c.server_connection_id = 99;
    return c;
}

document_sequence sequence_of(std::string_view identifier, std::vector<std::uint8_t>& bytes,
                              std::initializer_list<document> documents) {
    for (const auto& d : documents) {
        bytes.insert(bytes.end(), d.bytes().begin(), d.bytes().end());
    }
    return {identifier, bytes};
}

error server_error(std::string_view text) {
    error::details d;
    d.code = make_error_code(errc::command_failed);
    d.server_code = 18;
    d.server_code_name = "AuthenticationFailed";
    d.server_message = text;
    const document reply{{"ok", 0.0}, {"errmsg", text}};
    d.raw_reply.assign(reply.bytes().begin(), reply.bytes().end());
    return error(std::move(d));
}

}  // namespace

TEST_CASE("a command is told with its sequences as arrays, then its reply, under the same ids") {
    keeper k;
    const monitoring::logger silent;
    command_monitor monitor(&k, silent);
    std::vector<std::uint8_t> ops;
    std::vector<std::uint8_t> names;
    const document_sequence sequences[] = {
        sequence_of("ops", ops, {document{{"insert", 0}}, document{{"delete", 0}}}),
        sequence_of("nsInfo", names, {document{{"ns", "db.c"}}})};
    auto context = context_of();
    monitor.started(context, document{{"bulkWrite", 1}, {"$db", "admin"}, {"lsid", doc({"id", 1})}},
                    sequences);
    monitor.succeeded(context, 1ms, document{{"ok", 1}});
    REQUIRE(k.events.size() == 2);
    CHECK(k.events[0].shown ==
          R"({"bulkWrite": 1, "$db": "admin", "lsid": {"id": 1}, "ops": [{"insert": 0}, )"
          R"({"delete": 0}], "nsInfo": [{"ns": "db.c"}]})");
    CHECK(k.events[1].shown == R"({"ok": 1})");
    for (const auto& e : k.events) {
        CHECK(e.name == "bulkWrite");
        CHECK(e.database == "admin");
        CHECK(e.request_id == 7);
        CHECK(e.operation_id == 3);
    }
}

TEST_CASE("an empty sequence is an empty array, and an unacknowledged command has {ok: 1}") {
    keeper k;
    const monitoring::logger silent;
    command_monitor monitor(&k, silent);
    const document_sequence none{"documents", {}};
    auto context = context_of();
    monitor.started(context, document{{"insert", "c"}}, {&none, 1});
    monitor.succeeded(context, 1ms, {});
    REQUIRE(k.events.size() == 2);
    CHECK(k.events[0].shown == R"({"insert": "c", "documents": []})");
    CHECK(k.events[0].database == "");
    CHECK(k.events[1].shown == R"({"ok": 1})");
}

TEST_CASE("of a sensitive command neither itself, its reply nor the server's words are told") {
    keeper k;
    recorder r;
    command_monitor monitor(&k, r.log());
    const document commands[] = {
        {{"saslStart", 1}, {"payload", "s3cret"}, {"$db", "admin"}},
        {{"SASLCONTINUE", 1}, {"payload", "s3cret"}, {"$db", "admin"}},
        {{"createUser", "ada"}, {"pwd", "s3cret"}, {"$db", "admin"}},
        {{"hello", 1}, {"speculativeAuthenticate", doc({"p", "s3cret"})}, {"$db", "admin"}},
    };
    for (const auto& command : commands) {
        auto context = context_of();
        monitor.started(context, command, {});
        monitor.succeeded(context, 1ms, document{{"ok", 1}, {"payload", "s3cret"}});
        monitor.failed(context, 1ms, server_error("s3cret"));
    }
    REQUIRE(k.events.size() == 12);
    REQUIRE(r.records().size() == 12);
    for (std::size_t i = 0; i < 12; i += 3) {
        CHECK(k.events[i].shown == "{}");
        CHECK(k.events[i + 1].shown == "{}");
        const auto& failure = k.events[i + 2].failure;
        CHECK(failure.server_code() == 18);
        CHECK(failure.server_message() == "");
        CHECK(failure.raw_reply().empty());
        CHECK(r.records()[i].data["command"].get<std::string>() == "{}");
        CHECK(r.records()[i + 1].data["reply"].get<std::string>() == "{}");
        CHECK(r.records()[i + 2].data["failure"].get<std::string>() ==
              "REDACTED: command failed (server error 18, AuthenticationFailed)");
    }
    for (const auto& record : r.records()) {
        CHECK(to_json(record.data).find("s3cret") == std::string::npos);
        CHECK(record.line.find("s3cret") == std::string::npos);
    }
}

TEST_CASE("a hello without a login is shown") {
    keeper k;
    const monitoring::logger silent;
    command_monitor monitor(&k, silent);
    auto context = context_of();
    monitor.started(context, document{{"isMaster", 1}}, {});
    monitor.succeeded(context, 1ms, document{{"ok", 1}, {"ismaster", true}});
    REQUIRE(k.events.size() == 2);
    CHECK(k.events[0].shown == R"({"isMaster": 1})");
    CHECK(k.events[1].shown == R"({"ok": 1, "ismaster": true})");
}

TEST_CASE("the records of a command have the specification's keys and text") {
    recorder r;
    command_monitor monitor(nullptr, r.log());
    auto context = context_of();
    monitor.started(context, document{{"ping", 1}, {"$db", "db"}}, {});
    auto record = r.only();
    CHECK(record.component == log_component::command);
    CHECK(record.level == log_level::debug);
    CHECK(to_json(record.data) ==
          R"({"message": "Command started", "commandName": "ping", "databaseName": "db", )"
          R"("requestId": 7, "operationId": 3, "driverConnectionId": 2, "serverHost": "h", )"
          R"("serverPort": 27018, "serverConnectionId": 99, )"
          R"("command": "{\"ping\": 1, \"$db\": \"db\"}"})");
    CHECK(record.line ==
          "Command \"ping\" started on database \"db\" using a connection with driver-generated ID "
          "2 and server-generated ID 99 to h:27018. The requestID is 7 and the operation ID is 3. "
          "Command: {\"ping\": 1, \"$db\": \"db\"}");

    monitor.succeeded(context, 1500us, document{{"ok", 1.0}});
    record = r.only();
    CHECK(record.message == "Command succeeded");
    CHECK(record.data["durationMS"].get<double>() == 1.5);
    CHECK(record.data["reply"].get<std::string>() == R"({"ok": 1.0})");
    CHECK(record.line ==
          "Command \"ping\" succeeded on database \"db\" in 1.5 ms using a connection with "
          "driver-generated ID 2 and server-generated ID 99 to h:27018. The requestID is 7 and the "
          "operation ID is 3. Command reply: {\"ok\": 1.0}");

    context.server_connection_id.reset();
    context.service_id = object_id();
    context.address = "/tmp/mongodb.sock";
    monitor.failed(context, 2ms, server_error("no"));
    record = r.only();
    CHECK(record.message == "Command failed");
    CHECK(record.data["serviceId"].get<std::string>() == "000000000000000000000000");
    CHECK_FALSE(record.data.contains("serverConnectionId"));
    CHECK_FALSE(record.data.contains("serverPort"));
    CHECK(
        record.line ==
        "Command \"ping\" failed on database \"db\" in 2 ms using a connection with "
        "driver-generated ID 2 to /tmp/mongodb.sock with service ID 000000000000000000000000. The "
        "requestID is 7 and the operation ID is 3. Error: command failed (server error 18, "
        "AuthenticationFailed). Reply: {\"ok\": 0.0, \"errmsg\": \"no\"}");
}

TEST_CASE("a long write is cut in the log at the same place, with and without a listener") {
    std::vector<std::uint8_t> bytes;
    document_sequence sequence;
    for (int i = 0; i < 5000; ++i) {
        sequence = sequence_of("documents", bytes, {document{{"x", "y"}}});
    }
    std::string texts[2];
    for (const bool listened : {false, true}) {
        keeper k;
        recorder r;
        command_monitor monitor(listened ? &k : nullptr, r.log());
        auto context = context_of();
        monitor.started(context, document{{"insert", "c"}, {"$db", "db"}}, {&sequence, 1});
        texts[listened ? 1 : 0] = r.only().data["command"].get<std::string>();
    }
    CHECK(texts[0].size() == 1003);
    CHECK(texts[0].ends_with("..."));
    CHECK(texts[0] == texts[1]);
}

TEST_CASE(
    "the longest text of a document is an option's, and a server's reply in an error has it") {
    recorder r(log_level::debug, {.max_document_length = 5});
    command_monitor monitor(nullptr, r.log());
    auto context = context_of();
    monitor.started(context, document{{"hello", true}}, {});
    CHECK(r.only().data["command"].get<std::string>() == "{\"hel...");
    monitor.succeeded(context, 1ms, document{{"ok", 1}});
    CHECK(r.only().data["reply"].get<std::string>() == "{\"ok\"...");
    monitor.failed(context, 1ms, server_error("no such command"));
    CHECK(r.only().data["failure"].get<std::string>().ends_with("Reply: {\"ok\"..."));
}

TEST_CASE("ids count from 1") {
    const monitoring::logger silent;
    command_monitor monitor(nullptr, silent);
    CHECK(monitor.next_operation_id() == 1);
    CHECK(monitor.next_operation_id() == 2);
    CHECK(monitor.next_request_id() == 1);
    CHECK(monitor.next_request_id() == 2);
}
