#include "monitoring/command_monitor.hpp"

#include "monitoring/log_text.hpp"
#include "monitoring/redaction.hpp"

#include <limits>
#include <new>

namespace mongoro::monitoring {

namespace {

/// The command as one document. For the log alone it ends where what follows cannot be seen:
/// `enough` is the size, in bytes, from which on no more documents are added.
bson::byte_buffer whole_command(bson::document_view body,
                                std::span<const document_sequence> sequences, std::size_t enough) {
    bson::byte_buffer bytes;
    std::size_t size = body.size();
    for (const auto& sequence : sequences) {
        size += sequence.documents.size();
    }
    bytes.reserve(size < enough ? size + size / 8 + 64 : 0);
    bson::writer whole(bytes);
    whole.begin_document();
    whole.append_elements(body);
    for (const auto& sequence : sequences) {
        whole.begin_array(sequence.identifier);
        bson::index_key index;
        for (auto rest = sequence.documents; !rest.empty() && bytes.size() < enough; ++index) {
            const auto size = bson::detail::load<std::uint32_t>(rest.data());  // of our own making
            whole.append_document(index, {rest.data(), size});
            rest = rest.subspan(size);
        }
        whole.end();
    }
    whole.end();
    return bytes;
}

template <typename Event>
Event event_of(const command_context& context) {
    Event event;
    event.command_name = context.command_name;
    event.database_name = context.database_name;
    event.request_id = context.request_id;
    event.operation_id = context.operation_id;
    event.address = context.address;
    event.driver_connection_id = context.driver_connection_id;
    event.server_connection_id = context.server_connection_id;
    event.service_id = context.service_id;
    return event;
}

}  // namespace

std::int32_t command_monitor::next_request_id() noexcept {
    request_id_ = request_id_ == std::numeric_limits<std::int32_t>::max() ? 1 : request_id_ + 1;
    return request_id_;
}

template <typename Fill>
void command_monitor::write(std::string_view message, const command_context& context,
                            Fill&& fill) noexcept {
    write_entry(log_, log_component::command, log_level::debug, message, [&](log_entry& entry) {
        entry.with_text("commandName", context.command_name)
            .with_text("databaseName", context.database_name)
            .with("requestId", context.request_id)
            .with("operationId", context.operation_id)
            .with("driverConnectionId", context.driver_connection_id)
            .with_address(context.address)
            .with_known("serverConnectionId", context.server_connection_id);
        if (context.service_id) {
            entry.with_id("serviceId", *context.service_id);
        }
        fill(entry);
    });
}

void command_monitor::started(command_context& context, bson::document_view body,
                              std::span<const document_sequence> sequences) noexcept {
    try {
        if (!body.empty()) {
            context.command_name = (*body.begin()).key();
        }
        context.database_name = body["$db"].get_or<std::string_view>({});
        context.sensitive = is_sensitive(context.command_name, body);
        bson::byte_buffer whole;
        bson::document_view command;
        if (!context.sensitive) {
            command = body;
            if (!sequences.empty()) {
                // No value's JSON has fewer characters than a sixteenth of its bytes.
                constexpr auto all = std::numeric_limits<std::size_t>::max();
                const auto length = log_.max_document_length();
                const bool log_alone = listener_ == nullptr && length < all / 64;
                whole = whole_command(body, sequences,
                                      log_alone ? body.size() + 16 * (length + 64) : all);
                command = {whole.data(), whole.size()};
            }
        }
        if (listener_ != nullptr) {
            auto event = event_of<command_started_event>(context);
            event.command = command;
            listener_->on(event);
        }
        write("Command started", context,
              [&](log_entry& entry) { entry.with_document("command", command); });
    } catch (const std::bad_alloc&) {
    }
}

void command_monitor::succeeded(const command_context& context, std::chrono::nanoseconds duration,
                                bson::document_view reply) noexcept {
    // {ok: 1}
    static constexpr std::uint8_t fine[] = {13, 0, 0, 0, 0x10, 'o', 'k', 0, 1, 0, 0, 0, 0};
    static_assert(sizeof fine == 13);
    auto shown = reply;
    if (context.sensitive) {
        shown = {};
    } else if (reply.empty()) {
        shown = {fine, sizeof fine};
    }
    if (listener_ != nullptr) {
        auto event = event_of<command_succeeded_event>(context);
        event.duration = duration;
        event.reply = shown;
        listener_->on(event);
    }
    write("Command succeeded", context,
          [&](log_entry& entry) { entry.with_duration(duration).with_document("reply", shown); });
}

void command_monitor::failed(const command_context& context, std::chrono::nanoseconds duration,
                             const error& failure) noexcept {
    try {
        // Only a server's words can hold what the command did.
        const bool redact = context.sensitive && failure == errc::command_failed;
        const error shown = redact ? redacted(failure) : failure;
        if (listener_ != nullptr) {
            auto event = event_of<command_failed_event>(context);
            event.duration = duration;
            event.failure = shown;
            listener_->on(event);
        }
        write("Command failed", context, [&](log_entry& entry) {
            entry.with_duration(duration);
            if (redact) {
                entry.with_text("failure",
                                "REDACTED: " + describe(shown, log_.max_document_length()));
            } else {
                entry.with_error("failure", shown);
            }
        });
    } catch (const std::bad_alloc&) {
    }
}

}  // namespace mongoro::monitoring
