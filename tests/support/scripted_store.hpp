#pragma once

#include "peer_messages.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

/// As much of a database as tests of failover need, for all members of a deployment: insert, find
/// and delete by `_id` or of everything, count, aggregate (as count_documents sends it), drop.
///
/// A retryable write that comes again gets its first answer again and is not done again, as on a
/// server; so `writes_done()` says how often a write was really done. Any thread.
class scripted_store {
 public:
    /// The reply; nothing if the command is none of these.
    [[nodiscard]] std::optional<bson::document> run(const received_command& command);
    [[nodiscard]] static bool is_write(std::string_view name);
    [[nodiscard]] static bool is_read(std::string_view name);

    [[nodiscard]] std::vector<bson::document> documents(const std::string& ns) const;
    /// Inserts and deletes of single documents, not counting repetitions that were recognised.
    [[nodiscard]] std::size_t writes_done() const;
    /// Retryable writes that had been done before.
    [[nodiscard]] std::size_t repetitions() const;

 private:
    using list = std::vector<bson::document>;
    bson::document insert(const received_command& command, list& into);
    bson::document remove(const received_command& command, list& from);

    mutable std::mutex mutex_;
    std::map<std::string, list> collections_;
    std::map<std::string, bson::document> done_;  // by session and transaction number
    std::size_t writes_ = 0;
    std::size_t repetitions_ = 0;
};

}  // namespace mongoro::test
