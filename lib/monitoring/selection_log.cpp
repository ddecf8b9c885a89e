#include "monitoring/selection_log.hpp"

#include <utility>

namespace mongoro::monitoring {

namespace {

/// The text of a timeout repeats the topology's description, which a record has already. It is the
/// cause of a deadline that came first.
error without_topology(const error& why) {
    if (why == errc::server_selection_timeout) {
        return {why.code()};
    }
    if (why.cause() != nullptr && *why.cause() == errc::server_selection_timeout) {
        return {why.code(), std::string(why.message()), error(why.cause()->code())};
    }
    return why;
}

}  // namespace

template <typename Fill>
void selection_log::write(log_level level, std::string_view message, const selection& which,
                          const topology_description& topology, Fill&& fill) const noexcept {
    write_entry(log_, log_component::server_selection, level, message, [&](log_entry& entry) {
        const bool reads = which.criteria.operation == topology::operation_kind::read;
        entry
            .with_text("selector", reads ? which.criteria.preference.to_string()
                                         : std::string("writable server"))
            .with_known("operationId", which.operation_id)
            .with_text("operation", which.operation)
            .with_text("topologyDescription", topology.to_string());
        fill(entry);
    });
}

void selection_log::started(const selection& which,
                            const topology_description& topology) const noexcept {
    write(log_level::debug, "Server selection started", which, topology, [](log_entry&) {});
}

void selection_log::waiting(const selection& which, const topology_description& topology,
                            std::optional<std::chrono::milliseconds> remaining) const noexcept {
    write(log_level::info, "Waiting for suitable server to become available", which, topology,
          [&](log_entry& entry) {
              if (remaining) {
                  entry.with("remainingTimeMS", std::int64_t{remaining->count()});
              }
          });
}

void selection_log::succeeded(const selection& which, const topology_description& topology,
                              std::string_view address) const noexcept {
    write(log_level::debug, "Server selection succeeded", which, topology,
          [&](log_entry& entry) { entry.with_address(address); });
}

void selection_log::failed(const selection& which, const topology_description& topology,
                           const error& why) const noexcept {
    write(log_level::debug, "Server selection failed", which, topology,
          [&](log_entry& entry) { entry.with_error("failure", without_topology(why)); });
}

}  // namespace mongoro::monitoring
