#pragma once

#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"
#include "wire/hello.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

namespace mongoro::pool {

/// Who has a connection opened: what it begins with as its record, and what is learnt for that.
class opening_watch {
 public:
    connection_record record;

    /// The hello has been answered, as `record` says, and the login comes after it. What it writes
    /// to `record` is the connection's.
    virtual void hello_answered() = 0;

 protected:
    ~opening_watch() = default;
};

/// The first commands of a connection: hello, which learns the server's limits and sets them, and
/// the login, unless the connection only monitors or the server is an arbiter (mongodb-handshake
/// specification; auth specification, "Authentication Handshake").
///
/// Everything is an OP_MSG. The hello is a legacy one, `isMaster` with `helloOk`, which every
/// server knows; behind a load balancer it is `hello`. A login begins with it where the mechanism
/// allows that, and so costs one round trip less.
///
/// Gives the server's answer. Errors: `handshake_failed`, `incompatible_server`, those of
/// `authenticate` and of the wire. `c`, `settings` and `watch`, which may be null, outlive the
/// task.
[[nodiscard]] task<result<wire::hello_reply>> handshake(connection& c,
                                                        const connection_settings& settings,
                                                        opening_watch* watch);

}  // namespace mongoro::pool
