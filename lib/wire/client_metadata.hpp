#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/options/driver_info.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::wire {

inline constexpr std::size_t max_client_metadata_size = 512;
inline constexpr std::size_t max_application_name_size = 128;

/// What the machine and the process environment say, as the handshake spec sorts it. Empty strings
/// and zeros are left out.
struct host_environment {
    std::string os_type = "unknown";
    std::string os_name;
    std::string os_architecture;
    std::string os_version;
    std::string faas_name;  ///< "aws.lambda", "azure.func", "gcp.func", "vercel"
    std::string faas_region;
    std::int32_t faas_timeout_sec = 0;
    std::int32_t faas_memory_mb = 0;
    std::string container_runtime;       ///< "docker"
    std::string container_orchestrator;  ///< "kubernetes"
    std::string agent;                   ///< the coding agent that runs the program
};

using mongoro::driver_info;

/// Looks a variable up; null without one.
using environment_lookup = const char* (*)(const char* name);

/// Reads the fields of FaaS, container and agent out of environment variables (handshake spec,
/// "client.env"). A variable with a value that is no number where one is due is as if it were not
/// there, and so is an agent's that is blank.
void read_environment(host_environment& to, environment_lookup lookup, bool docker_file_exists);

/// Asks the machine: uname(2), /etc/os-release, /.dockerenv, the process environment. Blocking and
/// not cheap: once a client, before it runs. Not to be raced with setenv(3).
[[nodiscard]] host_environment detect_host_environment();

/// The `client` document of the first hello of every connection, at most 512 bytes.
///
/// Too large, it is cut as the spec says: `env` but its name and agent, the agent, `os` but its
/// type, `env`, the end of `platform` (never inside a character). Errors: `invalid_argument`: an
/// application name over 128 bytes, a wrapper's text with a '|' in it, or so long that nothing was
/// left to cut; `embedded_nul`.
[[nodiscard]] result<std::vector<std::uint8_t>> encode_client_metadata(
    std::string_view application_name, const host_environment& host,
    std::span<const driver_info> wrappers = {});

/// What one client tells in the first hello of each of its connections, encoded once. Not
/// thread-safe.
class client_metadata {
 public:
    explicit client_metadata(std::string application_name)
        : application_(std::move(application_name)) {}

    /// Adds a wrapping library; one that is there already changes nothing. For the connections that
    /// are opened from now on.
    ///
    /// Errors: as `encode_client_metadata`; then nothing has changed.
    [[nodiscard]] result<void> append(const driver_info& wrapper);
    /// The `client` document; valid until the next `append`. The first call asks the machine, once
    /// a process. Errors: as `encode_client_metadata`.
    [[nodiscard]] result<bson::document_view> document();

 private:
    struct owned_info {
        std::string name;
        std::string version;
        std::string platform;

        explicit owned_info(const driver_info& from)
            : name(from.name), version(from.version), platform(from.platform) {}
        [[nodiscard]] driver_info view() const noexcept { return {name, version, platform}; }
    };
    [[nodiscard]] result<std::vector<std::uint8_t>> encode() const;

    std::string application_;
    std::vector<owned_info> wrappers_;
    std::vector<std::uint8_t> encoded_;  // empty: not yet
};

}  // namespace mongoro::wire
