#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/bson/build.hpp>
#include <mongoro/bson/document_param.hpp>
#include <mongoro/collection.hpp>
#include <mongoro/cursor.hpp>
#include <mongoro/detail/handle_settings.hpp>
#include <mongoro/options/admin.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::operation {
struct target;
}

namespace mongoro {

/// A database: a cheap handle, which asks nothing of the server. Of its operations all that
/// `collection` says holds too: every one of them is tried again where the server was too busy for
/// it, and says so or refused, reset or timed out the connection, after a pause that doubles, at
/// most `maxAdaptiveRetries` times (client-backpressure specification). A program's own retries
/// come on top of these.
class database {
 public:
    /// For the library; `client::operator[]` makes one.
    database(std::shared_ptr<detail::client_state> client, std::string_view name);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// A collection of `document`s.
    [[nodiscard]] mongoro::collection<document> operator[](std::string_view name) const {
        return collection<document>(name);
    }
    /// A collection of `T`s.
    template <typename T = document>
    [[nodiscard]] mongoro::collection<T> collection(std::string_view name) const {
        return mongoro::collection<T>(detail::collection_base(client_, name_, name, settings_));
    }

    /// The same database with another read preference, for the reads of its collections too. Copies
    /// it. Default: the connection string's, else the primary.
    [[nodiscard]] database with_read_preference(const read_preference& preference) const;
    /// The same with another read concern.
    [[nodiscard]] database with_read_concern(const read_concern& concern) const;
    /// The same with another write concern.
    [[nodiscard]] database with_write_concern(const write_concern& concern) const;

    /// The same with another timeout for operations that name none. See `collection::with_timeout`.
    [[nodiscard]] database with_timeout(std::chrono::milliseconds timeout) const;

    /// Runs any command; gives the server's whole reply. A reply that says `ok: 0` is
    /// `command_failed`; one that says `ok: 1` is given as it is, whatever `writeErrors` or
    /// `writeConcernError` it holds.
    ///
    /// The driver adds `$db`, and what it needs to: `$readPreference`, and a `maxTimeMS` where
    /// there is a timeout. A command whose reply is a cursor gives its first batch only: use
    /// `run_cursor_command`. Retried only where the server was too busy for it, if `retryReads` and
    /// `retryWrites` both allow it. Spec: source/run-command/run-command.md
    [[nodiscard]] awaitable<document> run_command(
        const bson::document_param& command,
        const run_command_options& options = detail::no_options<run_command_options>) const;
    /// Runs a command that answers with a cursor. Of the cursor's options only `batch_size` may be
    /// set, and only its getMores have it; one of another kind than `options.type` says may end too
    /// early or never.
    [[nodiscard]] cursor<document> run_cursor_command(
        const bson::document_param& command,
        const run_cursor_command_options& options =
            detail::no_options<run_cursor_command_options>) const;

    /// What a pipeline of the database itself gives, such as one of `$currentOp` or `$documents`.
    [[nodiscard]] cursor<document> aggregate(
        const bson::array_param& pipeline,
        const aggregate_options& options = detail::no_options<aggregate_options>) const;

    /// The collections, one document each. Asks the primary, whatever the read preference says
    /// (enumerate collections specification).
    [[nodiscard]] cursor<document> list_collections(
        const list_collections_options& options =
            detail::no_options<list_collections_options>) const;
    /// The names alone, in no particular order; of the primary too. A filter of anything but `name`
    /// makes the server look at the whole description of each collection.
    [[nodiscard]] awaitable<std::vector<std::string>> list_collection_names(
        const list_collections_options& options =
            detail::no_options<list_collections_options>) const;
    /// Makes a collection or a view; `command_failed` (NamespaceExists) if it is there.
    [[nodiscard]] awaitable<void> create_collection(
        std::string_view name, const create_collection_options& options =
                                   detail::no_options<create_collection_options>) const;
    /// Drops the database with all that is in it. Not an error if it does not exist.
    [[nodiscard]] awaitable<void> drop(
        const drop_options& options = detail::no_options<drop_options>) const;

 private:
    [[nodiscard]] operation::target target(std::string_view collection = {}) const noexcept;

    std::shared_ptr<detail::client_state> client_;
    std::string name_;
    detail::handle_settings_ptr settings_;
};

}  // namespace mongoro
