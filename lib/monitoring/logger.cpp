#include "monitoring/logger.hpp"

#include "monitoring/ascii.hpp"
#include "monitoring/log_text.hpp"
#include "monitoring/user_call.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

namespace mongoro::monitoring {

namespace {

/// `2026-01-31T12:00:00.123Z`.
std::string time_stamp() {
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const std::time_t when = std::chrono::system_clock::to_time_t(seconds);
    std::tm utc{};
    gmtime_r(&when, &utc);
    char text[40];
    const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    char millis[8];
    std::snprintf(millis, sizeof millis, ".%03dZ", static_cast<int>((now - seconds).count()));
    return std::string(text, size) + millis;
}

/// A record is one line, whatever a server's text has in it.
std::string line_of(const log_record& record) {
    std::string line = time_stamp();
    line += ' ';
    line += to_string(record.level);
    line += ' ';
    line += to_string(record.component);
    line += ": ";
    for (const char c : record.to_string()) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7F) {
            line += c;
        } else {
            constexpr std::string_view hex = "0123456789abcdef";
            line += "\\x";
            line += hex[byte >> 4U];
            line += hex[byte & 0x0FU];
        }
    }
    line += '\n';
    return line;
}

/// One call, as a rule: so the lines of several clients do not mix.
void write_all(int file, std::string_view text) noexcept {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (written == 0 || errno != EINTR) {
            return;  // there is nobody to tell
        }
    }
}

/// The descriptor, or a negated errno.
int open_log(const std::string& path) noexcept {
    if (path.empty() || same_word(path, "stderr")) {
        return STDERR_FILENO;
    }
    if (same_word(path, "stdout")) {
        return STDOUT_FILENO;
    }
    const int opened = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return opened >= 0 ? opened : -errno;
}

}  // namespace

logger::logger(logger&& other) noexcept
    : levels_(other.levels_),
      max_document_length_(other.max_document_length_),
      callback_(std::move(other.callback_)),
      file_(std::exchange(other.file_, no_file)) {
    other.levels_.fill(log_level::off);
}

logger& logger::operator=(logger&& other) noexcept {
    if (this != &other) {
        close();
        levels_ = other.levels_;
        other.levels_.fill(log_level::off);
        max_document_length_ = other.max_document_length_;
        callback_ = std::move(other.callback_);
        file_ = std::exchange(other.file_, no_file);
    }
    return *this;
}

logger::~logger() {
    close();
}

void logger::close() noexcept {
    if (file_ > STDERR_FILENO) {
        ::close(file_);
    }
    file_ = no_file;
}

result<logger> logger::create(const log_options& options) {
    // A client is made before the program goes on to threads, or after them; nothing is set here.
    return create(options, [](const char* name) { return std::getenv(name); });  // NOLINT
}

result<logger> logger::create(const log_options& options, const environment& env) {
    auto settings = resolve(options, env);
    logger made;
    made.max_document_length_ = settings.max_document_length;
    if (!settings.logs_anything()) {
        return made;
    }
    made.levels_ = settings.levels;
    if (options.callback) {
        made.callback_ = options.callback;
    } else {
        const int opened = open_log(settings.path);
        if (opened < 0 && settings.path_is_an_option) {
            return error(errc::invalid_argument, "the log's file cannot be opened",
                         error(std::error_code(-opened, std::system_category())));
        }
        if (opened < 0) {
            settings.warnings.push_back(
                "the file of the environment variable MONGODB_LOG_PATH cannot be opened (" +
                std::error_code(-opened, std::system_category()).message() +
                "): the log goes to stderr");
        }
        made.file_ = opened < 0 ? STDERR_FILENO : opened;
    }
    for (const auto& warning : settings.warnings) {
        made.warn(log_component::client, warning);
    }
    return made;
}

void logger::warn(log_component component, std::string_view text) const noexcept {
    write_entry(*this, component, log_level::warn, text, [](log_entry&) {});
}

void logger::write(const log_record& record) const noexcept {
    try {
        if (callback_) {
            const user_call calling(calls_);
            callback_(record);
        } else if (file_ != no_file) {
            write_all(file_, line_of(record));
        }
    } catch (...) {
        // Of the user's callback, or no memory: see `log_options::callback`.
    }
}

log_entry::log_entry(const logger& log, log_component component, log_level level,
                     std::string_view message)
    : log_(log) {
    record_.component = component;
    record_.level = level;
    record_.message = message;
    body_.begin_document();
    with_text("message", message);
}

log_entry& log_entry::with_address(std::string_view address) {
    const auto where = split(address);
    with_text("serverHost", where.host);
    return with_known("serverPort", where.port);
}

log_entry& log_entry::with_text(std::string_view key, std::string_view text) {
    body_.append_string(key, shortened(text, text.size()));
    return *this;
}

log_entry& log_entry::with_id(std::string_view key, const bson::object_id& id) {
    body_.append_string(key, id.to_string());
    return *this;
}

log_entry& log_entry::with_duration(std::chrono::nanoseconds duration) {
    body_.append_double("durationMS", std::chrono::duration<double, std::milli>(duration).count());
    return *this;
}

log_entry& log_entry::with_document(std::string_view key, bson::document_view document) {
    body_.append_string(key, shortened(document, log_.max_document_length()));
    return *this;
}

log_entry& log_entry::with_error(std::string_view key, const error& e) {
    return with_text(key, describe(e, log_.max_document_length()));
}

void log_entry::write() {
    body_.end();
    record_.data = body_.view();
    log_.write(record_);
}

}  // namespace mongoro::monitoring
