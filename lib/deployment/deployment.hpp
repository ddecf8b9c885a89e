#pragma once

#include "deployment/server.hpp"
#include "deployment/settings.hpp"
#include "io/wait_queue.hpp"

#include <mongoro/deadline.hpp>
#include <mongoro/detail/scope.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>
#include <mongoro/topology_description.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::deployment {

/// Which operation a server is selected for, as the log names it.
struct selecting_operation {
    std::string_view name;  ///< the command's
    std::int64_t id = 0;    ///< the same for all of its tries and commands; 0: it has none yet
    bool waited = false;    ///< the log has it that it waits, which it says once
};

/// The servers of one client: does what the topology's state machine asks for, and selects.
///
/// Opened by the first selection; from then on its monitors run in the background of the reactor.
/// On the reactor's thread.
class deployment final : monitor_owner, pool::pool_owner {
 public:
    /// Finds out what there is to begin with, where that takes DNS. Called again by the next
    /// selection after it failed.
    using prepare_function = std::function<task<result<settings>>()>;
    /// Reads the SRV record again and again, as long as nobody stops it.
    using poll_srv_function = std::function<task<void>(deployment&)>;

    deployment(io::reactor_core& core, settings from);
    deployment(io::reactor_core& core, settings provisional, prepare_function prepare,
               poll_srv_function poll_srv);
    deployment(const deployment&) = delete;
    deployment& operator=(const deployment&) = delete;
    ~deployment();

    /// Begins to watch the servers; a second call does nothing. Throws `std::bad_alloc`, and has
    /// begun nothing then.
    void open();

    /// The one server for all writes and all reads of the primary, if that is clear: null says
    /// nothing but that `select` has to look, as it has to where each selection is logged.
    [[nodiscard]] server* primary() const noexcept { return primary_; }
    /// A server for an operation: one that is suitable now, or as soon as there is one.
    ///
    /// Errors: those of `topology::find_suitable`; `server_selection_timeout` after
    /// `serverSelectionTimeoutMS`; what DNS said of a `mongodb+srv` name; `client_closed`;
    /// `deadline_exceeded` (with what was missing as its cause) and `operation_cancelled` of the
    /// awaiting task. What the arguments refer to outlives the task.
    /// `of` is for the log, which gives it a number where it has none.
    [[nodiscard]] task<result<server_use>> select(topology::selection_criteria criteria,
                                                  selecting_operation& of);
    /// A server by its id; null if it is no part of the topology any more.
    [[nodiscard]] server* find(std::uint64_t id) const noexcept;
    /// The same server, as soon as connections to it can be checked out; null if it is removed, not
    /// there in time, or users' operations are refused.
    [[nodiscard]] task<server_use> find_ready(std::uint64_t id, deadline until);
    /// The pause of an operation before its next try: under way without a server. Errors:
    /// `client_closed`; `deadline_exceeded` and `operation_cancelled` of the awaiting task.
    [[nodiscard]] task<error> pause(deadline until);

    /// Who kills a cursor that a server opened for nobody: with the server's id and the namespace.
    using kill_function =
        std::function<void(std::uint64_t server, std::string_view name_space, std::int64_t id)>;
    /// It throws nothing. At the beginning, once.
    void set_kill(kill_function kill) { kill_ = std::move(kill); }

    /// An operation on a connection of `s` failed; most errors say nothing of the server.
    void failed(server& s, const pool::connection& c, const error& why) noexcept;
    /// The hosts of the SRV record, as they are now.
    void srv_hosts(std::span<const std::string> hosts);

    [[nodiscard]] const settings& options() const noexcept { return settings_; }
    [[nodiscard]] io::reactor_core& core() const noexcept { return core_; }
    [[nodiscard]] topology_description_ptr description() const noexcept;
    /// The type of it.
    [[nodiscard]] topology_type topology() const noexcept { return topology_; }
    [[nodiscard]] bool load_balanced() const noexcept {
        return topology_ == topology_type::load_balanced;
    }
    [[nodiscard]] std::span<const std::unique_ptr<server>> servers() const noexcept {
        return servers_;
    }
    /// How many connections were created for servers that are no part of the topology any more.
    [[nodiscard]] std::size_t created_for_gone() const noexcept { return created_for_gone_; }
    /// Of 0 to 1: for the jitter of a pause.
    [[nodiscard]] double random();

    /// From now on users' operations are refused; those under way, and the client's own, go on.
    void refuse() noexcept;
    [[nodiscard]] bool refuses() const noexcept { return refuses_; }
    /// Waits until no operation is under way and no reply is being read.
    [[nodiscard]] task<error> wait_quiet();
    /// Stops watching and closes all connections; who waits for anything gets `client_closed`.
    void close() noexcept;
    [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
    friend class server_use;
    friend class server;
    class selection;

    void answered(const std::string& address, const wire::hello_reply& reply,
                  topology::round_trip rtt) override;
    void unreachable(const std::string& address, const error& why) override;
    void open_failed(pool::connection_pool& pool, const error& why, std::uint64_t generation,
                     const std::optional<bson::object_id>& service_id) noexcept override;
    void hello_answered(pool::connection_pool& pool, const wire::hello_reply& reply,
                        std::chrono::steady_clock::time_point when) noexcept override;
    void cursor_left(pool::connection_pool& pool, std::string_view name_space,
                     std::int64_t id) noexcept override;

    void begin();
    void take_back() noexcept;
    task<void> run_prepare();
    task<void> run_srv_polling();
    task<void> retire(std::unique_ptr<server> s);
    task<error> wait_for_change();

    void apply(topology::actions actions);
    void perform(const topology::action& what);
    void open_server(const topology::open_server& what);
    void close_server(const std::string& address);
    void refresh();
    void wake_selections() noexcept;
    void ended(server& s) noexcept;
    void tell_quiet() noexcept;
    [[nodiscard]] bool busy() const noexcept;
    [[nodiscard]] server* at(std::string_view address) const noexcept;
    [[nodiscard]] result<server*> try_select(const topology::selection_criteria& criteria);

    io::reactor_core& core_;
    std::shared_ptr<const bool> alive_;
    settings settings_;
    prepare_function prepare_;
    poll_srv_function poll_srv_;
    kill_function kill_;
    std::optional<topology::state_machine> machine_;  // once the seeds are known
    error prepare_failed_;
    bool preparing_ = false;
    bool opened_ = false;
    bool refuses_ = false;
    bool closed_ = false;
    bool applying_ = false;
    bool held_ = false;  // a selection has begun meanwhile
    bool warned_of_hedge_ = false;
    std::uint64_t last_id_ = 0;
    std::int64_t last_operation_id_ = 0;  // only where selections are logged and commands are not
    std::size_t selecting_ = 0;           // or pausing
    std::size_t created_for_gone_ = 0;
    server* primary_ = nullptr;
    topology_type topology_ = topology_type::unknown;
    std::vector<std::unique_ptr<server>> servers_;
    std::vector<std::unique_ptr<server>> removed_;  // operations on them are still under way
    topology::actions pending_;
    topology::server_list scratch_;
    std::minstd_rand random_;
    std::stop_source srv_polling_;
    io::wait_queue waiting_;  // for a change of the topology
    io::wait_queue pausing_;  // for the end of a pause, which is a deadline's to say
    io::wait_queue quiet_;
    detail::scope background_;  // last: its coroutines use all of the above
};

}  // namespace mongoro::deployment
