#pragma once

#include "monitoring/user_call.hpp"

#include <mongoro/event_listener.hpp>

namespace mongoro::monitoring {

/// Passes events on to a user's listener and, unless that is null, to another one. Both must
/// outlive it, and so must `depth`: see `user_call`.
template <typename Listener>
class tee : public Listener {
 public:
    tee(Listener& user, Listener* other, int& depth) noexcept
        : user_(user), other_(other), depth_(depth) {}

 protected:
    template <typename Event>
    void both(const Event& event) noexcept {
        {
            const user_call calling(depth_);
            user_.on(event);
        }
        if (other_ != nullptr) {
            other_->on(event);
        }
    }

 private:
    Listener& user_;
    Listener* other_;
    int& depth_;
};

/// The events of a client's commands.
class command_tee final : public tee<command_listener> {
 public:
    using tee::tee;

    void on(const command_started_event& event) noexcept override { both(event); }
    void on(const command_succeeded_event& event) noexcept override { both(event); }
    void on(const command_failed_event& event) noexcept override { both(event); }
};

/// Those of its pools.
class pool_tee final : public tee<pool_listener> {
 public:
    using tee::tee;

    void on(const pool_created_event& event) noexcept override { both(event); }
    void on(const pool_ready_event& event) noexcept override { both(event); }
    void on(const pool_cleared_event& event) noexcept override { both(event); }
    void on(const pool_closed_event& event) noexcept override { both(event); }
    void on(const connection_created_event& event) noexcept override { both(event); }
    void on(const connection_ready_event& event) noexcept override { both(event); }
    void on(const connection_closed_event& event) noexcept override { both(event); }
    void on(const connection_check_out_started_event& event) noexcept override { both(event); }
    void on(const connection_check_out_failed_event& event) noexcept override { both(event); }
    void on(const connection_checked_out_event& event) noexcept override { both(event); }
    void on(const connection_checked_in_event& event) noexcept override { both(event); }
};

/// Those of its topology.
class topology_tee final : public tee<topology_listener> {
 public:
    using tee::tee;

    void on(const topology_opening_event& event) noexcept override { both(event); }
    void on(const topology_description_changed_event& event) noexcept override { both(event); }
    void on(const topology_closed_event& event) noexcept override { both(event); }
    void on(const server_opening_event& event) noexcept override { both(event); }
    void on(const server_description_changed_event& event) noexcept override { both(event); }
    void on(const server_closed_event& event) noexcept override { both(event); }
    void on(const server_heartbeat_started_event& event) noexcept override { both(event); }
    void on(const server_heartbeat_succeeded_event& event) noexcept override { both(event); }
    void on(const server_heartbeat_failed_event& event) noexcept override { both(event); }
};

}  // namespace mongoro::monitoring
