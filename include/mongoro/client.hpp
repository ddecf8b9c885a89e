#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/database.hpp>
#include <mongoro/deadline.hpp>
#include <mongoro/event_listener.hpp>
#include <mongoro/log.hpp>
#include <mongoro/options/admin.hpp>
#include <mongoro/options/aws.hpp>
#include <mongoro/options/driver_info.hpp>
#include <mongoro/options/oidc.hpp>
#include <mongoro/reactor.hpp>
#include <mongoro/uri.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro {

/// Settings of a client that a connection string has no word for, or that override it.
struct client_options {
    /// What the server's log calls this program, at most 128 bytes; empty: the connection string's
    /// `appName`, else nothing. Copied by the call.
    std::string_view app_name = {};
    /// Connections at once, at least 1. Default: the connection string's `maxPoolSize`, where 0
    /// means no limit, else 100.
    std::optional<std::size_t> max_pool_size = std::nullopt;
    /// For resolving, connecting and the first hello together; 0: no limit. Default: the connection
    /// string's `connectTimeoutMS`, else 10 s.
    std::optional<std::chrono::milliseconds> connect_timeout = std::nullopt;
    /// For each operation as a whole, see `collection::with_timeout`; 0: no limit. Connections are
    /// opened for the pool and not for one operation: that takes `connect_timeout` at most, and an
    /// operation waits for it as long as its own timeout says. It bounds each command of the
    /// login of a connection that is opened for `minPoolSize`, and of any login and hello where
    /// `connect_timeout` is 0. Default: the connection string's `timeoutMS`, else none.
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    /// How long the reply of an operation that nobody waits for any more is read on, until its
    /// connection is closed instead. Default 3 s.
    std::chrono::milliseconds drain_timeout{3000};
    /// Check every byte of a reply before it is used, and not only the message's frame. Default:
    /// no; a walk over 16 MB costs more than receiving it, and every read of a view checks its own
    /// bounds.
    bool validate_replies = false;
    /// End each message with a CRC-32C, which the server verifies (not on TLS). One in a reply is
    /// verified in any case. Default: no.
    bool checksums = false;
    /// Name servers to ask instead of the system's: IP addresses, each with or without a port, and
    /// commas between them. Default: the environment's `MONGORO_DNS_SERVERS`, else the system's.
    /// What the hosts file says goes before. Copied by the call.
    std::string_view dns_servers = {};
    /// Is told of operations' commands; null: nobody, and then none of it is built. Not told: what
    /// opens connections, logs in, and watches servers.
    std::shared_ptr<mongoro::command_listener> command_listener = nullptr;
    /// Is told of pools and their connections.
    std::shared_ptr<mongoro::pool_listener> pool_listener = nullptr;
    /// Is told of servers and of what watches them.
    std::shared_ptr<mongoro::topology_listener> topology_listener = nullptr;
    /// What is logged, and where to; without levels, what the environment says. Default: nothing.
    mongoro::log_options log = {};
    /// A library that wraps the driver and wants the server to know. Read by the call. Default:
    /// none. See `client::append_metadata`.
    driver_info wrapped_by = {};
    /// Who logs in, instead of whom the connection string names: for a secret that is to stand in
    /// no string, and for a `TOKEN_RESOURCE` with a comma, which cannot stand in one. All of it
    /// counts, also `source`; see `credential::check`. Null: the connection string's. Copied by the
    /// call.
    const credential* login = nullptr;
    /// For MONGODB-OIDC where the credential has no `ENVIRONMENT`: who gives the tokens.
    /// Null: nobody. Copied by the call.
    const oidc_options* oidc = nullptr;
    /// For MONGODB-AWS: who gives the keys, before the environment and the metadata services are
    /// asked. Null: nobody. Copied by the call.
    const mongoro::aws_credential_provider* aws_credential_provider = nullptr;
};

/// What a client counts.
struct client_statistics {
    std::size_t connections = 0;          ///< open or being opened
    std::size_t idle_connections = 0;     ///< of these, ready for an operation
    std::size_t connections_created = 0;  ///< since the client was made
};

/// A deployment to talk to: its servers with their monitors and pools, and the door to its
/// databases. A server, a replica set, a sharded cluster, or what is behind a load balancer.
///
/// A handle: copies share one client, which lives as long as any of them, their databases,
/// collections and cursors, and the operations under way. It belongs to one reactor, which must
/// outlive their use. Making one does no I/O, but for reading the files of TLS and opening that of
/// a log; from the reactor's first turn on the servers are watched. That alone does not keep
/// `run()` running.
///
/// What `collection` says of all operations holds of a client's too: every one of them is tried
/// again where the server was too busy for it, and says so or refused, reset or timed out the
/// connection, after a pause that doubles, at most `maxAdaptiveRetries` times (client-backpressure
/// specification). A program's own retries come on top of these.
///
/// `close()` is the orderly end. A client that is destroyed without it closes its connections at
/// once; cursors that were still open on the server are then left to its timeout.
///
/// The last handle may be dropped on any thread; on another one than the reactor's the client's end
/// happens on the reactor's, in its next turn, or when the reactor is destroyed. A reactor that
/// nobody has run yet has no thread: then it is the same everywhere. Once its thread has ended, the
/// client ends where the handle is dropped, and that is to be done by one thread at a time. Not
/// while the reactor is being destroyed. From inside of a listener or of the log's callback of this
/// client it ends in the reactor's next turn. Not from inside of a callback that it asks for a
/// login, which is a part of what ends. An operation and a cursor keep the client as a handle does.
class client {
 public:
    /// Throws `mongoro::exception`: `invalid_uri`, see `uri::parse`; `not_supported` for a
    /// login by GSSAPI if the library was built without it;
    /// `tls_failed` for a file of TLS that cannot be used, see `tls_options`; `invalid_argument`
    /// for a bad option, also for a log's file that cannot be opened, and for a credential that
    /// lacks what its mechanism needs (`credential::check`). What nobody knows is a warning in the
    /// log, as all of `uri::warnings` is.
    ///
    /// Every connection of a client with a credential logs in as it is opened (auth specification);
    /// a login that fails is the error of the operation that needed the connection,
    /// `authentication_failed`. Deriving the keys of SCRAM takes the reactor some milliseconds,
    /// once for each password and salt.
    explicit client(reactor& r, std::string_view uri = "mongodb://localhost:27017",
                    const client_options& options = {});
    /// The same without an exception.
    [[nodiscard]] static result<client> create(reactor& r,
                                               std::string_view uri = "mongodb://localhost:27017",
                                               const client_options& options = {});

    [[nodiscard]] mongoro::database operator[](std::string_view name) const {
        return database(name);
    }
    [[nodiscard]] mongoro::database database(std::string_view name) const {
        return mongoro::database(state_, name);
    }
    /// The database that the connection string names; `fallback` if it names none.
    [[nodiscard]] mongoro::database default_database(std::string_view fallback = "test") const;

    /// Asks the primary for a sign of life, whatever the read preference says (command `ping` on
    /// `admin`): connects if nothing is connected.
    [[nodiscard]] awaitable<void> ping() const;
    /// The databases, one document each: `name`, `sizeOnDisk`, `empty`. Asks the primary, whatever
    /// the read preference says (enumerate databases specification).
    [[nodiscard]] awaitable<std::vector<document>> list_databases(
        const list_databases_options& options = detail::no_options<list_databases_options>) const;
    [[nodiscard]] awaitable<std::vector<std::string>> list_database_names(
        const list_databases_options& options = detail::no_options<list_databases_options>) const;

    /// Adds a wrapping library to what the connections that are opened from now on tell the server;
    /// those that are open stay as they are. One that the client has already changes nothing
    /// (mongodb-handshake specification, "Metadata updates after MongoClient initialization"). On
    /// the reactor's thread; no I/O but for reading /etc/os-release once a process.
    ///
    /// Errors: `invalid_argument`: a text with a '|', or texts so long that 512 bytes do not hold
    /// all; `embedded_nul`. Nothing has changed then.
    result<void> append_metadata(const driver_info& wrapper) const;

    /// Ends the client: no new operations (`client_closed`), waits until those under way have
    /// ended, open cursors that were dropped before have been killed (not those of a server that
    /// cannot be reached) and replies nobody wants have been read; then closes all connections,
    /// that of a cursor behind a load balancer too, if it waits for its program to go on. A cursor
    /// that is open still is left to the server's own timeout. When the deadline comes first, what
    /// is left ends with `client_closed` there and then, and `deadline_exceeded` is the result.
    /// Calling it twice is harmless.
    [[nodiscard]] awaitable<void> close(deadline until = deadline::never()) const;

    /// On the reactor's thread.
    [[nodiscard]] client_statistics statistics() const noexcept;

 private:
    explicit client(std::shared_ptr<detail::client_state> state) noexcept
        : state_(std::move(state)) {}

    std::shared_ptr<detail::client_state> state_;
};

}  // namespace mongoro
