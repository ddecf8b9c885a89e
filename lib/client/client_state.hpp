#pragma once

#include "client/srv_source.hpp"
#include "deployment/deployment.hpp"
#include "io/reactor_core.hpp"
#include "monitoring/publisher.hpp"
#include "operation/executor.hpp"
#include "operation/operations.hpp"

#include <mongoro/client.hpp>
#include <mongoro/detail/handle_settings.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/uri.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace mongoro::detail {

/// What the handles of one client share. On the reactor's thread, but for its construction, and for
/// its handles, of which the last may go anywhere.
class client_state {
 public:
    /// Made by `new`, for a `std::shared_ptr` with `let_go` as its deleter.
    client_state(reactor& r, const uri& where, const client_options& options,
                 deployment::settings settings, monitoring::logger log);
    /// Deletes it: here where that may be done, else on the reactor's thread, or with the reactor.
    static void let_go(client_state* last) noexcept;
    client_state(const client_state&) = delete;
    client_state& operator=(const client_state&) = delete;
    ~client_state();

    [[nodiscard]] reactor_core& core() noexcept { return core_; }
    /// Whether what is the reactor's thread's to do may be done here: this is it, or nobody else
    /// will run the reactor any more. From any thread.
    [[nodiscard]] bool at_home() const noexcept {
        return !*reactor_alive_ || core_.in_thread() || core_.owner_has_ended() || core_.forked();
    }
    [[nodiscard]] deployment::deployment& servers() noexcept { return deployment_; }
    [[nodiscard]] wire::client_metadata& metadata() noexcept { return *metadata_; }
    [[nodiscard]] const std::string& default_database() const noexcept { return default_database_; }
    /// What the connection string says of reads and writes; null: nothing.
    [[nodiscard]] const handle_settings_ptr& settings() const noexcept { return settings_; }

    /// The same, for operations of the client itself.
    [[nodiscard]] operation::target target() const noexcept {
        return {{}, {}, settings_ ? &settings_ : nullptr};
    }

    /// Kills a cursor in the background; nothing waits for it but `close()`.
    void kill_cursor(std::string_view database, std::string_view collection, std::int64_t id,
                     operation::cursor_pin pin,
                     const std::optional<std::chrono::milliseconds>& timeout) noexcept;
    [[nodiscard]] task<result<void>> close(deadline until);

 private:
    /// What is to be done with it in a turn of the reactor.
    struct errand : ready_node {
        client_state* client = nullptr;
    };

    task<error> wait_quiet();

    reactor_core& core_;
    std::string default_database_;
    handle_settings_ptr settings_;
    std::shared_ptr<wire::client_metadata> metadata_;
    monitoring::publisher publisher_;  // whom the deployment and the operations tell
    std::unique_ptr<srv_source> srv_;  // null but for `mongodb+srv`
    deployment::deployment deployment_;
    task_scope background_;
    std::shared_ptr<const bool> reactor_alive_;
    bool joining_ = false;
    std::atomic<bool> ending_{false};  // handed over: it is not to be opened any more
    errand open_;                      // has the deployment watched from the first turn on
    errand end_;
};

/// The deployment of a client, sharing the client: what an operation is run with.
[[nodiscard]] inline operation::deployment_ptr deployment_of(
    const std::shared_ptr<client_state>& client) {
    return {client, &client->servers()};
}

}  // namespace mongoro::detail
