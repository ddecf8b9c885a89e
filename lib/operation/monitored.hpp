#pragma once

#include "monitoring/command_monitor.hpp"
#include "pool/connection.hpp"
#include "wire/command.hpp"

#include <mongoro/detail/reply.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace mongoro::operation {

/// One command of an operation, as the client's listener and its log are told of it: around the
/// round trip stand `started` and `ended`. A pointer in the operation's frame, and a comparison at
/// either end if nobody is told.
///
/// Started and not ended, because the operation was destroyed while it waited, it has failed with
/// `operation_cancelled`: what starts has an end in every case. Not in a child process, though,
/// whose operations are the parent's.
class monitored_command {
 public:
    monitored_command() noexcept = default;
    monitored_command(const monitored_command&) = delete;
    monitored_command& operator=(const monitored_command&) = delete;
    ~monitored_command() {
        if (under_way_ != nullptr) [[unlikely]] {
            abandon();
        }
    }

    /// For all commands of one operation; 0 if nobody is told.
    [[nodiscard]] static std::int64_t next_operation_id(
        monitoring::command_monitor* monitor) noexcept {
        return monitor != nullptr ? monitor->next_operation_id() : 0;
    }

    /// Right before `documents [first, last)` of the finished command are sent on the connection,
    /// whose next request id it sets. With the operation id 0 it takes a new one. Throws
    /// `bad_alloc` at most, and has then told nothing.
    void started(monitoring::command_monitor& monitor, std::int64_t operation_id,
                 pool::connection& connection, const wire::command& command, std::size_t first,
                 std::size_t last);
    /// With what came of it, before anything is made of an `ok: 0`.
    void ended(const result<detail::reply>& reply) noexcept {
        if (under_way_ != nullptr) [[unlikely]] {
            end(reply);
        }
    }

 private:
    struct state;
    struct state_deleter {
        void operator()(state* s) const noexcept;
    };

    void end(const result<detail::reply>& reply) noexcept;
    void abandon() noexcept;

    std::unique_ptr<state, state_deleter> under_way_;
};

}  // namespace mongoro::operation
