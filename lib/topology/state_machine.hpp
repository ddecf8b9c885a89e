#pragma once

#include "topology/actions.hpp"
#include "topology/server_description.hpp"
#include "wire/hello.hpp"

#include <mongoro/result.hpp>
#include <mongoro/topology_description.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::topology {

/// What a topology begins with.
struct settings {
    std::vector<std::string> seeds;
    bson::object_id id;    ///< of the events: the client makes it
    std::string set_name;  ///< `replicaSet`; empty for any
    bool direct_connection = false;
    bool load_balanced = false;
    bool srv = false;               ///< the seeds came out of an SRV record, which is polled
    std::size_t srv_max_hosts = 0;  ///< 0: any number
    bool publish_events = true;     ///< without a listener none is built

    /// `invalid_argument` for what the specification forbids: several seeds for a direct or a load
    /// balanced connection, and these two, or the latter and `set_name`, together.
    [[nodiscard]] result<void> check() const;
};

/// An operation's error, or one of opening a connection for operations.
struct application_error {
    std::string_view address;
    const mongoro::error& error;
    /// Of the connection that failed; of the pool when it began to be opened, if that failed.
    std::uint64_t generation = 0;
    /// Of its pool now (of the service, behind a load balancer).
    std::uint64_t pool_generation = 0;
    /// Whether hello and authentication were over.
    bool handshake_complete = true;
    /// What the service behind a load balancer said in its hello; empty if it came to none.
    std::optional<bson::object_id> service_id{};
};

/// The topology of one client: what is heard of its servers goes in, what is to be done comes out.
///
/// No input or output, no clock: `now` is the time at which an answer or an error came. What comes
/// of a server that is not in the topology, or not any more, is ignored, as all is after `close`.
/// Spec: server-discovery-and-monitoring.
class state_machine {
 public:
    using time_point = server_description::time_point;

    /// The settings have been checked.
    explicit state_machine(settings from);

    /// Of type unknown and without servers before `open` and after `close`. Never null.
    [[nodiscard]] const topology_description_ptr& description() const noexcept {
        return description_;
    }

    /// Once.
    [[nodiscard]] actions open();
    /// No action if it is not open.
    [[nodiscard]] actions close();

    /// A hello was answered: a monitor's, or the first on a connection for operations. Without a
    /// round trip time of its own it keeps the one that is known.
    [[nodiscard]] actions hello(std::string_view address, const wire::hello_reply& reply,
                                std::optional<round_trip> rtt, time_point now);
    /// A monitor's check failed. The monitor has closed its connection.
    [[nodiscard]] actions check_failed(std::string_view address, const error& why, time_point now);
    /// See `application_error`. Most errors say nothing of a server's state and give no action.
    [[nodiscard]] actions application_failed(const application_error& failed, time_point now);
    /// The SRV record was read again, and these of its hosts are in the right domain. With
    /// `srv_max_hosts` the caller has shuffled them. Ignored where the record is not polled.
    [[nodiscard]] actions srv_hosts(std::span<const std::string> hosts);

 private:
    template <typename Event, typename... Members>
    void publish_event(actions& out, Members&&... members) const;
    void open_one(actions& out, const std::string& address) const;
    void replace_server(actions& out, server_description incoming);
    void replace(actions& out, topology_description next, const server_description_ptr& incoming);
    void publish_change(actions& out, const server_description_ptr& before,
                        const server_description_ptr& after) const;
    void mark_unknown(actions& out, const application_error& failed, time_point now);

    settings settings_;
    topology_description_ptr description_;
    bool polls_srv_;
    bool is_open_ = false;
};

}  // namespace mongoro::topology
