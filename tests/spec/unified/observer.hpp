#pragma once

#include "unified/change.hpp"

#include <mongoro/bson/document.hpp>
#include <mongoro/client.hpp>
#include <mongoro/event_listener.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec::unified {

/// Of which kind an event is, by `eventType` of the format.
enum class event_type : std::uint8_t { command, cmap, sdam };

/// An event as a test sees it.
struct observed_event {
    event_type type;
    std::string_view name;  ///< "commandStartedEvent"
    document data;          ///< by the names that an expected event has for its properties
};

struct observed_message {
    std::string component;
    std::string level;
    document data;
};

/// Collects what a client entity tells its listeners.
///
/// On the reactor's thread; its client must be gone before the reactor is.
class observer final : public command_listener, public pool_listener, public topology_listener {
 public:
    /// `entity` is the `client` of `createEntities`; not needed after.
    observer(reactor& r, bson::document_view entity);

    /// Lets `options` name this as the listener and the log's receiver. Of commands a client has no
    /// listener unless the test observes them.
    static void attach(const std::shared_ptr<observer>& to, client_options& options);

    [[nodiscard]] const std::vector<observed_event>& events() const noexcept { return events_; }
    [[nodiscard]] const std::vector<observed_message>& messages() const noexcept {
        return messages_;
    }
    /// How many connections are checked out, whatever is observed.
    [[nodiscard]] std::int64_t checked_out() const noexcept { return checked_out_; }
    /// The newest; null before there is one.
    [[nodiscard]] const topology_description_ptr& topology() const noexcept { return topology_; }
    /// The least severe level that is collected of a component, as `severity` has it; -1: nothing.
    [[nodiscard]] int log_level_of(std::string_view component) const;
    /// For the log's receiver.
    void add(observed_message message);

    /// Whether every pool of a server that bears data has so many connections.
    [[nodiscard]] bool pools_have(std::int64_t size) const;
    /// Announced with every event.
    [[nodiscard]] change& changed() noexcept { return changed_; }

    /// Forgets what was observed so far.
    void forget() noexcept;
    /// Collects nothing from now on.
    void stop() noexcept { stopped_ = true; }

    void on(const command_started_event& event) noexcept override;
    void on(const command_succeeded_event& event) noexcept override;
    void on(const command_failed_event& event) noexcept override;

    void on(const pool_created_event& event) noexcept override;
    void on(const pool_ready_event& event) noexcept override;
    void on(const pool_cleared_event& event) noexcept override;
    void on(const pool_closed_event& event) noexcept override;
    void on(const connection_created_event& event) noexcept override;
    void on(const connection_ready_event& event) noexcept override;
    void on(const connection_closed_event& event) noexcept override;
    void on(const connection_check_out_started_event& event) noexcept override;
    void on(const connection_check_out_failed_event& event) noexcept override;
    void on(const connection_checked_out_event& event) noexcept override;
    void on(const connection_checked_in_event& event) noexcept override;

    void on(const topology_opening_event& event) noexcept override;
    void on(const topology_description_changed_event& event) noexcept override;
    void on(const topology_closed_event& event) noexcept override;
    void on(const server_opening_event& event) noexcept override;
    void on(const server_description_changed_event& event) noexcept override;
    void on(const server_closed_event& event) noexcept override;
    void on(const server_heartbeat_started_event& event) noexcept override;
    void on(const server_heartbeat_succeeded_event& event) noexcept override;
    void on(const server_heartbeat_failed_event& event) noexcept override;

 private:
    [[nodiscard]] bool wants_commands() const;
    [[nodiscard]] bool wants(std::string_view name) const { return names_.contains(name); }
    [[nodiscard]] bool ignores(const command_event& event, bson::document_view shown);
    void add(event_type type, std::string_view name, document data = {});
    void add_command(std::string_view name, const command_event& event, document data);

    change changed_;
    std::set<std::string, std::less<>> names_;
    std::set<std::string, std::less<>> ignored_commands_;
    bool sensitive_ = false;
    bool stopped_ = false;
    std::vector<observed_event> events_;
    std::vector<observed_message> messages_;
    std::map<std::string, int, std::less<>> log_levels_;  // by component, as `severity` has them
    /// By the address, the connections that are open and ready.
    std::map<std::string, std::set<std::int64_t>, std::less<>> pools_;
    std::int64_t checked_out_ = 0;
    topology_description_ptr topology_;
    std::set<std::int64_t> hidden_;  // requests whose reply must not be seen either
};

/// The severity levels of the logging specification: 0 `emergency` to 8 `trace`; throws for any
/// other word.
[[nodiscard]] int severity(std::string_view level);

/// The words of the specifications for what a client is told of.
[[nodiscard]] std::string_view to_string(event_type type) noexcept;

/// Of an event's name; throws for one that the format does not have.
[[nodiscard]] event_type type_of_event(std::string_view name);

}  // namespace mongoro::spec::unified
