#pragma once

#include "io/process_generation.hpp"

#include <mongoro/event_listener.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace mongoro::pool {

/// Builds the events of a pool, if somebody listens. `address` outlives it. In a child process it
/// tells nothing: the connections are the parent's.
class pool_publisher {
 public:
    using clock = std::chrono::steady_clock;

    pool_publisher(pool_listener* listener, const std::string& address) noexcept
        : listener_(listener), address_(address) {}

    [[nodiscard]] explicit operator bool() const noexcept { return listener_ != nullptr; }
    /// The clock is only read if somebody wants a duration.
    [[nodiscard]] clock::time_point now() const noexcept {
        return listener_ != nullptr ? clock::now() : clock::time_point();
    }

    /// `address` and whatever else the event has, in its order.
    template <typename Event, typename... Members>
    void publish(Members&&... members) const noexcept {
        if (listener_ != nullptr && generation_.is_current()) [[unlikely]] {
            listener_->on(Event{address_, std::forward<Members>(members)...});
        }
    }
    /// Events of a span of time that ends now.
    void ready(std::int64_t id, clock::time_point since) const noexcept {
        publish<connection_ready_event>(id, now() - since);
    }
    void checked_out(std::int64_t id, clock::time_point since) const noexcept {
        publish<connection_checked_out_event>(id, now() - since);
    }
    void check_out_failed(check_out_failed_reason why, clock::time_point since,
                          const error& failure) const noexcept {
        publish<connection_check_out_failed_event>(why, now() - since, failure);
    }

 private:
    pool_listener* listener_;
    const std::string& address_;
    io::process_generation generation_;
};

}  // namespace mongoro::pool
