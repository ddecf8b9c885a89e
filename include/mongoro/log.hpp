#pragma once

#include <mongoro/bson/document_view.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// \file
/// What a client writes to a log, and where.
///
/// The driver logs nothing unless it is asked to: by `client_options::log`, or by the environment
/// of the process, without a change of the program:
///
///     MONGODB_LOG_ALL=debug MONGODB_LOG_COMMAND=off MONGODB_LOG_PATH=/tmp/driver.log ./program
///
/// | variable | is |
/// |---|---|
/// | `MONGODB_LOG_COMMAND`, `…_TOPOLOGY`, `…_SERVER_SELECTION`, `…_CONNECTION` | a level |
/// | `MONGODB_LOG_ALL` | the level of the components that have none of their own |
/// | `MONGODB_LOG_PATH` | `stdout`, `stderr`, or a file that is appended to |
/// | `MONGODB_LOG_MAX_DOCUMENT_LENGTH` | see `log_options::max_document_length` |
///
/// The options beat the environment, one by one. A variable that is no level or no number counts as
/// not set; where a file cannot be written, stderr is in its place; both are a warning of
/// `log_component::client`.
/// Spec: logging; command-logging-and-monitoring, connection-monitoring-and-pooling,
/// server-discovery-and-monitoring-logging-and-monitoring and server-selection, "Log Messages".
namespace mongoro {

/// What a record is about.
enum class log_component : std::uint8_t {
    command,           ///< commands and their replies, shortened and without secrets
    topology,          ///< servers, as they are found and watched
    server_selection,  ///< which server an operation goes to, and whether it waits for one
    connection,        ///< pools of connections
    client,            ///< warnings about the client's own settings; no specification has it
};

/// The specification's name: `serverSelection`.
[[nodiscard]] std::string_view to_string(log_component component) noexcept;

/// How severe a record is, and, as a setting, how severe one must be at least. From the syslog
/// protocol (RFC 5424).
enum class log_level : std::uint8_t {
    off,  ///< as a setting: nothing
    emergency,
    alert,
    critical,
    error,
    warn,
    notice,
    info,
    debug,  ///< nearly all of the specifications' records are of this level
    trace,
};

/// The name that the environment has: `warn`.
[[nodiscard]] std::string_view to_string(log_level level) noexcept;
/// The level of that name, in upper or lower case; empty for anything else.
[[nodiscard]] std::optional<log_level> parse_log_level(std::string_view name) noexcept;

/// One message. All of it is valid during the call of the callback.
struct log_record {
    log_component component = log_component::client;
    log_level level = log_level::off;
    /// What happened, in the specification's words ("Command started"), or a sentence.
    std::string_view message;
    /// The same with its particulars, by the specification's keys: `message`, `serverHost`,
    /// `durationMS`, … What is not known is not there. Documents are texts of relaxed Extended
    /// JSON; a failure is a text.
    bson::document_view data;

    /// One line of prose with everything that `data` has. It may hold line breaks of a server's
    /// text.
    [[nodiscard]] std::string to_string() const;
};

/// How much of a client is logged, and where to. Example:
///
///     client_options options;
///     options.log.callback = [](const log_record& r) { std::clog << r.to_string() << '\n'; };
///     options.log.all = log_level::info;
///
/// What is set here beats the environment. For the other way round, ask it first:
///
///     const char* const wanted = std::getenv("MONGODB_LOG_ALL");
///     options.log.all = parse_log_level(wanted != nullptr ? wanted :
///     "").value_or(log_level::info);
struct log_options {
    /// Gets every record, on the thread of the client's reactor and from inside of what happens: it
    /// returns soon and starts no operation of the same client, which would log itself. What it
    /// throws is lost, and the record with it. Without one the records go to `path`.
    std::function<void(const log_record&)> callback = {};
    /// The least severe level that is logged. Of a component: its own, else `all`, else that of its
    /// environment variable, else that of `MONGODB_LOG_ALL`, else off. With a callback and no level
    /// anywhere: `warn` for all.
    std::optional<log_level> all = std::nullopt;
    std::optional<log_level> command = std::nullopt;
    std::optional<log_level> topology = std::nullopt;
    std::optional<log_level> server_selection = std::nullopt;
    std::optional<log_level> connection = std::nullopt;
    std::optional<log_level> client = std::nullopt;
    /// `stdout`, `stderr` (in upper or lower case), or a file that each record is appended to as a
    /// line, by a write that blocks. A new file is readable by its owner alone. Default:
    /// `MONGODB_LOG_PATH`, else `stderr`. Opened only if something is logged.
    std::optional<std::string> path = std::nullopt;
    /// How many characters (code points) of a document's JSON, or of a server's text, a record has;
    /// "..." stands for the rest. Default: `MONGODB_LOG_MAX_DOCUMENT_LENGTH`, else 1000.
    std::optional<std::size_t> max_document_length = std::nullopt;
};

}  // namespace mongoro
