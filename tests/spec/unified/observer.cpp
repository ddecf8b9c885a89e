#include "unified/observer.hpp"

#include "unified/failure.hpp"

#include <mongoro/log.hpp>
#include <mongoro/topology_description.hpp>

#include <algorithm>
#include <array>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;

constexpr std::array<std::string_view, 3> event_types{"command", "cmap", "sdam"};
constexpr std::array<std::string_view, 9> severities{
    "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "trace"};

/// Commands that hold secrets (command-logging-and-monitoring, "Security").
constexpr std::array<std::string_view, 9> sensitive_commands{
    "authenticate", "saslStart",      "saslContinue",    "getnonce", "createUser",
    "updateUser",   "copydbgetnonce", "copydbsaslstart", "copydb"};
constexpr std::array<std::string_view, 3> hellos{"hello", "ismaster", "isMaster"};

// The format's own words, so that those of the library are not taken for right.
document reason_of(connection_closed_reason reason) {
    constexpr std::array<std::string_view, 4> words{"stale", "idle", "error", "poolClosed"};
    document data;
    data.append("reason", words.at(static_cast<std::size_t>(reason)));
    return data;
}
document reason_of(check_out_failed_reason reason) {
    constexpr std::array<std::string_view, 3> words{"poolClosed", "timeout", "connectionError"};
    document data;
    data.append("reason", words.at(static_cast<std::size_t>(reason)));
    return data;
}

document awaited_of(bool awaited) {
    document data;
    data.append("awaited", awaited);
    return data;
}

template <typename Description>
document descriptions_of(const Description& before, const Description& after) {
    document data;
    const auto put = [&](std::string_view name, const Description& d) {
        document described;
        described.append("type", mongoro::to_string(d->type));
        data.append(name, described);
    };
    put("previousDescription", before);
    put("newDescription", after);
    return data;
}

}  // namespace

std::string_view to_string(event_type type) noexcept {
    return event_types.at(static_cast<std::size_t>(type));
}

event_type type_of_event(std::string_view name) {
    if (name.starts_with("command")) {
        return event_type::command;
    }
    if (name.starts_with("pool") || name.starts_with("connection")) {
        return event_type::cmap;
    }
    if (name.starts_with("server") || name.starts_with("topology")) {
        return event_type::sdam;
    }
    throw test_failure("there is no event " + std::string(name));
}

int severity(std::string_view level) {
    const auto* const found = std::ranges::find(severities, level);
    if (found == severities.end()) {
        throw test_failure("there is no log level " + std::string(level));
    }
    return static_cast<int>(found - severities.begin());
}

observer::observer(reactor& r, document_view entity) : changed_(r) {
    for (const auto& name : entity["observeEvents"]) {
        names_.emplace(name.value().get<std::string_view>());
    }
    for (const auto& name : entity["ignoreCommandMonitoringEvents"]) {
        ignored_commands_.emplace(name.value().get<std::string_view>());
    }
    for (const auto& component : entity["observeLogMessages"]) {
        log_levels_.emplace(component.key(), severity(component.value().get<std::string_view>()));
    }
    sensitive_ = entity["observeSensitiveCommands"].get_or(false);
}

void observer::attach(const std::shared_ptr<observer>& to, client_options& options) {
    if (to->wants_commands()) {
        options.command_listener = to;
    }
    options.pool_listener = to;
    options.topology_listener = to;

    const auto wanted = [&](std::string_view component) {
        return static_cast<log_level>(to->log_level_of(component) + 1);  // the first one is `off`
    };
    options.log.all = log_level::off;
    options.log.max_document_length = 100'000;  // what is cut off is no JSON any more
    options.log.command = wanted("command");
    options.log.topology = wanted("topology");
    options.log.server_selection = wanted("serverSelection");
    options.log.connection = wanted("connection");
    options.log.client = wanted("client");
    options.log.callback = [to](const log_record& record) {
        to->add({std::string(mongoro::to_string(record.component)),
                 std::string(severities.at(static_cast<std::size_t>(record.level) - 1)),
                 document(record.data)});
    };
}

bool observer::wants_commands() const {
    return std::ranges::any_of(
        names_, [](const auto& name) { return type_of_event(name) == event_type::command; });
}

bool observer::pools_have(std::int64_t size) const {
    if (topology_ == nullptr) {
        return false;
    }
    bool any = false;
    for (const auto& server : topology_->servers) {
        if (is_data_bearing(server->type)) {
            const auto found = pools_.find(server->address);
            if (found == pools_.end() || static_cast<std::int64_t>(found->second.size()) < size) {
                return false;
            }
            any = true;
        }
    }
    return any;
}

int observer::log_level_of(std::string_view component) const {
    const auto found = log_levels_.find(component);
    return found == log_levels_.end() ? -1 : found->second;
}

void observer::add(observed_message message) {
    if (!stopped_) {
        messages_.push_back(std::move(message));
    }
    changed_.announce();
}

void observer::forget() noexcept {
    events_.clear();
    messages_.clear();
}

void observer::add(event_type type, std::string_view name, document data) {
    if (!stopped_ && wants(name)) {
        events_.push_back({type, name, std::move(data)});
    }
    changed_.announce();
}

// Of a hello, which only sometimes holds secrets, one sees that it does by its being empty.
bool observer::ignores(const command_event& event, document_view shown) {
    const auto name = event.command_name;
    if (name == "configureFailPoint" || ignored_commands_.contains(name)) {
        return true;
    }
    if (sensitive_) {
        return false;
    }
    return std::ranges::find(sensitive_commands, name) != sensitive_commands.end() ||
           (std::ranges::find(hellos, name) != hellos.end() && shown.empty());
}

void observer::add_command(std::string_view name, const command_event& event, document data) {
    data.append("commandName", event.command_name);
    data.append("databaseName", event.database_name);
    if (event.server_connection_id) {
        data.append("serverConnectionId", *event.server_connection_id);
    }
    if (event.service_id) {
        data.append("serviceId", *event.service_id);
    }
    add(event_type::command, name, std::move(data));
}

void observer::on(const command_started_event& event) noexcept {
    if (ignores(event, event.command)) {
        hidden_.insert(event.request_id);
        return;
    }
    document data;
    data.append("command", event.command);
    add_command("commandStartedEvent", event, std::move(data));
}

void observer::on(const command_succeeded_event& event) noexcept {
    if (hidden_.erase(event.request_id) == 0) {
        document data;
        data.append("reply", event.reply);
        add_command("commandSucceededEvent", event, std::move(data));
    }
}

void observer::on(const command_failed_event& event) noexcept {
    if (hidden_.erase(event.request_id) == 0) {
        add_command("commandFailedEvent", event, {});
    }
}

void observer::on(const pool_created_event& /*event*/) noexcept {
    add(event_type::cmap, "poolCreatedEvent");
}

void observer::on(const pool_ready_event& /*event*/) noexcept {
    add(event_type::cmap, "poolReadyEvent");
}

void observer::on(const pool_cleared_event& event) noexcept {
    document data;
    data.append("interruptInUseConnections", event.interrupt_in_use_connections);
    if (event.service_id) {
        data.append("serviceId", *event.service_id);
    }
    add(event_type::cmap, "poolClearedEvent", std::move(data));
}

void observer::on(const pool_closed_event& /*event*/) noexcept {
    add(event_type::cmap, "poolClosedEvent");
}

void observer::on(const connection_created_event& /*event*/) noexcept {
    add(event_type::cmap, "connectionCreatedEvent");
}

void observer::on(const connection_ready_event& event) noexcept {
    pools_[std::string(event.address)].insert(event.connection_id);
    add(event_type::cmap, "connectionReadyEvent");
}

void observer::on(const connection_closed_event& event) noexcept {
    pools_[std::string(event.address)].erase(event.connection_id);
    add(event_type::cmap, "connectionClosedEvent", reason_of(event.reason));
}

void observer::on(const connection_check_out_started_event& /*event*/) noexcept {
    add(event_type::cmap, "connectionCheckOutStartedEvent");
}

void observer::on(const connection_check_out_failed_event& event) noexcept {
    add(event_type::cmap, "connectionCheckOutFailedEvent", reason_of(event.reason));
}

void observer::on(const connection_checked_out_event& /*event*/) noexcept {
    ++checked_out_;
    add(event_type::cmap, "connectionCheckedOutEvent");
}

void observer::on(const connection_checked_in_event& /*event*/) noexcept {
    --checked_out_;
    add(event_type::cmap, "connectionCheckedInEvent");
}

void observer::on(const topology_opening_event& /*event*/) noexcept {
    add(event_type::sdam, "topologyOpeningEvent");
}

void observer::on(const topology_description_changed_event& event) noexcept {
    topology_ = event.new_description;
    add(event_type::sdam, "topologyDescriptionChangedEvent",
        descriptions_of(event.previous_description, event.new_description));
}

void observer::on(const topology_closed_event& /*event*/) noexcept {
    add(event_type::sdam, "topologyClosedEvent");
}

// The format has no name for these two.
void observer::on(const server_opening_event& /*event*/) noexcept {}
void observer::on(const server_closed_event& /*event*/) noexcept {}

void observer::on(const server_description_changed_event& event) noexcept {
    add(event_type::sdam, "serverDescriptionChangedEvent",
        descriptions_of(event.previous_description, event.new_description));
}

void observer::on(const server_heartbeat_started_event& event) noexcept {
    add(event_type::sdam, "serverHeartbeatStartedEvent", awaited_of(event.awaited));
}

void observer::on(const server_heartbeat_succeeded_event& event) noexcept {
    add(event_type::sdam, "serverHeartbeatSucceededEvent", awaited_of(event.awaited));
}

void observer::on(const server_heartbeat_failed_event& event) noexcept {
    add(event_type::sdam, "serverHeartbeatFailedEvent", awaited_of(event.awaited));
}

}  // namespace mongoro::spec::unified
