#include "bson/json_scalar.hpp"

#include <mongoro/bson/json.hpp>
#include <mongoro/log.hpp>

#include <algorithm>
#include <array>

// The specifications' "unstructured forms". A key in braces stands for its value; what is in
// brackets is left out if one of its keys is not there.

namespace mongoro {

namespace {

struct form {
    std::string_view message;
    std::string_view text;
};

#define MONGORO_ADDRESS "{serverHost}[:{serverPort}]"
#define MONGORO_OF_COMMAND(WHAT)                                                             \
    "Command \"{commandName}\" " WHAT                                                        \
    " using a connection with driver-generated ID {driverConnectionId}"                      \
    "[ and server-generated ID {serverConnectionId}] to " MONGORO_ADDRESS                    \
    "[ with service ID {serviceId}]. The requestID is {requestId}[ and the operation ID is " \
    "{operationId}]. "
#define MONGORO_OF_HEARTBEAT(WHAT)                                                                \
    "Heartbeat " WHAT " for " MONGORO_ADDRESS                                                     \
    "[ on connection with driver-generated ID {driverConnectionId}]"                              \
    "[ and server-generated ID {serverConnectionId}] in topology with ID {topologyId}. Awaited: " \
    "{awaited}"
#define MONGORO_OF_CONNECTION \
    "address=" MONGORO_ADDRESS ", driver-generated ID={driverConnectionId}"
#define MONGORO_OF_SELECTION "Selector: {selector}, topology description: {topologyDescription}"

constexpr std::array forms = {
    form{"Command started",
         MONGORO_OF_COMMAND("started on database \"{databaseName}\"") "Command: {command}"},
    form{"Command succeeded", MONGORO_OF_COMMAND("succeeded on database \"{databaseName}\" in "
                                                 "{durationMS} ms") "Command reply: {reply}"},
    form{"Command failed",
         MONGORO_OF_COMMAND(
             "failed on database \"{databaseName}\" in {durationMS} ms") "Error: {failure}"},

    form{"Connection pool created",
         "Connection pool created for " MONGORO_ADDRESS
         " using options[ maxIdleTimeMS={maxIdleTimeMS},][ minPoolSize={minPoolSize},]"
         "[ maxPoolSize={maxPoolSize},][ maxConnecting={maxConnecting},]"
         "[ waitQueueTimeoutMS={waitQueueTimeoutMS},]"},
    form{"Connection pool ready", "Connection pool ready for " MONGORO_ADDRESS},
    form{"Connection pool cleared",
         "Connection pool for " MONGORO_ADDRESS " cleared[ for serviceId {serviceId}]"},
    form{"Connection pool closed", "Connection pool closed for " MONGORO_ADDRESS},
    form{"Connection created", "Connection created: " MONGORO_OF_CONNECTION},
    form{"Connection ready",
         "Connection ready: " MONGORO_OF_CONNECTION ", established in={durationMS} ms"},
    form{"Connection closed",
         "Connection closed: " MONGORO_OF_CONNECTION ". Reason: {reason}[. Error: {error}]"},
    form{"Connection checkout started", "Checkout started for connection to " MONGORO_ADDRESS},
    form{"Connection checkout failed",
         "Checkout failed for connection to " MONGORO_ADDRESS
         ". Reason: {reason}[. Error: {error}]. Duration: {durationMS} ms"},
    form{"Connection checked out",
         "Connection checked out: " MONGORO_OF_CONNECTION ", duration={durationMS} ms"},
    form{"Connection checked in", "Connection checked in: " MONGORO_OF_CONNECTION},

    form{"Starting topology monitoring", "Starting monitoring for topology with ID {topologyId}"},
    form{"Stopped topology monitoring", "Stopped monitoring for topology with ID {topologyId}"},
    form{"Starting server monitoring",
         "Starting monitoring for server " MONGORO_ADDRESS " in topology with ID {topologyId}"},
    form{"Stopped server monitoring",
         "Stopped monitoring for server " MONGORO_ADDRESS " in topology with ID {topologyId}"},
    form{"Topology description changed",
         "Description changed for topology with ID {topologyId}. Previous description: "
         "{previousDescription}. New description: {newDescription}"},
    form{"Server heartbeat started", MONGORO_OF_HEARTBEAT("started")},
    form{"Server heartbeat succeeded",
         MONGORO_OF_HEARTBEAT("succeeded in {durationMS} ms") ". Reply: {reply}"},
    form{"Server heartbeat failed",
         MONGORO_OF_HEARTBEAT("failed in {durationMS} ms") ". Failure: {failure}"},

    form{"Server selection started",
         "Server selection started for operation {operation}[ with ID "
         "{operationId}]. " MONGORO_OF_SELECTION},
    form{"Server selection succeeded",
         "Server selection succeeded for operation {operation}[ with ID {operationId}]. Selected "
         "server: " MONGORO_ADDRESS ". " MONGORO_OF_SELECTION},
    form{"Server selection failed",
         "Server selection failed for operation {operation}[ with ID {operationId}]. Failure: "
         "{failure}. " MONGORO_OF_SELECTION},
    form{"Waiting for suitable server to become available",
         "Waiting for server to become available for operation {operation}[ with ID "
         "{operationId}].[ Remaining time: {remainingTimeMS} ms.] " MONGORO_OF_SELECTION},
};

#undef MONGORO_OF_SELECTION
#undef MONGORO_OF_CONNECTION
#undef MONGORO_OF_HEARTBEAT
#undef MONGORO_OF_COMMAND
#undef MONGORO_ADDRESS

void append_value(std::string& line, bson::value_view value) {
    std::string_view text;
    double number = 0;
    if (value.read(text) == errc{}) {
        line += text;
    } else if (value.read(number) == errc{}) {
        bson::detail::append_double(line, number);
        if (line.ends_with(".0")) {
            line.resize(line.size() - 2);
        }
    } else if (const auto json = bson::try_to_json(value)) {
        line += *json;
    }
}

/// Appends one piece of a form; false if a key of it is not there.
bool append_piece(std::string& line, std::string_view piece, bson::document_view data) {
    while (!piece.empty()) {
        const auto open = std::min(piece.find('{'), piece.size());
        line += piece.substr(0, open);
        piece.remove_prefix(open);
        if (piece.empty()) {
            return true;
        }
        const auto close = piece.find('}');
        const auto value = data[piece.substr(1, close - 1)];
        if (!value.exists()) {
            return false;
        }
        append_value(line, value);
        piece.remove_prefix(close + 1);
    }
    return true;
}

}  // namespace

std::string log_record::to_string() const {
    const auto* const found = std::find_if(
        forms.begin(), forms.end(), [this](const form& one) { return one.message == message; });
    if (found == forms.end()) {
        return std::string(message);
    }
    std::string line;
    std::string_view rest = found->text;
    while (!rest.empty()) {
        if (rest.front() == '[') {
            const auto close = rest.find(']');
            const auto before = line.size();
            if (!append_piece(line, rest.substr(1, close - 1), data)) {
                line.resize(before);
            }
            rest.remove_prefix(close + 1);
        } else {
            const auto open = std::min(rest.find('['), rest.size());
            append_piece(line, rest.substr(0, open), data);
            rest.remove_prefix(open);
        }
    }
    // Of the options of a pool, which may be none.
    for (const std::string_view end : {",", " using options"}) {
        if (line.ends_with(end)) {
            line.resize(line.size() - end.size());
        }
    }
    return line;
}

}  // namespace mongoro
