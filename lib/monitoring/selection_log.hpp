#pragma once

#include "monitoring/logger.hpp"
#include "topology/server_selection.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// The log messages of server-selection, "Logging". Each costs a comparison if it is not enabled.
namespace mongoro::monitoring {

/// Which selection it is.
struct selection {
    std::string_view operation;  ///< the command's name
    std::optional<std::int64_t> operation_id;
    const topology::selection_criteria& criteria;
};

/// What one client's selections write: `started` and one of `succeeded` and `failed` for each, and
/// between them `waiting`, once an operation, when there was no suitable server at first.
class selection_log {
 public:
    /// `log` must outlive it.
    explicit selection_log(const logger& log) noexcept : log_(log) {}

    void started(const selection& which, const topology_description& topology) const noexcept;
    /// The only one of level `info`.
    void waiting(const selection& which, const topology_description& topology,
                 std::optional<std::chrono::milliseconds> remaining) const noexcept;
    void succeeded(const selection& which, const topology_description& topology,
                   std::string_view address) const noexcept;
    void failed(const selection& which, const topology_description& topology,
                const error& why) const noexcept;

 private:
    template <typename Fill>
    void write(log_level level, std::string_view message, const selection& which,
               const topology_description& topology, Fill&& fill) const noexcept;

    const logger& log_;
};

}  // namespace mongoro::monitoring
