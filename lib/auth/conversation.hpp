#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/writer.hpp>
#include <mongoro/result.hpp>

#include <string_view>

namespace mongoro::auth {

/// A login in progress, as the commands that it takes and the replies that it reads. Pure: who
/// drives it sends and receives.
///
/// One use, by one connection: `start()` once, then `step()` with each reply until it gives true or
/// an error. The order of the calls and a server's `ok: 0` are the driver's of it to care for: a
/// reply that comes here said `ok: 1`, or stood in a hello that did.
class conversation {
 public:
    conversation() = default;
    conversation(const conversation&) = delete;
    conversation& operator=(const conversation&) = delete;
    virtual ~conversation() = default;

    /// The database that its commands go to ("$db"). Lives as long as this.
    [[nodiscard]] virtual std::string_view database() const noexcept = 0;

    /// Whether `start()`'s command may ride on a hello as `speculativeAuthenticate`.
    [[nodiscard]] virtual bool speculative() const noexcept = 0;

    /// Whether the next call of `start()` or `step()` may wait for what is no reactor's: it is to
    /// be made on a thread of its own then, and the conversation may be destroyed there.
    [[nodiscard]] virtual bool blocks() const noexcept { return false; }

    /// Appends the first command's fields to an open body, its name first: `{saslStart: 1,
    /// mechanism, payload, ...}` or `{authenticate: 1, ...}`. `$db`, and the `db` of a speculative
    /// one, are the caller's.
    ///
    /// Errors: `authentication_failed` where what the user gave cannot be sent.
    [[nodiscard]] virtual result<void> start(bson::writer& to) = 0;

    /// Reads the reply to the command before. True: logged in. False: the next command's fields
    /// were appended to `to`.
    ///
    /// Errors: `authentication_failed`: the reply is not what the mechanism expects, or the server
    /// could not prove that it knows the user. Nothing in it is a secret.
    [[nodiscard]] virtual result<bool> step(bson::document_view reply, bson::writer& to) = 0;
};

}  // namespace mongoro::auth
