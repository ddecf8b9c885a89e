#pragma once

#include "dns/answer.hpp"
#include "dns/channel.hpp"
#include "io/connect.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::dns {

/// Name servers as a user writes them: IP literals, each with or without a port, and commas between
/// them; an IPv6 literal with a port stands in brackets. Gives the text for `resolver_options`;
/// `invalid_argument` for anything else.
[[nodiscard]] result<std::string> check_servers(std::string_view text);

/// The name servers that a client asks: `given`, else the environment's `MONGORO_DNS_SERVERS`, else
/// none, which means the system's. `invalid_argument` as `check_servers`.
[[nodiscard]] result<resolver_options> options_from(std::string_view given);

/// Asks DNS, by c-ares and without a thread. A client has one; making it does nothing yet. On the
/// reactor's thread, but for its construction. Tasks of it may outlive it.
///
/// Every task ends with its awaiting task's deadline or stop: `deadline_exceeded`,
/// `operation_cancelled`. What else goes wrong is `name_resolution_failed`, and its message has the
/// name and what DNS said: no such name, no such record, refused, a server's failure, no answer in
/// time, nobody to ask, an answer that is malformed. One query is one round trip, more when a
/// server does not answer, or answers that TCP is needed; nothing is cached here but the system's
/// configuration, for a minute.
class resolver {
 public:
    explicit resolver(io::reactor_core& core, resolver_options options = {})
        : channel_(std::make_shared<channel>(core, std::move(options))) {}

    /// A and AAAA, asked for side by side: at least one. IPv6 is first unless the system has a way
    /// to the others only; those of a family are in the order of RFC 6724. When one of the two is
    /// answered with addresses that there is a way to, the other has half a second more, or half of
    /// the task's time if that is less; then its answer counts as lost, and does not matter. As the
    /// system's own resolver does, it tries the search domains, too.
    [[nodiscard]] task<result<std::vector<io::address>>> addresses(std::string name,
                                                                   std::uint16_t port);
    /// SRV, at least one, perhaps with a fault.
    [[nodiscard]] task<result<std::vector<srv_record>>> srv(std::string name);
    /// TXT, one text a record. A name without one gives none, and so does one that is not there.
    [[nodiscard]] task<result<std::vector<std::string>>> txt(std::string name);

 private:
    [[nodiscard]] std::shared_ptr<channel> current();

    std::shared_ptr<channel> channel_;
};

}  // namespace mongoro::dns
