#pragma once

#include "monitoring/logger.hpp"

#include <mongoro/event_listener.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mongoro::monitoring {

/// One document sequence of a command: documents one after the other.
struct document_sequence {
    std::string_view identifier;
    std::span<const std::uint8_t> documents;
};

/// What is known of one command from before its sending to its end. The caller says where it goes;
/// `started` reads the rest out of the command. It owns its texts: the command may be gone by its
/// end.
struct command_context {
    std::int64_t request_id = 0;
    std::int64_t operation_id = 0;
    std::string address;
    std::int64_t driver_connection_id = 0;
    std::optional<std::int64_t> server_connection_id{};
    std::optional<bson::object_id> service_id{};

    std::string command_name{};
    std::string database_name{};
    bool sensitive = false;  ///< command, reply and the server's words are not shown
};

/// Tells a client's command listener, and its log, of commands. On the reactor's thread.
///
/// For operations, and for the client's own commands on their connections; not for what opens a
/// connection or watches a server, which the specification keeps out of the log: so no step of a
/// login is ever seen, besides the redaction of a login that a user runs as a command.
/// Each `started` is to be followed by one of the other two. Nothing of it throws: an event for
/// which there is no memory is lost. Spec: command-logging-and-monitoring.
class command_monitor {
 public:
    /// Null: no listener. Both must outlive it.
    command_monitor(command_listener* listener, const logger& log) noexcept
        : listener_(listener), log_(log) {}

    /// For one operation of the user's; its commands and its server selections share it. From 1.
    [[nodiscard]] std::int64_t next_operation_id() noexcept { return ++operation_id_; }
    /// For one message: no two of the client have the same until 2^31 of them. From 1.
    [[nodiscard]] std::int32_t next_request_id() noexcept;

    /// `body` is the whole one, as it is sent; the sequences are added as arrays at its end.
    void started(command_context& context, bson::document_view body,
                 std::span<const document_sequence> sequences) noexcept;
    /// An unacknowledged command has succeeded when it was sent; its reply is the empty document
    /// here and `{ok: 1}` there.
    void succeeded(const command_context& context, std::chrono::nanoseconds duration,
                   bson::document_view reply) noexcept;
    void failed(const command_context& context, std::chrono::nanoseconds duration,
                const error& failure) noexcept;

 private:
    [[nodiscard]] bool logs() const noexcept {
        return log_.enabled(log_component::command, log_level::debug);
    }
    template <typename Fill>
    void write(std::string_view message, const command_context& context, Fill&& fill) noexcept;

    command_listener* listener_;
    const logger& log_;
    std::int64_t operation_id_ = 0;
    std::int32_t request_id_ = 0;
};

}  // namespace mongoro::monitoring
