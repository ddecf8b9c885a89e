#pragma once

#include "deployment/deployment.hpp"
#include "wire/command.hpp"

#include <mongoro/error.hpp>
#include <mongoro/task.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mongoro::operation {

/// Whether a command is tried again, and when: only one that the server was too busy for.
/// Spec: client-backpressure, "Overload retry policy".
class retry_policy {
 public:
    static constexpr std::chrono::milliseconds base_backoff{100};
    static constexpr std::chrono::milliseconds max_backoff{10'000};

    /// Whether the server asked for it, and another try is allowed. Counts it.
    [[nodiscard]] bool allows(const deployment::settings& options, wire::command::kind kind,
                              const error& why);
    /// How long to wait before it; `jitter` is from 0 to 1.
    [[nodiscard]] std::chrono::nanoseconds backoff(const error& why, double jitter) const;

    /// The next command of the operation is for itself. Gives true.
    bool begin_command() noexcept {
        attempt_ = 0;
        avoided_.reset();
        return true;
    }

    /// Servers that another one is to be preferred to.
    void avoid(const std::string& address) {
        if (!avoided_) {
            avoided_ = std::make_unique<std::vector<std::string>>();
        }
        avoided_->push_back(address);
    }
    [[nodiscard]] std::span<const std::string> avoided() const noexcept {
        return avoided_ ? std::span<const std::string>(*avoided_) : std::span<const std::string>();
    }

    /// Whether the log has it of an earlier try that it waited for a server.
    [[nodiscard]] bool has_waited() const noexcept { return waited_ != 0; }
    void set_waited(bool waited) noexcept { waited_ = waited ? 1 : 0; }

 private:
    std::uint32_t attempt_ : 31 = 0;
    std::uint32_t waited_ : 1 = 0;  // one word with the attempt: it is in every frame too
    std::unique_ptr<std::vector<std::string>> avoided_;  // rare, and in every operation's frame
};

/// Waits before the try that follows `why`, as an operation that is under way. Gives that again if
/// the deadline comes first, and at once if it is known to; a stop's own error, and
/// `client_closed`.
[[nodiscard]] task<error> back_off(deployment::deployment& d, std::chrono::nanoseconds pause,
                                   const error& why);

}  // namespace mongoro::operation
