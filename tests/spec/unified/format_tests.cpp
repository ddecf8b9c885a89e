#include <doctest/doctest.h>

#include "exceptions.hpp"
#include "unified/arguments.hpp"
#include "unified/client_uri.hpp"
#include "unified/events.hpp"
#include "unified/operations.hpp"
#include "unified/schema.hpp"

#include <mongoro/bson/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace mongoro;
using namespace mongoro::spec;
using namespace mongoro::spec::unified;

namespace {

document parsed(std::string_view text) {
    return bson::from_json(text).value();
}

std::string test_file(const std::string& test) {
    return R"({"description": "d", "schemaVersion": "1.0", "tests": [)" + test + "]}";
}

std::string violation(const std::string& test) {
    return schema_violation(parsed(test_file(test)));
}

}  // namespace

TEST_CASE("a file of the format is one") {
    CHECK(violation(R"({"description": "t", "operations": []})").empty());
    CHECK(violation(R"({"description": "t", "skipReason": "x", "operations":
        [{"name": "find", "object": "c", "arguments": {"any": 1}, "expectResult": [1]}],
        "expectEvents": [{"client": "c", "eventType": "cmap", "events":
            [{"poolClearedEvent": {"hasServiceId": false}}]}]})")
              .empty());
    CHECK(schema_violation(parsed(R"({"description": "d", "schemaVersion": "1.4",
        "runOnRequirements": [{"minServerVersion": "4.0.10", "csfle": true,
            "topologies": ["single"], "serverParameters": {"x": 1}}],
        "createEntities": [{"client": {"id": "c", "observeEvents": ["commandStartedEvent"],
            "observeLogMessages": {"command": "debug"}}}],
        "initialData": [{"collectionName": "c", "databaseName": "d", "documents": [{}]}],
        "tests": [{"description": "t", "operations": []}], "_yamlAnchors": {}})"))
              .empty());
}

TEST_CASE("what is not of the format is named with its path") {
    CHECK(schema_violation(parsed(R"({"description": "d", "schemaVersion": "1.0"})")) ==
          "tests is missing");
    CHECK(violation(R"({"description": "t", "operations": [], "foo": 1})") ==
          "tests.0.foo is no member of the format");
    CHECK(violation(R"({"description": "t", "operations": [{"name": "f"}]})") ==
          "tests.0.operations.0.object is missing");
    CHECK(violation(R"({"description": 1, "operations": []})") ==
          "tests.0.description is no string");
    CHECK(violation(R"({"description": "t", "operations": [{"name": "f", "object": "c",
        "expectError": {"isError": false}}]})") ==
          "tests.0.operations.0.expectError.isError is not true");
    CHECK(violation(R"({"description": "t", "operations": [{"name": "f", "object": "c",
        "expectError": {"isError": true}, "expectResult": 1}]})") ==
          "tests.0.operations.0 expects an error and a result");
    CHECK(violation(R"({"description": "t", "operations": [{"name": "f", "object": "c",
        "ignoreResultAndError": true, "saveResultAsEntity": "x"}]})") ==
          "tests.0.operations.0 ignores what it expects");
    CHECK(violation(R"({"description": "t", "operations": [], "expectEvents":
        [{"client": "c", "events": [{"poolReadyEvent": {}}]}]})") ==
          "tests.0.expectEvents.0.events.0.poolReadyEvent is no member of the format");
    CHECK(violation(R"({"description": "t", "operations": [], "expectEvents":
        [{"client": "c", "eventType": "cmap", "events": [{"poolReadyEvent": {"x": 1}}]}]})") ==
          "tests.0.expectEvents.0.events.0.poolReadyEvent has 1 members, which is not the right "
          "number");
}

TEST_CASE("an entity is of one kind, and of one that the format has") {
    CHECK(entity_violation(parsed(R"({"thread": {"id": "t"}})")).empty());
    CHECK_FALSE(entity_violation(parsed(R"({})")).empty());
    CHECK_FALSE(entity_violation(parsed(R"({"stream": {"id": "t"}})")).empty());
    CHECK_FALSE(
        entity_violation(parsed(R"({"thread": {"id": "t"}, "session": {"id": "s"}})")).empty());
}

TEST_CASE("an expected event is of any type, and of the format") {
    const auto right = [](std::string_view event) {
        return event_violation(bson::from_json(event).value()).empty();
    };
    CHECK(right(R"({"commandStartedEvent": {"commandName": "find"}})"));
    CHECK(right(R"({"poolClearedEvent": {}})"));
    CHECK(right(R"({"serverDescriptionChangedEvent": {"newDescription": {"type": "Unknown"}}})"));
    CHECK_FALSE(right(R"({"poolClearedEvent": {"reason": "error"}})"));
    CHECK_FALSE(right(R"({"serverDescriptionChangedEvent": {"newDescription": {"type": "x"}}})"));
    CHECK_FALSE(right(R"({"poolClearedEvent": {}, "poolReadyEvent": {}})"));
    CHECK_FALSE(right(R"({"somethingEvent": {}})"));
    CHECK_FALSE(right("{}"));
}

TEST_CASE("versions are compared number by number") {
    CHECK(parse_version("4.0.10") > parse_version("4.0.9"));
    CHECK(parse_version("4.0.10") < parse_version("4.2"));
    CHECK(parse_version("4") == parse_version("4.0.0"));
    CHECK(parse_version("4.9.0-alpha4-271-g7d5cf02") == parse_version("4.9"));
    CHECK_FALSE(parse_version("x"));
    CHECK(version_problem("1.0").empty());
    CHECK(version_problem("1.28").empty());
    CHECK(version_problem("1.3.7").empty());
    CHECK_FALSE(version_problem("1.29").empty());
    CHECK_FALSE(version_problem("2.0").empty());
    CHECK_FALSE(version_problem("0.1").empty());
}

TEST_CASE("a client's connection string has the entity's options in the place of its own") {
    const auto uri = [](std::string_view base, std::string_view entity) {
        return client_uri(base, parsed(entity)).to_string();
    };
    CHECK(uri("mongodb://h:1/", R"({"id": "c"})") == "mongodb://h:1/");
    CHECK(uri("mongodb://h:1", R"({"uriOptions": {"retryReads": false, "appname": "a b&c"}})") ==
          "mongodb://h:1/?retryReads=false&appname=a%20b%26c");
    CHECK(uri("mongodb://u:p@h:1,g:2/d?W=1&tls=true", R"({"uriOptions": {"w": "majority"}})") ==
          "mongodb://u:p@h:1,g:2/d?tls=true&w=majority");
    CHECK(uri("mongodb://h", R"({"uriOptions": {"readPreferenceTags": ["dc:ny", ""]}})") ==
          "mongodb://h/?readPreferenceTags=dc:ny&readPreferenceTags=");
    CHECK(uri("mongodb://h,g/?replicaSet=r", R"({"uriOptions": {"directConnection": true}})") ==
          "mongodb://h/?directConnection=true");
    CHECK(uri("mongodb://h",
              R"({"uriOptions": {"authMechanismProperties": {"A": "b", "C": true}}})") ==
          "mongodb://h/?authMechanismProperties=A:b,C:true");
    CHECK_THROWS_AS(
        (void)uri("mongodb://h",
                  R"({"uriOptions": {"authMechanismProperties": {"A": {"$$placeholder": 1}}}})"),
        skip_test);
    const auto placeholder = R"({"uriOptions": {"authMechanismProperties": {"$$placeholder": 1}}})";
    CHECK(uri("mongodb://h/?authMechanismProperties=ENVIRONMENT:test", placeholder) ==
          "mongodb://h/?authMechanismProperties=ENVIRONMENT:test");
    CHECK_THROWS_AS((void)uri("mongodb://h", placeholder), skip_test);
    CHECK_THROWS_AS((void)uri("h:1", R"({})"), test_failure);
}

TEST_CASE("an argument that was not asked for is an error, or not built") {
    const auto given = parsed(R"({"filter": {"x": 1}, "limit": 2, "hint": "a", "foo": 1})");
    arguments args(given);
    CHECK(args.required<bson::document_view>("filter") == parsed(R"({"x": 1})"));
    find_options options;
    args.options(options);
    CHECK(options.limit == 2);
    CHECK(options.hint.has_value());
    CHECK_FALSE(options.skip);
    CHECK_THROWS_WITH_AS(args.finish(), "unsupported argument: foo", test_failure);
    CHECK_THROWS_AS((void)args.required<bson::document_view>("update"), test_failure);
    CHECK_THROWS_AS((void)args.required<std::string_view>("limit"), test_failure);

    const auto newer = parsed(R"({"timeoutMS": 1})");
    CHECK_THROWS_WITH_AS(arguments(newer).finish(), "argument not built: timeoutMS", skip_test);
    const auto wrong = parsed(R"({"limit": "2"})");
    CHECK_THROWS_AS(arguments(wrong).options(options), test_failure);
    const auto nonsense = parsed(R"({"returnDocument": "invalid"})");
    find_one_and_update_options update;
    CHECK_THROWS_AS(arguments(nonsense).options(update), test_failure);
}

TEST_CASE("events are matched one by one in their order") {
    const auto started = [](std::string_view name) {
        document data;
        data.append("commandName", name);
        data.append("databaseName", "d");
        document command;
        command.append(name, 1);
        command.append("more", 1);
        data.append("command", command);
        return observed_event{event_type::command, "commandStartedEvent", data};
    };
    const std::vector<observed_event> got{
        started("find"), started("getMore"), {event_type::cmap, "poolReadyEvent", {}}};
    const auto mismatch = [&](std::string_view expected) {
        document holder;
        holder.append("v", parsed(expected));
        return events_mismatch(matcher(), holder["v"], got);
    };
    CHECK(mismatch(R"({"events": [{"commandStartedEvent": {"command": {"find": 1}}},
        {"commandStartedEvent": {"commandName": "getMore", "databaseName": "d"}}]})")
              .empty());
    CHECK_FALSE(mismatch(R"({"events": []})").empty());
    CHECK_FALSE(mismatch(R"({"events": [{"commandStartedEvent": {}}]})").empty());
    CHECK(mismatch(R"({"events": [{"commandStartedEvent": {}}], "ignoreExtraEvents": true})")
              .empty());
    CHECK_FALSE(mismatch(R"({"events": [{"commandStartedEvent": {"commandName": "getMore"}},
        {"commandStartedEvent": {}}]})")
                    .empty());
    CHECK_FALSE(mismatch(R"({"events": [{"commandStartedEvent": {}}, {"commandStartedEvent": {}},
        {"commandStartedEvent": {}}]})")
                    .empty());
    CHECK_FALSE(mismatch(R"({"events": [{"commandFailedEvent": {}}, {"commandStartedEvent": {}}]})")
                    .empty());
    CHECK(mismatch(R"({"eventType": "cmap", "events": [{"poolReadyEvent": {}}]})").empty());
    CHECK_FALSE(
        mismatch(R"({"eventType": "sdam", "events": [{"topologyOpeningEvent": {}}]})").empty());
    CHECK(mismatch(R"({"eventType": "sdam", "events": []})").empty());
}

TEST_CASE("log messages are ignored before they are counted") {
    const auto message = [](std::string_view text) {
        document data;
        data.append("message", text);
        return observed_message{"command", "debug", data};
    };
    const std::vector<observed_message> got{message("a"), message("b"), message("a")};
    const auto mismatch = [&](std::string_view expected) {
        document holder;
        holder.append("v", parsed(expected));
        return messages_mismatch(matcher(), holder["v"], got, {});
    };
    constexpr std::string_view a =
        R"({"level": "debug", "component": "command", "data": {"message": "a"}})";
    constexpr std::string_view b =
        R"({"level": "debug", "component": "command", "data": {"message": "b"}})";
    const auto list = [](auto... each) {
        std::string text;
        ((text += (text.empty() ? "[" : ", ") + std::string(each)), ...);
        return text + "]";
    };
    CHECK(mismatch(R"({"messages": )" + list(a, b, a) + "}").empty());
    CHECK_FALSE(mismatch(R"({"messages": )" + list(a, b) + "}").empty());
    CHECK(mismatch(R"({"ignoreExtraMessages": true, "messages": )" + list(a, b) + "}").empty());
    CHECK(
        mismatch(R"({"messages": )" + list(b) + R"(, "ignoreMessages": )" + list(a) + "}").empty());
    CHECK_FALSE(mismatch(R"({"messages": )" + list(b, a, a) + "}").empty());
    CHECK_FALSE(mismatch(R"({"messages": [{"level": "info", "component": "command", "data": {}}]})")
                    .empty());
    CHECK_FALSE(mismatch(R"({"ignoreExtraMessages": true, "messages": [{"level": "debug",
        "component": "command", "failureIsRedacted": true, "data": {}}]})")
                    .empty());
}

TEST_CASE("a redacted failure says so and has nothing of what the server said") {
    const auto matches = [&](bool redacted, std::string_view failure,
                             const std::vector<std::string>& server_texts) {
        document data;
        data.append("failure", failure);
        const std::vector<observed_message> got{{"command", "debug", data}};
        document holder;
        holder.append("v", parsed(std::string(R"({"messages": [{"level": "debug",
            "component": "command", "data": {}, "failureIsRedacted": )") +
                                  (redacted ? "true}]}" : "false}]}")));
        return messages_mismatch(matcher(), holder["v"], got, server_texts).empty();
    };
    CHECK(matches(false, "code 18: no such user ada", {"no such user ada"}));
    CHECK(matches(false, "connection closed", {}));
    CHECK_FALSE(matches(true, "code 18: no such user ada", {"no such user ada"}));
    CHECK_FALSE(matches(true, "REDACTED: no such user ada", {"no such user ada"}));
    CHECK_FALSE(matches(true, "code 18", {"no such user ada"}));
    CHECK(matches(true, "REDACTED: code 18", {"no such user ada"}));
    CHECK_FALSE(matches(true, "REDACTED: code 18", {}));
    CHECK_FALSE(matches(false, "REDACTED: connection closed", {}));
    CHECK_FALSE(matches(false, "", {}));
    CHECK_FALSE(matches(true, "", {"no such user ada"}));
}

TEST_CASE("every operation has one row, and a name that nobody has has none") {
    std::vector<std::string> seen;
    for (const auto table :
         {client_operations(), database_operations(), collection_operations(), write_operations(),
          cursor_operations(), test_runner_operations(), unbuilt_operations()}) {
        for (const auto& entry : table) {
            const auto name = std::string(entry.kind) + "." + std::string(entry.name);
            CHECK_MESSAGE(std::ranges::count(seen, name) == 0, name);
            seen.push_back(name);
        }
    }
    CHECK(find_operation("collection", "find") != nullptr);
    CHECK(find_operation("client", "find") == nullptr);
    CHECK(find_operation("client", "unsupportedOperation") == nullptr);
}

TEST_CASE("an error is what is expected of it") {
    error::details d;
    d.code = make_error_code(errc::command_failed);
    d.server_code = 11600;
    d.server_code_name = "InterruptedAtShutdown";
    d.server_message = "Shutting Down";
    d.labels = {"RetryableWriteError"};
    const auto reply = parsed(R"({"ok": 0, "code": 11600})");
    d.raw_reply.assign(reply.bytes().begin(), reply.bytes().end());
    const error server(std::move(d));
    const error network(errc::network_error);
    const auto is = [](std::string_view expected, const error& got) {
        document holder;
        holder.append("v", parsed(expected));
        return error_mismatch(matcher(), holder["v"], got).empty();
    };
    CHECK(is(R"({"isError": true})", network));
    CHECK(is(R"({"isClientError": true})", network));
    CHECK(is(R"({"isClientError": false})", server));
    CHECK_FALSE(is(R"({"isClientError": true})", server));
    CHECK_FALSE(is(R"({"isClientError": false})", network));
    CHECK(is(R"({"isTimeoutError": true})", errc::deadline_exceeded));
    CHECK_FALSE(is(R"({"isTimeoutError": true})", network));
    CHECK(is(R"({"errorContains": "shutting down"})", server));
    CHECK_FALSE(is(R"({"errorContains": "starting"})", server));
    CHECK(is(R"({"errorCode": 11600})", server));
    CHECK_FALSE(is(R"({"errorCode": 11601})", server));
    CHECK(is(R"({"errorCodeName": "interruptedAtShutdown"})", server));
    CHECK_FALSE(is(R"({"errorCodeName": "Interrupted"})", server));
    CHECK(is(R"({"errorLabelsContain": ["RetryableWriteError"]})", server));
    CHECK_FALSE(is(R"({"errorLabelsOmit": ["RetryableWriteError"]})", server));
    CHECK_FALSE(is(R"({"errorLabelsContain": ["NoWritesPerformed"]})", server));
    CHECK(is(R"({"errorLabelsOmit": ["NoWritesPerformed"]})", server));
    CHECK(is(R"({"errorResponse": {"code": 11600}})", server));
    CHECK_FALSE(is(R"({"errorResponse": {"code": 1}})", server));
    CHECK_FALSE(is(R"({"errorResponse": {"code": 1}})", network));
    CHECK(is(R"({"expectResult": {"$$unsetOrMatches": {"insertedCount": 1}}})", network));
    CHECK_FALSE(is(R"({"expectResult": {"insertedCount": 1}})", network));
}

TEST_CASE("a row of the exceptions is of four cells, once") {
    auto rows = exceptions::parse(
        "# a comment\n\n  crud/unified/a.json | one | server | it says \"no | never\"\n"
        "crud/b.json | * | deployment | two mongos\n"
        "crud/c.json | two | specification | 60 ms are within 100 ms\n"
        "copy/d.json | * | specification | the specification's own file says otherwise\n");
    REQUIRE(rows.rows().size() == 4);
    const auto find = [&rows](std::string name, std::string_view test) {
        return rows.find({.path = {}, .area = "crud", .name = name, .shown = "copy/" + name}, test);
    };
    const auto* const row = find("unified/a.json", "one");
    REQUIRE(row != nullptr);
    CHECK(row->kind == exception_kind::server);
    CHECK(row->proof == "it says \"no | never\"");
    CHECK(find("unified/a.json", "two") == nullptr);
    CHECK(find("a.json", "one") == nullptr);
    CHECK(find("b.json", "any")->kind == exception_kind::deployment);
    CHECK(find("c.json", "two")->kind == exception_kind::specification);
    CHECK(find("d.json", "any")->kind == exception_kind::specification);
    for (const std::string_view wrong :
         {"crud/a.json | one | server", "crud/a.json | one | because | x",
          "crud/a.json |  | server | x", "a | b | server | x\na | b | server | y"}) {
        CHECK_THROWS_AS((void)exceptions::parse(wrong), std::runtime_error);
    }
    CHECK_THROWS_AS((void)exceptions::read("/nonexistent/exceptions"), std::runtime_error);
}
