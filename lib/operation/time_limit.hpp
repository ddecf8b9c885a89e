#pragma once

#include "wire/command.hpp"

#include <mongoro/detail/context.hpp>
#include <mongoro/detail/time_limit.hpp>
#include <mongoro/error.hpp>
#include <mongoro/result.hpp>
#include <mongoro/server_description.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace mongoro::operation {

/// An operation with a `timeoutMS` while it runs: in the frame of what bounds it.
/// Spec: client-side-operations-timeout.
class running_limit {
 public:
    /// The clock starts now, unless the command's own limit says when it began. `outer` is what the
    /// operation is awaited under.
    running_limit(const wire::command& c, const detail::task_context& outer,
                  std::chrono::milliseconds server_selection_timeout) noexcept;
    running_limit(const running_limit&) = delete;
    running_limit& operator=(const running_limit&) = delete;

    /// What it is to run under: until the earlier of the two.
    [[nodiscard]] const detail::task_context& context() const noexcept { return context_; }

    /// A server was selected, and a connection to it is to be waited for: not longer than until
    /// what it gives, for both have one `serverSelectionTimeoutMS`. Keeps what is known of the
    /// server's round trips, which may be lost meanwhile.
    deadline selected(const server_description& server) noexcept;
    /// The same where there may be no limit.
    [[nodiscard]] static std::optional<deadline> selected(
        running_limit* limit, const server_description& server) noexcept {
        return limit != nullptr ? std::optional(limit->selected(server)) : std::nullopt;
    }
    /// Appends `maxTimeMS` to the open body, as late as possible: what is left without the least
    /// round trip to `server`. An error if that is nothing: then the command is not to be sent.
    [[nodiscard]] error append_max_time(wire::command& c, const server_description& server);
    /// The same for another batch of the finished command, of which nothing else changes; false:
    /// `failed` says why not.
    [[nodiscard]] bool begin_batch(wire::command& c, error& failed) const;

    /// The operation is tried again after this.
    void failed(const error& why);
    /// What the caller gets: every error of a time that was up, the server's `MaxTimeMSExpired`
    /// too, becomes `deadline_exceeded`, which says what was going on and has the original as its
    /// cause. Any other stays.
    [[nodiscard]] error result_of(const error& e) const;

 private:
    detail::task_context context_;
    /// What to send as `maxTimeMS` now; 0: nothing.
    [[nodiscard]] result<std::chrono::milliseconds> max_time() const;

    detail::time_limit limit_;
    std::chrono::milliseconds server_selection_timeout_;
    deadline own_;
    deadline choose_until_;
    std::string_view name_;
    bool server_known_ = false;
    bool sends_max_time_ = true;
    std::size_t max_time_place_ = 0;  // in the command; 0: it is not there
    std::chrono::nanoseconds round_trip_{};
    error last_try_;
};

}  // namespace mongoro::operation
