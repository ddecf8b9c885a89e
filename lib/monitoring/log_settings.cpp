#include "monitoring/log_settings.hpp"

#include "monitoring/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace mongoro::monitoring {

namespace {

constexpr std::array<std::string_view, 10> level_names = {
    "off", "emergency", "alert", "critical", "error", "warn", "notice", "info", "debug", "trace"};
constexpr std::array<std::string_view, component_count> component_names = {
    "command", "topology", "serverSelection", "connection", "client"};

/// The value of a variable; an empty one counts as none.
std::string_view value_of(const environment& env, const char* name) {
    const char* const value = env(name);
    return value != nullptr ? std::string_view(value) : std::string_view();
}

std::optional<log_level> level_of(const environment& env, const char* name,
                                  std::vector<std::string>& warnings) {
    const auto value = value_of(env, name);
    const auto level = parse_log_level(value);
    if (!level && !value.empty()) {
        warnings.push_back(std::string("the environment variable ") + name +
                           " is no log level and is ignored");
    }
    return level;
}

}  // namespace

bool log_settings::logs_anything() const noexcept {
    return std::any_of(levels.begin(), levels.end(),
                       [](log_level level) { return level != log_level::off; });
}

log_settings resolve(const log_options& options, const environment& env) {
    struct source {
        log_component component;
        std::optional<log_level> option;
        const char* variable;
    };
    const std::array<source, component_count> sources = {{
        {log_component::command, options.command, "MONGODB_LOG_COMMAND"},
        {log_component::topology, options.topology, "MONGODB_LOG_TOPOLOGY"},
        {log_component::server_selection, options.server_selection, "MONGODB_LOG_SERVER_SELECTION"},
        {log_component::connection, options.connection, "MONGODB_LOG_CONNECTION"},
        {log_component::client, options.client, nullptr},
    }};
    log_settings found;
    std::optional<log_level> all;
    if (!options.all) {
        all = level_of(env, "MONGODB_LOG_ALL", found.warnings);
    }
    bool any = all.has_value();
    for (const auto& one : sources) {
        auto level = one.option ? one.option : options.all;
        if (!level && one.variable != nullptr) {
            level = level_of(env, one.variable, found.warnings);
        }
        any = any || level;
        found.levels[static_cast<std::size_t>(one.component)] =
            level ? *level : all.value_or(log_level::off);
    }
    if (!any && options.callback) {
        found.levels.fill(log_level::warn);
    }

    if (options.path) {
        found.path = *options.path;
        found.path_is_an_option = true;
    } else {
        found.path = value_of(env, "MONGODB_LOG_PATH");
    }

    if (options.max_document_length) {
        found.max_document_length = *options.max_document_length;
    } else if (const auto text = value_of(env, "MONGODB_LOG_MAX_DOCUMENT_LENGTH"); !text.empty()) {
        std::size_t number = 0;
        const auto* const end = text.data() + text.size();
        const auto [stopped, failed] = std::from_chars(text.data(), end, number);
        if (failed == std::errc{} && stopped == end) {
            found.max_document_length = number;
        } else {
            found.warnings.emplace_back(
                "the environment variable MONGODB_LOG_MAX_DOCUMENT_LENGTH is no length and is "
                "ignored");
        }
    }
    return found;
}

}  // namespace mongoro::monitoring

namespace mongoro {

std::string_view to_string(log_component component) noexcept {
    const auto i = static_cast<std::size_t>(component);
    return i < monitoring::component_names.size() ? monitoring::component_names[i]
                                                  : std::string_view();
}

std::string_view to_string(log_level level) noexcept {
    const auto i = static_cast<std::size_t>(level);
    return i < monitoring::level_names.size() ? monitoring::level_names[i] : std::string_view();
}

std::optional<log_level> parse_log_level(std::string_view name) noexcept {
    for (std::size_t i = 0; i < monitoring::level_names.size(); ++i) {
        if (monitoring::same_word(name, monitoring::level_names[i])) {
            return static_cast<log_level>(i);
        }
    }
    return std::nullopt;
}

}  // namespace mongoro
