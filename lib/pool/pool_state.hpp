#pragma once

#include "pool/connection_record.hpp"
#include "pool/pool_settings.hpp"

#include <mongoro/bson/object_id.hpp>
#include <mongoro/events.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro::pool {

/// What a pool decides, without a connection, a coroutine or a clock.
///
/// Spec: connection-monitoring-and-pooling, "Connection Pool Behaviors"; load-balancers,
/// "Connection Pooling".
class pool_state {
 public:
    using clock = connection_record::clock;
    enum class phase : std::uint8_t { paused, ready, closed };

    explicit pool_state(const pool_settings& settings);

    [[nodiscard]] const pool_settings& settings() const noexcept { return settings_; }
    [[nodiscard]] bool is_ready() const noexcept { return phase_ == phase::ready; }
    [[nodiscard]] bool is_closed() const noexcept { return phase_ == phase::closed; }

    /// False: it is ready already, or closed.
    bool ready() noexcept;
    /// A new generation, and paused. False: it was not ready, so nobody needs to hear of it.
    bool clear() noexcept;
    /// A new generation of one service, behind a load balancer. False: it has no connection.
    bool clear_service(const bson::object_id& service) noexcept;
    /// False: it is closed already.
    bool close() noexcept;

    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
    /// 0 for a service without connections.
    [[nodiscard]] std::uint64_t generation(const bson::object_id& service) const noexcept;
    /// A connection's hello has been answered: behind a load balancer it is counted to its service
    /// from now on, and has the generation of that.
    void join(connection_record& record);
    /// It is gone: a service without connections is forgotten.
    void leave(const connection_record& record) noexcept;
    /// Of the generation that its pool, or its service, has now.
    [[nodiscard]] bool is_current(const connection_record& record) const noexcept {
        if (record.of_service) [[unlikely]] {
            return record.generation == generation(*record.service_id);
        }
        return record.generation == generation_;
    }

    /// How many connections there are of each kind.
    struct counts {
        std::size_t total = 0;    ///< those that are being opened too
        std::size_t pending = 0;  ///< being opened
        std::size_t useful = 0;   ///< of these, the ones that will not be stale
        std::size_t waiting = 0;  ///< check-outs in line
    };
    /// Whether none is opened besides these, whoever waits.
    [[nodiscard]] bool is_full(std::size_t total) const noexcept {
        return settings_.max_size != 0 && total >= settings_.max_size;
    }
    /// Whether one more is to be opened: for who waits, or `to_min_size`.
    [[nodiscard]] bool may_open(const counts& now, bool to_min_size) const noexcept;

    /// Whether an idle connection has been so for too long.
    [[nodiscard]] bool idle_too_long(const connection_record& record,
                                     clock::time_point now) const noexcept {
        return settings_.max_idle_time.count() != 0 &&
               now - record.idle_since >= settings_.max_idle_time;
    }
    /// Why a connection that comes back is closed; none: it is good. `broken`: an error closed it.
    [[nodiscard]] std::optional<connection_closed_reason> perished(const connection_record& record,
                                                                   bool broken) const noexcept;

    /// Whether anything is to be done from time to time.
    [[nodiscard]] bool needs_maintenance() const noexcept {
        return is_ready() && settings_.maintenance_interval.count() > 0 &&
               (settings_.min_size != 0 || settings_.max_idle_time.count() != 0);
    }
    /// What of its settings was given, or is not the default.
    [[nodiscard]] pool_options options() const noexcept;

 private:
    struct service {
        std::uint64_t generation = 0;
        std::size_t connections = 0;
    };

    pool_settings settings_;
    phase phase_ = phase::paused;
    std::uint64_t generation_ = 0;
    std::map<bson::object_id, service> services_;
};

/// Who holds the connections of a pool that has none left.
struct pool_usage {
    std::size_t connections = 0;  ///< those that are being opened too
    std::size_t opening = 0;
    std::size_t cursors = 0;
    std::size_t transactions = 0;
    std::size_t operations = 0;
};
/// The text of a check-out that waited for too long, in the words of
/// connection-monitoring-and-pooling; behind a load balancer in those of load-balancers too.
[[nodiscard]] std::string timeout_text(std::string_view address, const pool_settings& settings,
                                       const pool_usage& usage);

}  // namespace mongoro::pool
