#pragma once

#include "monitoring/publisher.hpp"
#include "operation/executor.hpp"
#include "operation/operations.hpp"
#include "pool/connection_pool.hpp"

#include <mongoro/client.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/uri.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace mongoro::detail {

/// What the handles of one client share. On the reactor's thread, but for its construction.
class client_state {
 public:
    client_state(reactor& r, const uri& where, const client_options& options,
                 monitoring::logger log);
    client_state(const client_state&) = delete;
    client_state& operator=(const client_state&) = delete;
    ~client_state();

    [[nodiscard]] reactor_core& core() noexcept { return core_; }
    [[nodiscard]] pool::connection_pool& pool() noexcept { return pool_; }
    [[nodiscard]] const std::string& default_database() const noexcept { return default_database_; }

    /// Kills a cursor in the background; nothing waits for it but `close()`.
    void kill_cursor(std::string_view database, std::string_view collection,
                     std::int64_t id) noexcept;
    [[nodiscard]] task<result<void>> close(deadline until);

 private:
    task<error> wait_quiet();

    reactor_core& core_;
    std::string default_database_;
    monitoring::publisher publisher_;  // whom the pool and the operations tell
    pool::connection_pool pool_;
    task_scope background_;
    std::shared_ptr<const bool> reactor_alive_;
    bool joining_ = false;
};

/// The pool of a client, sharing the client: what an operation is run with.
[[nodiscard]] inline operation::pool_ptr pool_of(const std::shared_ptr<client_state>& client) {
    return {client, &client->pool()};
}

}  // namespace mongoro::detail
