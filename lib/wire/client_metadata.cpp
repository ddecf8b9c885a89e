#include "wire/client_metadata.hpp"

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/validate.hpp>
#include <mongoro/bson/writer.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#ifndef MONGORO_VERSION
#define MONGORO_VERSION "0.1.0"
#endif

namespace mongoro::wire {

namespace {

#if defined(__clang__)
constexpr std::string_view compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
constexpr std::string_view compiler = "gcc " __VERSION__;
#else
constexpr std::string_view compiler = "unknown compiler";
#endif

// The steps of the spec's "Limitations": each leaves out what the one before did, and more.
enum class cut { nothing, env_details, agent, os_details, env, platform };

struct metadata {
    std::string_view application;
    std::string driver_name = "mongoro";
    std::string driver_version = MONGORO_VERSION;
    std::string platform;
    const host_environment& host;
};

void append_given(bson::writer& to, std::string_view key, std::string_view text) {
    if (!text.empty()) {
        to.append_string(key, text);
    }
}

void append_given(bson::writer& to, std::string_view key, std::int32_t number) {
    if (number != 0) {
        to.append_int32(key, number);
    }
}

void append_env(bson::writer& to, const host_environment& host, cut without) {
    const bool container = without < cut::env_details &&
                           !(host.container_runtime.empty() && host.container_orchestrator.empty());
    const bool agent = without < cut::agent && !host.agent.empty();
    if (without >= cut::env || (host.faas_name.empty() && !container && !agent)) {
        return;
    }
    to.begin_document("env");
    append_given(to, "name", host.faas_name);
    if (without < cut::env_details) {
        append_given(to, "timeout_sec", host.faas_timeout_sec);
        append_given(to, "memory_mb", host.faas_memory_mb);
        append_given(to, "region", host.faas_region);
    }
    if (container) {
        to.begin_document("container");
        append_given(to, "runtime", host.container_runtime);
        append_given(to, "orchestrator", host.container_orchestrator);
        to.end();
    }
    if (agent) {
        to.append_string("agent", host.agent);
    }
    to.end();
}

void write(bson::writer& to, const metadata& from, std::string_view platform, cut without) {
    to.begin_document();
    if (!from.application.empty()) {
        to.begin_document("application");
        to.append_string("name", from.application);
        to.end();
    }
    to.begin_document("driver");
    to.append_string("name", from.driver_name);
    to.append_string("version", from.driver_version);
    to.end();
    to.begin_document("os");
    to.append_string("type", from.host.os_type);
    if (without < cut::os_details) {
        append_given(to, "name", from.host.os_name);
        append_given(to, "architecture", from.host.os_architecture);
        append_given(to, "version", from.host.os_version);
    }
    to.end();
    append_given(to, "platform", platform);
    append_env(to, from.host, without);
    to.end();
}

// At most `size` bytes, ending between two characters.
std::string_view cut_text(std::string_view text, std::size_t size) {
    if (text.size() <= size) {
        return text;
    }
    while (size != 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
        --size;
    }
    return text.substr(0, size);
}

error add_wrapper(metadata& to, const driver_info& wrapper) {
    for (const auto text : {wrapper.name, wrapper.version, wrapper.platform}) {
        if (text.find('|') != std::string_view::npos) {
            return error(make_error_code(errc::invalid_argument),
                         "a wrapping library's name, version or platform has a '|'");
        }
        if (text.find('\0') != std::string_view::npos) {
            return error(make_error_code(errc::embedded_nul),
                         "a wrapping library's name, version or platform");
        }
    }
    // Names and versions belong together by their places: each library has one of both.
    (to.driver_name += '|') += wrapper.name;
    (to.driver_version += '|') += wrapper.version;
    if (!wrapper.platform.empty()) {
        (to.platform += '|') += wrapper.platform;
    }
    return {};
}

std::string_view variable(environment_lookup lookup, const char* name) {
    const char* const value = lookup(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string_view without_blanks(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\n\v\f\r";
    const auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

struct known_agent {
    const char* variable;
    std::string_view name;
};

// In the order in which they count, by their presence.
constexpr std::array<known_agent, 12> known_agents{{
    {"CLAUDECODE", "claude_code"},
    {"CLAUDE_CODE_ENTRYPOINT", "claude_code"},
    {"CURSOR_AGENT", "cursor"},
    {"CODEX_SANDBOX", "codex_cli"},
    {"CLINE_ACTIVE", "cline"},
    {"GEMINI_CLI", "gemini_cli"},
    {"AUGMENT_AGENT", "auggie_cli"},
    {"OPENCODE", "opencode_client"},
    {"OPENCODE_CLIENT", "opencode_client"},
    {"TRAE_AI_SHELL_ID", "trae_ai"},
    {"GOOSE_TERMINAL", "goose"},
    {"GOOSE_AGENT", "goose"},
}};

// Letters other than ASCII's stay as they are; bytes that are no character are left out.
std::string agent_name(std::string_view text) {
    constexpr std::size_t longest_character = 4;
    std::string name;
    while (!text.empty()) {
        std::size_t size = 1;
        while (size < longest_character && size < text.size() &&
               !bson::is_utf8(text.substr(0, size))) {
            ++size;
        }
        if (!bson::is_utf8(text.substr(0, size))) {
            text.remove_prefix(1);
            continue;
        }
        name += text.substr(0, size);
        text.remove_prefix(size);
    }
    for (char& c : name) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return name;
}

std::string find_agent(environment_lookup lookup) {
    constexpr std::size_t most = 64;
    for (const auto& [name, agent] : known_agents) {
        if (!without_blanks(variable(lookup, name)).empty()) {
            return std::string(agent);
        }
    }
    const auto whole = agent_name(variable(lookup, "AI_AGENT"));
    const auto name = without_blanks(whole);
    return name == "1" || name == "true" ? "ai_agent" : std::string(cut_text(name, most));
}

std::int32_t number_variable(environment_lookup lookup, const char* name) {
    const auto text = variable(lookup, name);
    std::int32_t number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    return status == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

void read_environment(host_environment& to, environment_lookup lookup, bool docker_file_exists) {
    const auto set = [&](const char* name) { return !variable(lookup, name).empty(); };
    const bool aws = variable(lookup, "AWS_EXECUTION_ENV").starts_with("AWS_Lambda_") ||
                     set("AWS_LAMBDA_RUNTIME_API");
    const bool azure = set("FUNCTIONS_WORKER_RUNTIME");
    const bool gcp = set("K_SERVICE") || set("FUNCTION_NAME");
    const bool vercel = set("VERCEL");
    // Vercel runs on Lambda and so has both; any other two contradict each other.
    const int kinds = (aws || vercel ? 1 : 0) + (azure ? 1 : 0) + (gcp ? 1 : 0);
    if (kinds == 1) {
        if (vercel) {
            to.faas_name = "vercel";
            to.faas_region = variable(lookup, "VERCEL_REGION");
        } else if (aws) {
            to.faas_name = "aws.lambda";
            to.faas_region = variable(lookup, "AWS_REGION");
            to.faas_memory_mb = number_variable(lookup, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
        } else if (azure) {
            to.faas_name = "azure.func";
        } else {
            to.faas_name = "gcp.func";
            to.faas_memory_mb = number_variable(lookup, "FUNCTION_MEMORY_MB");
            to.faas_timeout_sec = number_variable(lookup, "FUNCTION_TIMEOUT_SEC");
            to.faas_region = variable(lookup, "FUNCTION_REGION");
        }
    }
    if (docker_file_exists) {
        to.container_runtime = "docker";
    }
    if (set("KUBERNETES_SERVICE_HOST")) {
        to.container_orchestrator = "kubernetes";
    }
    to.agent = find_agent(lookup);
}

result<std::vector<std::uint8_t>> encode_client_metadata(std::string_view application_name,
                                                         const host_environment& host,
                                                         std::span<const driver_info> wrappers) {
    if (application_name.size() > max_application_name_size) {
        return error(make_error_code(errc::invalid_argument),
                     "an application name of " + std::to_string(application_name.size()) +
                         " bytes; the limit is " + std::to_string(max_application_name_size));
    }
    if (application_name.find('\0') != std::string_view::npos) {
        return error(make_error_code(errc::embedded_nul), "an application name");
    }
    metadata from{.application = application_name,
                  .platform = "C++20 " + std::string(compiler),
                  .host = host};
    for (auto it = wrappers.begin(); it != wrappers.end(); ++it) {
        if (std::any_of(wrappers.begin(), it, [&](const auto& w) { return w == *it; })) {
            continue;  // the same library, told of by two of its objects
        }
        if (auto bad = add_wrapper(from, *it)) {
            return bad;
        }
    }

    bson::byte_buffer bytes;
    bson::writer to(bytes);
    for (const auto without :
         {cut::nothing, cut::env_details, cut::agent, cut::os_details, cut::env, cut::platform}) {
        to.rollback();
        write(to, from, from.platform, without);
        if (to.ok() && without == cut::platform && bytes.size() > max_client_metadata_size) {
            const std::size_t over = bytes.size() - max_client_metadata_size;
            const auto platform = cut_text(
                from.platform, from.platform.size() > over ? from.platform.size() - over : 0);
            to.rollback();
            write(to, from, platform, without);
        }
        if (!to.ok()) {
            return to.error();
        }
        if (bytes.size() <= max_client_metadata_size) {
            return std::vector<std::uint8_t>(bytes.data(), bytes.data() + bytes.size());
        }
    }
    return error(make_error_code(errc::invalid_argument),
                 "the names of the wrapping libraries leave no room in the client metadata");
}

result<void> client_metadata::append(const driver_info& wrapper) {
    if (std::ranges::any_of(wrappers_, [&](const auto& w) { return w.view() == wrapper; })) {
        return {};
    }
    wrappers_.emplace_back(wrapper);
    auto encoded = encode();
    if (!encoded) {
        wrappers_.pop_back();
        return encoded.error();
    }
    encoded_ = *std::move(encoded);
    return {};
}

result<bson::document_view> client_metadata::document() {
    if (encoded_.empty()) {
        auto encoded = encode();
        if (!encoded) {
            return encoded.error();
        }
        encoded_ = *std::move(encoded);
    }
    return bson::document_view(encoded_.data(), encoded_.size());
}

result<std::vector<std::uint8_t>> client_metadata::encode() const {
    // The answer does not change, and it costs some system calls.
    static const host_environment environment = detect_host_environment();
    std::vector<driver_info> views;
    views.reserve(wrappers_.size());
    for (const auto& wrapper : wrappers_) {
        views.push_back(wrapper.view());
    }
    return encode_client_metadata(application_, environment, views);
}

}  // namespace mongoro::wire
