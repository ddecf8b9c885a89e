#include "unified/schema.hpp"

#include "unified/failure.hpp"
#include "unified/schema_checks.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace mongoro::spec::unified {

namespace {

using namespace schema;

constexpr member csfle_members[] = {{"minLibmongocryptVersion", is_version}};
void is_csfle(const value_view& v, const std::string& where) {
    if (v.type() != bson::type::boolean) {
        is_object_of<csfle_members, 1>(v, where);
    }
}

constexpr std::string_view topologies[] = {"single", "replicaset", "sharded", "sharded-replicaset",
                                           "load-balanced"};
constexpr std::string_view serverless[] = {"require", "forbid", "allow"};
constexpr member requirement_members[] = {
    {"maxServerVersion", is_version},
    {"minServerVersion", is_version},
    {"topologies", is_array_of<is_one_of<topologies>, 1>},
    {"serverless", is_one_of<serverless>},
    {"serverParameters", is_object<1>},
    {"auth", is_boolean},
    {"authMechanism", is_string},
    {"csfle", is_csfle},
};
constexpr check is_requirements = is_array_of<is_object_of<requirement_members, 1>, 1>;

constexpr std::string_view observed[] = {
    "commandStartedEvent", "commandSucceededEvent", "commandFailedEvent", "poolCreatedEvent",
    "poolReadyEvent", "poolClearedEvent", "poolClosedEvent", "connectionCreatedEvent",
    "connectionReadyEvent", "connectionClosedEvent", "connectionCheckOutStartedEvent",
    "connectionCheckOutFailedEvent", "connectionCheckedOutEvent", "connectionCheckedInEvent",
    "serverDescriptionChangedEvent", "topologyDescriptionChangedEvent", "topologyOpeningEvent",
    "topologyClosedEvent",
    // Not in the schema's list; entities that operations
    // create have them.
    "serverHeartbeatStartedEvent", "serverHeartbeatSucceededEvent", "serverHeartbeatFailedEvent"};
constexpr std::string_view stored_events[] = {
    "PoolCreatedEvent",
    "PoolReadyEvent",
    "PoolClearedEvent",
    "PoolClosedEvent",
    "ConnectionCreatedEvent",
    "ConnectionReadyEvent",
    "ConnectionClosedEvent",
    "ConnectionCheckOutStartedEvent",
    "ConnectionCheckOutFailedEvent",
    "ConnectionCheckedOutEvent",
    "ConnectionCheckedInEvent",
    "CommandStartedEvent",
    "CommandSucceededEvent",
    "CommandFailedEvent",
    "ServerDescriptionChangedEvent",
    "TopologyDescriptionChangedEvent",
};
constexpr member stored_members[] = {
    {"id", is_string, required},
    {"events", is_array_of<is_one_of<stored_events>, 1>, required},
};

constexpr std::string_view levels[] = {"emergency", "alert", "critical", "error", "warning",
                                       "notice",    "info",  "debug",    "trace"};
constexpr std::string_view components[] = {"command", "topology", "serverSelection", "connection"};
constexpr member log_members[] = {
    {"command", is_one_of<levels>},
    {"topology", is_one_of<levels>},
    {"serverSelection", is_one_of<levels>},
    {"connection", is_one_of<levels>},
};
constexpr member tracing_members[] = {{"enableCommandPayload", is_boolean}};
constexpr member server_api_members[] = {
    {"version", is_string, required},
    {"strict", is_boolean},
    {"deprecationErrors", is_boolean},
};

constexpr member auto_encrypt_members[] = {
    {"keyVaultNamespace", is_string, required},
    {"bypassAutoEncryption", is_boolean},
    {"kmsProviders", is_kms_providers, required},
    {"schemaMap", is_map_of<is_object<>>},
    {"extraOptions", is_object<>},
    {"encryptedFieldsMap", is_map_of<is_object<>>},
    {"bypassQueryAnalysis", is_boolean},
    {"keyExpirationMS", is_integer},
};
constexpr member client_encryption_options[] = {
    {"keyVaultClient", is_string, required},
    {"keyVaultNamespace", is_string, required},
    {"kmsProviders", is_kms_providers, required},
    {"keyExpirationMS", is_integer},
};

constexpr member client_members[] = {
    {"id", is_string, required},
    {"uriOptions", is_object<>},
    {"useMultipleMongoses", is_boolean},
    {"observeEvents", is_array_of<is_one_of<observed>, 1>},
    {"ignoreCommandMonitoringEvents", is_array_of<is_string, 1>},
    {"storeEventsAsEntities", is_array_of<is_object_of<stored_members>, 1>},
    {"observeLogMessages", is_object_of<log_members, 1>},
    {"observeTracingMessages", is_object_of<tracing_members>},
    {"serverApi", is_object_of<server_api_members>},
    {"observeSensitiveCommands", is_boolean},
    {"autoEncryptOpts", is_object_of<auto_encrypt_members>},
    {"awaitMinPoolSizeMS", is_integer},
};
constexpr member client_encryption_members[] = {
    {"id", is_string, required},
    {"clientEncryptionOpts", is_object_of<client_encryption_options>, required},
};
constexpr member handle_options[] = {
    {"readConcern", is_object<>},
    {"readPreference", is_object<>},
    {"writeConcern", is_object<>},
    {"timeoutMS", is_integer},
};
constexpr member database_members[] = {
    {"id", is_string, required},
    {"client", is_string, required},
    {"databaseName", is_string, required},
    {"databaseOptions", is_object_of<handle_options>},
};
constexpr member collection_members[] = {
    {"id", is_string, required},
    {"database", is_string, required},
    {"collectionName", is_string, required},
    {"collectionOptions", is_object_of<handle_options>},
};
constexpr member session_members[] = {
    {"id", is_string, required},
    {"client", is_string, required},
    {"sessionOptions", is_object<>},
};
constexpr member bucket_members[] = {
    {"id", is_string, required},
    {"database", is_string, required},
    {"bucketOptions", is_object<>},
};
constexpr member thread_members[] = {{"id", is_string, required}};
constexpr member entity_members[] = {
    {"client", is_object_of<client_members>},
    {"clientEncryption", is_object_of<client_encryption_members>},
    {"database", is_object_of<database_members>},
    {"collection", is_object_of<collection_members>},
    {"session", is_object_of<session_members>},
    {"bucket", is_object_of<bucket_members>},
    {"thread", is_object_of<thread_members>},
};

constexpr member no_write_concern[] = {{"writeConcern", is_nothing}};
constexpr member data_members[] = {
    {"collectionName", is_string, required},
    {"databaseName", is_string, required},
    {"createOptions", is_object_with<no_write_concern>},
    {"documents", is_array_of<is_object<>>, required},
};
constexpr check is_data = is_array_of<is_object_of<data_members>, 1>;

void is_true(const value_view& v, const std::string& where) {
    is_boolean(v, where);
    demand(v.get<bool>(), where, "is not true");
}
constexpr member error_members[] = {
    {"isError", is_true},
    {"isClientError", is_boolean},
    {"isTimeoutError", is_boolean},
    {"errorContains", is_string},
    {"errorCode", is_integer},
    {"errorCodeName", is_string},
    {"errorLabelsContain", is_array_of<is_string, 1>},
    {"errorLabelsOmit", is_array_of<is_string, 1>},
    {"writeErrors", is_object<>},
    {"writeConcernErrors", is_array_of<is_object<>>},
    {"errorResponse", is_object<>},
    {"expectResult", is_anything},
};
constexpr member operation_members[] = {
    {"name", is_string, required},
    {"object", is_string, required},
    {"arguments", is_object<>},
    {"ignoreResultAndError", is_boolean},
    {"expectError", is_object_of<error_members, 1>},
    {"expectResult", is_anything},
    {"saveResultAsEntity", is_string},
};
void is_operation(const value_view& v, const std::string& where) {
    is_object_of<operation_members>(v, where);
    demand(!v["expectError"] || (!v["expectResult"] && !v["saveResultAsEntity"]), where,
           "expects an error and a result");
    demand(!v["ignoreResultAndError"] ||
               (!v["expectResult"] && !v["expectError"] && !v["saveResultAsEntity"]),
           where, "ignores what it expects");
}

constexpr member command_event[] = {
    {"commandName", is_string},
    {"databaseName", is_string},
    {"hasServiceId", is_boolean},
    {"hasServerConnectionId", is_boolean},
};
constexpr member started_event[] = {{"command", is_object<>},
                                    command_event[0],
                                    command_event[1],
                                    command_event[2],
                                    command_event[3]};
constexpr member succeeded_event[] = {
    {"reply", is_object<>}, command_event[0], command_event[1], command_event[2], command_event[3]};
constexpr member command_events[] = {
    {"commandStartedEvent", is_object_of<started_event>},
    {"commandSucceededEvent", is_object_of<succeeded_event>},
    {"commandFailedEvent", is_object_of<command_event>},
};
constexpr member pool_cleared[] = {{"hasServiceId", is_boolean},
                                   {"interruptInUseConnections", is_boolean}};
constexpr member with_reason[] = {{"reason", is_string}};
constexpr member pool_events[] = {
    {"poolCreatedEvent", is_empty_object},
    {"poolReadyEvent", is_empty_object},
    {"poolClearedEvent", is_object_of<pool_cleared>},
    {"poolClosedEvent", is_empty_object},
    {"connectionCreatedEvent", is_empty_object},
    {"connectionReadyEvent", is_empty_object},
    {"connectionClosedEvent", is_object_of<with_reason>},
    {"connectionCheckOutStartedEvent", is_empty_object},
    {"connectionCheckOutFailedEvent", is_object_of<with_reason>},
    {"connectionCheckedOutEvent", is_empty_object},
    {"connectionCheckedInEvent", is_empty_object},
};
constexpr std::string_view server_types[] = {
    "Standalone", "Mongos",    "PossiblePrimary", "RSPrimary",    "RSSecondary",
    "RSOther",    "RSArbiter", "RSGhost",         "LoadBalancer", "Unknown"};
constexpr std::string_view topology_types[] = {
    "Single", "Unknown", "ReplicaSetNoPrimary", "ReplicaSetWithPrimary", "Sharded", "LoadBalanced"};
constexpr member of_server[] = {{"type", is_one_of<server_types>}};
constexpr member of_topology[] = {{"type", is_one_of<topology_types>}};
constexpr member server_changed[] = {{"previousDescription", is_object_of<of_server>},
                                     {"newDescription", is_object_of<of_server>}};
constexpr member topology_changed[] = {{"previousDescription", is_object_of<of_topology>},
                                       {"newDescription", is_object_of<of_topology>}};
constexpr member heartbeat[] = {{"awaited", is_boolean}};
constexpr member topology_events[] = {
    {"serverDescriptionChangedEvent", is_object_of<server_changed>},
    {"topologyDescriptionChangedEvent", is_object_of<topology_changed>},
    {"serverHeartbeatStartedEvent", is_object_of<heartbeat>},
    {"serverHeartbeatSucceededEvent", is_object_of<heartbeat>},
    {"serverHeartbeatFailedEvent", is_object_of<heartbeat>},
    {"topologyOpeningEvent", is_empty_object},
    {"topologyClosedEvent", is_empty_object},
};
constexpr std::string_view event_types[] = {"command", "cmap", "sdam"};
constexpr member events_members[] = {
    {"client", is_string, required},
    {"eventType", is_one_of<event_types>},
    {"events", is_array_of<is_object<>>, required},
    {"ignoreExtraEvents", is_boolean},
};
void is_expected_events(const value_view& v, const std::string& where) {
    is_object_of<events_members>(v, where);
    const auto type = v["eventType"].get_or<std::string_view>("command");
    const check events = type == "command" ? is_array_of<is_object_of<command_events, 1, 1>>
                         : type == "cmap"  ? is_array_of<is_object_of<pool_events, 1, 1>>
                                           : is_array_of<is_object_of<topology_events, 1, 1>>;
    events(v["events"], where + ".events");
}

constexpr member message_members[] = {
    {"level", is_one_of<levels>, required},
    {"component", is_one_of<components>, required},
    {"data", is_object<>, required},
    {"failureIsRedacted", is_boolean},
};
constexpr member messages_members[] = {
    {"client", is_string, required},
    {"messages", is_array_of<is_object_of<message_members>>, required},
    {"ignoreExtraMessages", is_boolean},
    {"ignoreMessages", is_array_of<is_object_of<message_members>>},
};

void is_span(const value_view& v, const std::string& where);
constexpr member span_members[] = {
    {"name", is_string, required},
    {"attributes", is_object<>, required},
    {"nested", is_array_of<is_span, 1>},
};
void is_span(const value_view& v, const std::string& where) {
    is_object_of<span_members>(v, where);
}
constexpr member spans_members[] = {
    {"client", is_string, required},
    {"ignoreExtraSpans", is_boolean},
    {"spans", is_array_of<is_span, 1>, required},
};

constexpr member test_members[] = {
    {"description", is_string, required},
    {"runOnRequirements", is_requirements},
    {"skipReason", is_string},
    {"operations", is_array_of<is_operation>, required},
    {"expectEvents", is_array_of<is_expected_events, 1>},
    {"expectLogMessages", is_array_of<is_object_of<messages_members>, 1>},
    {"expectTracingMessages", is_array_of<is_object_of<spans_members>, 1>},
    {"outcome", is_data},
};
constexpr check is_entity = is_object_of<entity_members, 1, 1>;
constexpr member file_members[] = {
    {"description", is_string, required},
    {"schemaVersion", is_version, required},
    {"runOnRequirements", is_requirements},
    {"createEntities", is_array_of<is_entity, 1>},
    {"initialData", is_data},
    {"tests", is_array_of<is_object_of<test_members>, 1>, required},
    {"_yamlAnchors", is_object<>},
};

std::string violation(document_view of, check how) {
    bson::document holder;
    holder.append("v", of);
    try {
        how(holder["v"], "");
    } catch (const test_failure& e) {
        return e.what();
    }
    return {};
}

}  // namespace

std::optional<version> parse_version(std::string_view text) {
    version v;
    for (auto& part : v.parts) {
        const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), part);
        if (wrong != std::errc()) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.starts_with('.')) {
            break;
        }
        text.remove_prefix(1);
    }
    return v;
}

std::string schema_violation(document_view file) {
    return violation(file, is_object_of<file_members>);
}

std::string entity_violation(document_view entity) {
    return violation(entity, is_entity);
}

std::string event_violation(document_view event) {
    const auto name = event.empty() ? std::string_view() : (*event.begin()).key();
    const auto is_of = [&](const auto& events) {
        return std::ranges::find(events, name, &member::name) != std::end(events);
    };
    return violation(event, is_of(command_events) ? is_object_of<command_events, 1, 1>
                            : is_of(pool_events)  ? is_object_of<pool_events, 1, 1>
                                                  : is_object_of<topology_events, 1, 1>);
}

std::string operation_violation(document_view operation) {
    return violation(operation, is_operation);
}

std::string version_problem(std::string_view schema_version) {
    const auto v = parse_version(schema_version);
    const bool known = v && v->parts[0] == 1 && v->parts[1] <= newest_minor_version;
    return known ? ""
                 : "schemaVersion " + std::string(schema_version) + ", up to 1." +
                       std::to_string(newest_minor_version) + " is known";
}

}  // namespace mongoro::spec::unified
