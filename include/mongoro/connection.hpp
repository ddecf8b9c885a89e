#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document.hpp>
#include <mongoro/bson/document_param.hpp>
#include <mongoro/options/credential.hpp>
#include <mongoro/options/tls.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/uri.hpp>

#include <chrono>
#include <memory>
#include <string_view>

namespace mongoro::tls {
class context;
}

namespace mongoro {

namespace auth {
class authenticator;
}
namespace detail {
class connection_state;
}

/// Settings of a single connection.
struct connection_options {
    /// What the server's log calls this program, at most 128 bytes; empty: nothing.
    std::string_view app_name = {};
    /// For resolving, connecting and the hello together; 0: no limit.
    std::chrono::milliseconds connect_timeout{10'000};
    /// How long a reply that nobody waits for any more is read on, until the connection is closed
    /// instead.
    std::chrono::milliseconds drain_timeout{3'000};
    /// Check every byte of a reply before it is used, and not only the message's frame.
    bool validate_replies = false;
    /// Who logs in; null: nobody. Copied by the call.
    const credential* login = nullptr;
    /// Not null: use TLS, whatever `enabled` says. Read by `open` itself, so that it need not
    /// outlive that call; so are its files.
    const tls_options* tls = nullptr;
};

/// One connection to one server, without a pool: for tools, tests and whoever knows better.
///
/// It has said hello, and takes one command at a time. Movable; a default one is closed. On its
/// reactor's thread; destroying it closes the socket.
class connection {
 public:
    connection() noexcept = default;
    connection(connection&&) noexcept = default;
    connection& operator=(connection&&) noexcept = default;
    ~connection();

    /// Connects, shakes hands if it is to use TLS, says hello with the driver's metadata
    /// (mongodb-handshake specification), and logs in. One round trip after the connect, one or two
    /// of TLS, and one more with SCRAM.
    ///
    /// Errors, each with the host and the cause: `name_resolution_failed` (also when no name server
    /// answers within `connect_timeout`), `connect_failed` (refused, unreachable),
    /// `connect_timed_out` (the host does not, in the hello too), `tls_failed`,
    /// `connection_closed`, `network_error`, `handshake_failed` (the server's answer is in it),
    /// `incompatible_server`, `authentication_failed`, those of a malformed message;
    /// `invalid_argument` for a bad option or credential; `not_supported` for its mechanism;
    /// `deadline_exceeded` and `operation_cancelled` of the awaiting task. The socket is closed on
    /// each of them.
    [[nodiscard]] static awaitable<connection> open(reactor& r, const host_address& host,
                                                    const connection_options& options = {});

    /// Runs a command on a database; gives the server's whole reply, copied. The driver adds `$db`.
    ///
    /// Errors: `command_failed` with the server's; `invalid_namespace`, `invalid_argument` (an
    /// empty document; a command is under way), `document_too_large`: nothing was sent;
    /// `connection_closed`, `network_error` and those of a malformed reply: the connection is
    /// closed then, and the command may have run. A stop or a deadline ends the wait at once; the
    /// next command waits until the reply of this one has been read, or gets `connection_closed`
    /// after `drain_timeout`. Never retried.
    [[nodiscard]] awaitable<document> command(std::string_view database,
                                              const bson::document_param& command);

    [[nodiscard]] bool is_open() const noexcept;
    [[nodiscard]] const host_address& host() const noexcept;

 private:
    explicit connection(std::shared_ptr<detail::connection_state> state) noexcept;
    static task<result<connection>> open_in(detail::reactor_core& core, host_address host,
                                            connection_options options, std::string app_name,
                                            std::shared_ptr<auth::authenticator> login,
                                            result<std::shared_ptr<tls::context>> tls);

    std::shared_ptr<detail::connection_state> state_;
};

}  // namespace mongoro
