#pragma once

#include "auth/conversation.hpp"
#include "pool/connection.hpp"
#include "pool/connection_settings.hpp"
#include "wire/hello.hpp"

#include <mongoro/options/credential.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <memory>
#include <string>

namespace mongoro::pool {

/// Where a login begins: with the hello, as `speculativeAuthenticate`, or behind it.
enum class login_start : std::uint8_t { with_hello, after_hello };

/// The conversation by which the settings' credential logs in; null where it cannot begin with the
/// hello.
///
/// Errors: `authentication_failed`; `not_supported` for a mechanism that is no conversation alone.
[[nodiscard]] result<std::unique_ptr<auth::conversation>> make_conversation(
    connection& c, const connection_settings& settings, auth_mechanism mechanism,
    login_start start);

/// An empty command of a login, wiped in the end: its fields are appended to its body.
[[nodiscard]] detail::command_handle begin_login_command();

/// Sends it to a database, and gives a reply that says `ok: 1`.
///
/// Errors: `command_failed` with the server's; those of the wire and of the awaiting task.
/// `database` outlives the task.
[[nodiscard]] task<result<detail::reply>> send_login_command(connection& c,
                                                             detail::command_handle command,
                                                             std::string_view database);

/// The mechanism that a login begins with: the credential's, else SCRAM-SHA-256.
[[nodiscard]] auth_mechanism first_mechanism(const credential& who) noexcept;

/// `<database>.<user>` to ask for the user's mechanisms by, where the credential leaves that open;
/// else empty.
[[nodiscard]] std::string mechanisms_to_ask_for(const credential& who);

/// Logs in on a connection that has said hello. `begun`: the conversation whose first command rode
/// on it; null if none did. It goes on if the server answered it, and if the mechanism is the one
/// that the server's `saslSupportedMechs` lead to (auth.md, "Default Authentication Methods"); else
/// the login begins anew.
///
/// Errors: `authentication_failed` that names user, mechanism and host, with everything that the
/// server said, or with the mechanism's own words as its cause; `not_supported`; those of the wire
/// and of the awaiting task as they are. The connection is of no use then. All arguments by
/// reference outlive the task.
[[nodiscard]] task<result<void>> authenticate(connection& c, const connection_settings& settings,
                                              const wire::hello_reply& hello,
                                              std::unique_ptr<auth::conversation> begun);

/// The same on a connection that is in use, without a hello (auth.md, "Reauthentication").
/// `mechanism` is the one that it logged in with.
[[nodiscard]] task<result<void>> reauthenticate(connection& c, const connection_settings& settings,
                                                auth_mechanism mechanism);

}  // namespace mongoro::pool
