#pragma once

#include "monitoring/log_settings.hpp"

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/object_id.hpp>
#include <mongoro/bson/writer.hpp>
#include <mongoro/error.hpp>
#include <mongoro/log.hpp>
#include <mongoro/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mongoro::monitoring {

/// Where the records of one client go. Its settings never change, so any thread may ask it.
///
/// Nothing of it throws: a record for which there is no memory is lost.
/// Spec: logging.
class logger {
 public:
    /// One that logs nothing.
    logger() noexcept = default;
    logger(logger&& other) noexcept;
    logger& operator=(logger&& other) noexcept;
    ~logger();

    /// Opens the file, if there is to be one and something is logged; then writes the warnings
    /// about the environment. Errors: `invalid_argument` for a path of the options that cannot be
    /// opened.
    [[nodiscard]] static result<logger> create(const log_options& options);
    [[nodiscard]] static result<logger> create(const log_options& options, const environment& env);

    /// To be asked before anything is made for a record.
    [[nodiscard]] bool enabled(log_component component, log_level level) const noexcept {
        return level <= levels_[static_cast<std::size_t>(component)];
    }
    [[nodiscard]] std::size_t max_document_length() const noexcept { return max_document_length_; }

    /// A sentence, as a record of level `warn`; it holds no secret.
    void warn(log_component component, std::string_view text) const noexcept;
    /// Hands over a record that is enabled.
    void write(const log_record& record) const noexcept;
    /// Whether the callback is being called.
    [[nodiscard]] bool calls_user() const noexcept { return calls_ != 0; }

 private:
    static constexpr int no_file = -1;
    void close() noexcept;

    std::array<log_level, component_count> levels_{};
    std::size_t max_document_length_ = default_max_document_length;
    std::function<void(const log_record&)> callback_;
    mutable int calls_ = 0;  // of it, on the reactor's thread
    int file_ = no_file;     // ours to close if it is above stderr
};

/// A record that is being put together: its message is the first of its keys.
class log_entry {
 public:
    /// `log` outlives it and has said that it is enabled. `message` is the specification's.
    log_entry(const logger& log, log_component component, log_level level,
              std::string_view message);

    template <typename T>
    log_entry& with(std::string_view key, const T& value) {
        body_.append(key, value);
        return *this;
    }
    /// `serverHost`, and `serverPort` if there is one.
    log_entry& with_address(std::string_view address);
    log_entry& with_text(std::string_view key, std::string_view text);
    log_entry& with_id(std::string_view key, const bson::object_id& id);
    /// `durationMS`, a double.
    log_entry& with_duration(std::chrono::nanoseconds duration);
    log_entry& with_document(std::string_view key, bson::document_view document);
    log_entry& with_error(std::string_view key, const error& e);
    template <typename T>
    log_entry& with_known(std::string_view key, const std::optional<T>& value) {
        return value ? with(key, *value) : *this;
    }

    void write();

 private:
    const logger& log_;
    log_record record_;
    bson::byte_buffer bytes_;
    bson::writer body_{bytes_};
};

/// Runs `fill(log_entry&)` and writes the record, unless it is not enabled or memory runs out.
template <typename Fill>
void write_entry(const logger& log, log_component component, log_level level,
                 std::string_view message, Fill&& fill) noexcept {
    if (!log.enabled(component, level)) {
        return;
    }
    try {
        log_entry entry(log, component, level, message);
        fill(entry);
        entry.write();
    } catch (const std::bad_alloc&) {
        // Less is lost with the record than with the operation that it is about.
    }
}

}  // namespace mongoro::monitoring
