#pragma once

#include "cloud/http.hpp"
#include "wire/client_metadata.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace mongoro::cloud {

/// What a login asks of the world around it: handed in, so that a test can be the world.
struct environment {
    io::reactor_core* core = nullptr;
    http_connector connect;
    /// Asked anew at each login, as another part of the program may set them (auth specification).
    wire::environment_lookup lookup = nullptr;
    std::chrono::sys_seconds (*now)() = nullptr;

    /// A variable that is set, and not to nothing.
    [[nodiscard]] std::optional<std::string> variable(const char* name) const {
        const char* const value = lookup(name);
        if (value == nullptr || *value == '\0') {
            return std::nullopt;
        }
        return value;
    }
};

/// The process's own variables and the system's clock. Not to be raced with setenv(3).
[[nodiscard]] environment system_environment(io::reactor_core& core, http_connector connect);

}  // namespace mongoro::cloud
