#pragma once

#include "listener.hpp"
#include "peer_messages.hpp"
#include "scripted_store.hpp"
#include "tls_server.hpp"

#include <mongoro/bson/document.hpp>
#include <mongoro/bson/object_id.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

enum class role {
    standalone,
    primary,
    secondary,
    arbiter,
    mongos,
    load_balancer,  ///< `serviceId` in the hello of who asks with `loadBalanced: true`
    removed         ///< of a replica set; it goes on answering, as a member without configuration
};

/// What does not come through to a member any more, and how; see `deployment::partition`.
enum class partition_mode {
    hang,   ///< open connections and new ones are accepted and silent, until it is healed
    reset,  ///< open connections are reset, new ones are refused
};

/// As the server's fail point `failCommand`: for a member, until its times are used up.
struct failure_rule {
    std::vector<std::string> commands{};       ///< "hello" is every spelling of it
    std::size_t times = SIZE_MAX;              ///< how often
    std::string app_name{};                    ///< only connections whose hello had that one
    std::chrono::milliseconds block{};         ///< waits first
    bool close_connection = false;             ///< closes it without a reply
    std::optional<std::int32_t> error_code{};  ///< replies with that, and does nothing
    std::string code_name = "ScriptedError";
    std::vector<std::string> labels{};
    /// Does it, and then adds this `writeConcernError` to the reply.
    std::optional<bson::document> write_concern_error{};
    /// Does it, and then closes the connection without the reply.
    bool close_after = false;
};

/// What all members of a deployment have in common.
struct deployment_options {
    std::string set_name = "rs";
    /// What they call each other by; it has to lead to 127.0.0.1.
    std::string host = "127.0.0.1";
    tls_server* tls = nullptr;  ///< outlives the deployment; null: plain
};

/// Several servers of one process on threads of their own, which tell one story: a replica set, a
/// few mongos, a load balancer, a standalone. Their hello answers follow what the test does with
/// them, both to who polls and to who has them streamed; what is written to the primary is what all
/// of them read, at once.
///
///     deployment set({role::primary, role::secondary, role::secondary});
///     … use set.uri() …
///     set.step_down();
///     set.elect(1);
///
/// Every function may be called from any thread. Members are numbered in order of their making, and
/// keep their number and their port for ever.
class deployment {
 public:
    explicit deployment(const std::vector<role>& roles, deployment_options options = {});
    deployment(const deployment&) = delete;
    deployment& operator=(const deployment&) = delete;
    ~deployment();

    /// All members that are not removed, `replicaSet` or `loadBalanced` where it needs one.
    [[nodiscard]] std::string uri(std::string_view more_options = {}) const;
    /// Only that member, with `directConnection=true`.
    [[nodiscard]] std::string direct_uri(std::size_t member) const;
    [[nodiscard]] std::string address(std::size_t member) const;
    [[nodiscard]] std::uint16_t port(std::size_t member) const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] role role_of(std::size_t member) const;
    /// Nothing between `step_down` and `elect`.
    [[nodiscard]] std::optional<std::size_t> primary() const;

    // What happens. Each is seen by everybody before it returns.
    /// The primary becomes a secondary; there is none until the next `elect`.
    void step_down();
    /// A new election id; who was primary is a secondary now.
    void elect(std::size_t member);
    /// A new member, in a new version of the set's configuration.
    std::size_t add(role r);
    void remove(std::size_t member);
    /// Not the members' view of each other: only who connects to this one notices.
    void partition(std::size_t member, partition_mode mode);
    void heal(std::size_t member);
    /// Each reply of it takes that much longer.
    void slow(std::size_t member, std::chrono::milliseconds delay);
    /// As SIGKILL: connections are reset, new ones refused; a primary is none any more.
    void kill(std::size_t member);
    /// At the same port, with a new process id, as a secondary if it was in the set.
    void restart(std::size_t member);
    /// Fields that are put in the member's hello in place of its own, or beside them. (`tags`,
    /// `maxWireVersion`, `lastWrite`, …)
    void set_hello_fields(std::size_t member, bson::document fields);
    /// A load balancer's connections go to so many services in turn. Default: one.
    void set_services(std::size_t count);
    void fail(std::size_t member, failure_rule rule);
    void clear_failures(std::size_t member);

    // What came.
    [[nodiscard]] std::size_t count(std::size_t member, std::string_view name) const;
    /// Of all members.
    [[nodiscard]] std::size_t count(std::string_view name) const;
    /// Commands other than hello.
    [[nodiscard]] std::vector<received_command> received(std::size_t member,
                                                         std::string_view name) const;
    /// Connections accepted so far, through every restart.
    [[nodiscard]] std::size_t connections(std::size_t member) const;
    /// Waits until a member has got `count` commands of that name; false after `limit`.
    bool wait_for(std::size_t member, std::string_view name, std::size_t count,
                  std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
    [[nodiscard]] const scripted_store& store() const noexcept { return store_; }

 private:
    enum class reach { yes, hangs, gone };
    struct rule_state {
        failure_rule rule;
        std::size_t left;
    };
    struct member {
        role is = role::standalone;
        reserved_port port;
        reach reachable = reach::yes;
        bool resets = false;  // how its connections end
        std::chrono::milliseconds delay{};
        std::vector<rule_state> rules;
        bson::document hello_fields;
        bson::object_id process = bson::object_id::generate();
        std::int64_t topology_counter = 0;
        std::size_t accepted = 0;
        std::map<std::string, std::size_t, std::less<>> counts;
        std::vector<received_command> received;
        std::unique_ptr<listener> server;
    };
    struct connection_state;
    using lock = std::unique_lock<std::mutex>;

    // deployment.cpp
    std::size_t make(role r);
    void listen(std::size_t index);
    void stop(std::size_t index, lock& held);
    void changed();
    [[nodiscard]] bool in_set(const member& m) const;
    [[nodiscard]] std::optional<std::size_t> primary_of() const;
    [[nodiscard]] std::string address_of(const member& m) const;
    [[nodiscard]] member& at(std::size_t index) const { return *members_.at(index); }

    // deployment_member.cpp: what a member's threads do
    void serve(std::size_t index, peer_socket& socket);
    bool answer(connection_state& c, const received_command& command);
    bool answer_hello(connection_state& c, const received_command& command);
    bool send(connection_state& c, const received_command& command, bson::document_view body,
              std::int32_t id, std::int32_t response_to, std::uint32_t flags = 0);
    bool wait_until_reachable(std::size_t index, peer_socket& socket);
    [[nodiscard]] std::optional<failure_rule> rule_for(const connection_state& c,
                                                       const received_command& command);
    [[nodiscard]] bson::document reply_to(const member& m, const received_command& command);
    [[nodiscard]] bson::document refusal(const member& m, std::int32_t code, std::string_view name,
                                         std::string_view text) const;
    [[nodiscard]] bson::document hello_of(const member& m, const connection_state& c,
                                          bool load_balanced) const;
    [[nodiscard]] bson::document topology_version_of(const member& m) const;

    deployment_options options_;
    scripted_store store_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool ending_ = false;
    std::int32_t set_version_ = 1;
    std::int32_t term_ = 1;
    bson::object_id election_ = bson::object_id::generate();
    std::size_t services_ = 1;
    std::vector<bson::object_id> service_ids_;
    std::atomic<std::int32_t> next_id_{1'000'000};
    std::vector<std::unique_ptr<member>> members_;
};

}  // namespace mongoro::test
