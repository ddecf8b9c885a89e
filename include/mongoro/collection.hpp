#pragma once

#include <mongoro/awaitable.hpp>
#include <mongoro/bson/build.hpp>
#include <mongoro/bson/codec.hpp>
#include <mongoro/bson/document_param.hpp>
#include <mongoro/cursor.hpp>
#include <mongoro/detail/collection_base.hpp>
#include <mongoro/received_document.hpp>
#include <mongoro/results.hpp>

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro {

/// A collection whose documents are read and written as a T: a `document`, a plain struct, or any
/// type with a codec. A cheap handle; making one asks nothing of the server.
///
/// Every operation is lazy (it starts when awaited) and copies its arguments into its command
/// before the call returns: no argument needs to live until the operation runs. Operations may be
/// built on any thread; awaited on another one than the reactor's they run on the reactor's (see
/// `awaitable`). The last handle may be dropped on any thread: on another one than the reactor's,
/// see `client`.
///
/// All of them, unless said otherwise:
/// * are sent to one server: a write to the primary (or a mongos), a read where the read preference
///   says, but for `list_indexes`. While none suits, they wait for one, `serverSelectionTimeoutMS`
///   at most;
/// * cost one round trip, and those of a connection that has to be opened first;
/// * are retried only where the server was too busy for them: it says so, or a connection was
///   refused, reset or timed out before the server's first answer. Then after a pause that doubles,
///   at most `maxAdaptiveRetries` times (client-backpressure specification);
/// * end with the first of: the reply, their timeout (`with_timeout`), the deadline in force
///   (`with_deadline`), a stop request.
/// Before the
///   command is sent a stop takes it out of the queue. After that the caller resumes at once with
///   `operation_cancelled` or `deadline_exceeded`, the server may or may not have applied it, and
///   the connection goes back to the pool when its reply has been read;
/// * fail with `invalid_namespace`, `embedded_nul`, `invalid_argument` (nothing was sent);
///   `server_selection_timeout`, which says what was wanted and the last error of each server;
///   `wait_queue_timeout`, `connect_failed`, `connect_timed_out`, `proxy_failed`,
///   `name_resolution_failed`, `handshake_failed`, `authentication_failed`, `incompatible_server`
///   (nothing was sent); `network_error`, `connection_closed`, `tls_failed` (of a reply, or of a
///   handshake) and the errors of a malformed reply (a write may have been applied);
///   `socket_timed_out` (`socketTimeoutMS`; the same); `pool_cleared`: the server's connections
///   were given up while one was waited for (nothing was sent), or was in use (a write may be
///   applied): then its cause is a `network_error`, and that one's `std::errc::connection_aborted`;
///   `command_failed` with the server's error; `client_closed`.
///
/// Spec: source/crud/crud.md
template <typename T = document>
class collection {
    template <typename U>
    using optional_task = task<result<std::optional<U>>>;
    /// What a single document is given as: a view keeps the reply that it points into.
    using found_type = std::conditional_t<std::is_same_v<T, document_view>, received_document, T>;

 public:
    /// For the library; `database::operator[]` makes one.
    explicit collection(detail::collection_base base) noexcept : base_(std::move(base)) {}

    [[nodiscard]] const std::string& name() const noexcept { return base_.name(); }
    [[nodiscard]] const std::string& database_name() const noexcept { return base_.database(); }
    /// The same collection with another type of document.
    template <typename U>
    [[nodiscard]] collection<U> as() const {
        return collection<U>(base_);
    }

    /// The same collection whose reads go elsewhere. Copies the preference. Default: its
    /// database's, else the connection string's, else the primary.
    [[nodiscard]] collection with_read_preference(const read_preference& preference) const {
        return collection(base_.with(preference));
    }
    /// The same with another read concern for reads that name none.
    [[nodiscard]] collection with_read_concern(const read_concern& concern) const {
        return collection(base_.with(concern));
    }
    /// The same with another write concern for writes that name none.
    [[nodiscard]] collection with_write_concern(const write_concern& concern) const {
        return collection(base_.with(concern));
    }
    /// The same with another timeout for operations that name none (`timeoutMS`). Default: its
    /// database's, else `client_options::timeout`, else the connection string's, else none, and
    /// then `maxTimeMS`, `wtimeout`, `socketTimeoutMS` and `waitQueueTimeoutMS` are kept, which
    /// count for nothing with one.
    ///
    /// It is for all of an operation, whatever it waits for and however often it is tried; a
    /// deadline of the awaiting task can only shorten it. The server is told what is left of it,
    /// and an operation that cannot come back in time is not sent. 0 is no limit, and is not the
    /// same as none; a negative one is `invalid_argument` when an operation is awaited. When it
    /// passes, the operation fails with `deadline_exceeded`, and so it does with any other time
    /// that was up (selection, connecting, the server's own); the cause says which.
    /// Spec: source/client-side-operations-timeout
    [[nodiscard]] collection with_timeout(std::chrono::milliseconds timeout) const {
        return collection(base_.with(timeout));
    }

    /// Inserts one document. One without `_id` gets an ObjectId, made here, as its first field.
    ///
    /// Errors: `write_failed` (a duplicate key, a failed validation), `write_concern_failed` (it
    /// was inserted), `document_too_large`, and the codec's.
    [[nodiscard]] awaitable<insert_one_result> insert_one(
        const T& document,
        const insert_one_options& options = detail::no_options<insert_one_options>) const {
        auto c = base_.insert(options);
        append(*c, document);
        return {base_.run_insert(std::move(c)), &base_.core()};
    }

    /// Inserts many: a range of T. As many commands as the server's limits make necessary, one
    /// after the other.
    ///
    /// Errors: `write_failed` with every write error (its index is the document's place in the
    /// range); ordered, the first ends it, unordered, all others are tried. `invalid_argument` for
    /// an empty range, `document_too_large` before any is sent. `error::partial()` of any of them
    /// counts what the server has acknowledged: of the command that was under way when a connection
    /// failed, or a deadline passed, documents may have been inserted besides.
    template <typename Range>
        requires requires(const Range& r) { std::begin(r) != std::end(r); }
    [[nodiscard]] awaitable<insert_many_result> insert_many(
        const Range& documents,
        const insert_many_options& options = detail::no_options<insert_many_options>) const {
        auto c = base_.insert(options);
        std::vector<bson::value> ids;
        if constexpr (requires { std::size(documents); }) {
            ids.reserve(std::size(documents));
        }
        auto& bytes = detail::collection_base::documents(*c);
        for (const T& document : documents) {
            const auto start = bytes.size();
            append(*c, document);
            ids.emplace_back(detail::collection_base::document_id(*c, start));
        }
        return {base_.run_insert(std::move(c), std::move(ids)), &base_.core()};
    }

    /// The documents that match. Nothing is sent before the cursor is asked.
    [[nodiscard]] cursor<T> find(
        const bson::document_param& filter = {},
        const find_options& options = detail::no_options<find_options>) const {
        auto core = std::make_shared<detail::cursor_core>(
            base_.client(), base_.database(), base_.name(), base_.find(filter.view(), options));
        core->set_find_options(options);
        return cursor<T>(std::move(core));
    }

    /// The first document that matches, or none. For T = `document_view` it comes as a
    /// `received_document`, which keeps the reply's bytes: no copy and no allocation.
    [[nodiscard]] awaitable<std::optional<found_type>> find_one(
        const bson::document_param& filter = {},
        const find_one_options& options = detail::no_options<find_one_options>) const {
        return typed(base_.run_find_one(base_.find_one(filter.view(), options)));
    }

    /// Replaces the first document that matches by this one. `invalid_argument` if it begins with
    /// an operator. Other errors as of `insert_one`.
    [[nodiscard]] awaitable<update_result> replace_one(
        const bson::document_param& filter, const T& replacement,
        const replace_options& options = detail::no_options<replace_options>) const {
        return encoded<awaitable<update_result>>(replacement, [&](document_view r) {
            return awaitable<update_result>(
                base_.run_update(base_.replace(filter.view(), r, options)), &base_.core());
        });
    }

    /// Changes the first document that matches. The update begins with an operator, such as `$set`.
    [[nodiscard]] awaitable<update_result> update_one(
        const bson::document_param& filter, const bson::document_param& update,
        const update_options& options = detail::no_options<update_options>) const {
        return {base_.run_update(base_.update_one(filter.view(), update.view(), options)),
                &base_.core()};
    }
    /// The same with a pipeline: `arr(doc(...), …)`.
    [[nodiscard]] awaitable<update_result> update_one(
        const bson::document_param& filter, bson::array_view pipeline,
        const update_options& options = detail::no_options<update_options>) const {
        return {base_.run_update(base_.update_one(filter.view(), pipeline, options)),
                &base_.core()};
    }
    /// Changes every document that matches.
    [[nodiscard]] awaitable<update_result> update_many(
        const bson::document_param& filter, const bson::document_param& update,
        const update_options& options = detail::no_options<update_options>) const {
        return {base_.run_update(base_.update_many(filter.view(), update.view(), options)),
                &base_.core()};
    }
    [[nodiscard]] awaitable<update_result> update_many(
        const bson::document_param& filter, bson::array_view pipeline,
        const update_options& options = detail::no_options<update_options>) const {
        return {base_.run_update(base_.update_many(filter.view(), pipeline, options)),
                &base_.core()};
    }

    /// Deletes the first document that matches.
    [[nodiscard]] awaitable<delete_result> delete_one(
        const bson::document_param& filter,
        const delete_options& options = detail::no_options<delete_options>) const {
        return {base_.run_delete(base_.delete_one(filter.view(), options)), &base_.core()};
    }
    /// Deletes every document that matches.
    [[nodiscard]] awaitable<delete_result> delete_many(
        const bson::document_param& filter,
        const delete_options& options = detail::no_options<delete_options>) const {
        return {base_.run_delete(base_.delete_many(filter.view(), options)), &base_.core()};
    }

    /// Deletes the first document that matches, and gives it.
    [[nodiscard]] awaitable<std::optional<found_type>> find_one_and_delete(
        const bson::document_param& filter,
        const find_one_and_delete_options& options =
            detail::no_options<find_one_and_delete_options>) const {
        return typed(base_.run_find_and_modify(base_.find_one_and_delete(filter.view(), options)));
    }
    /// Replaces the first document that matches, and gives it as it was, or as it is afterwards.
    [[nodiscard]] awaitable<std::optional<found_type>> find_one_and_replace(
        const bson::document_param& filter, const T& replacement,
        const find_one_and_replace_options& options =
            detail::no_options<find_one_and_replace_options>) const {
        return encoded<awaitable<std::optional<found_type>>>(replacement, [&](document_view r) {
            return typed(
                base_.run_find_and_modify(base_.find_one_and_replace(filter.view(), r, options)));
        });
    }
    /// Changes the first document that matches, and gives it as it was, or as it is afterwards.
    [[nodiscard]] awaitable<std::optional<found_type>> find_one_and_update(
        const bson::document_param& filter, const bson::document_param& update,
        const find_one_and_update_options& options =
            detail::no_options<find_one_and_update_options>) const {
        return typed(base_.run_find_and_modify(
            base_.find_one_and_update(filter.view(), update.view(), options)));
    }
    [[nodiscard]] awaitable<std::optional<found_type>> find_one_and_update(
        const bson::document_param& filter, bson::array_view pipeline,
        const find_one_and_update_options& options =
            detail::no_options<find_one_and_update_options>) const {
        return typed(
            base_.run_find_and_modify(base_.find_one_and_update(filter.view(), pipeline, options)));
    }

    /// How many documents match, counted by the server one by one (an aggregation with `$match`).
    ///
    /// `command_failed` if the filter has what `$match` refuses, though `find` takes it. Instead of
    /// `$where` give `$expr`; of `$near`, `$geoWithin` with `$center`; of `$nearSphere`,
    /// `$geoWithin` with `$centerSphere`.
    [[nodiscard]] awaitable<std::int64_t> count_documents(
        const bson::document_param& filter = {},
        const count_options& options = detail::no_options<count_options>) const {
        return {base_.count_documents(filter.view(), options), &base_.core()};
    }
    /// How many documents there are by the collection's metadata: fast, and an estimate (command
    /// `count`).
    ///
    /// It may be wrong after a server's unclean shutdown, and on a sharded cluster that has
    /// orphaned documents or is moving chunks: `count_documents` counts right there. More is in the
    /// server's manual (https://www.mongodb.com/docs/manual/reference/command/count/#behavior).
    ///
    /// Servers 5.0.0 to 5.0.8 left `count` out of version 1 of the stable API by mistake, and
    /// refuse it to a client that holds to that version alone (`apiStrict: true`): upgrade them
    /// to 5.0.9 or later, or set `apiStrict: false`.
    [[nodiscard]] awaitable<std::int64_t> estimated_document_count(
        const estimated_count_options& options =
            detail::no_options<estimated_count_options>) const {
        return {base_.estimated_count(options), &base_.core()};
    }
    /// The distinct values of a field in the documents that match.
    [[nodiscard]] awaitable<std::vector<bson::value>> distinct(
        std::string_view key, const bson::document_param& filter = {},
        const distinct_options& options = detail::no_options<distinct_options>) const {
        return {base_.distinct(key, filter.view(), options), &base_.core()};
    }

    /// What a pipeline makes of the collection, as documents or as any other U.
    template <typename U = document>
    [[nodiscard]] cursor<U> aggregate(
        const bson::array_param& pipeline,
        const aggregate_options& options = detail::no_options<aggregate_options>) const {
        auto core =
            std::make_shared<detail::cursor_core>(base_.client(), base_.database(), base_.name(),
                                                  base_.aggregate(pipeline.view(), options));
        core->set_aggregate_options(options);
        return cursor<U>(std::move(core));
    }

    /// Makes an index, unless the same one is there; gives its name.
    [[nodiscard]] awaitable<std::string> create_index(
        const bson::document_param& keys,
        const index_options& index = detail::no_options<index_options>,
        const create_index_options& options = detail::no_options<create_index_options>) const {
        return {base_.create_index(keys.view(), index, options), &base_.core()};
    }
    /// Makes several in one command; gives their names in order. All that the models point at is
    /// copied before the call returns.
    [[nodiscard]] awaitable<std::vector<std::string>> create_indexes(
        std::span<const index_model> models,
        const create_index_options& options = detail::no_options<create_index_options>) const {
        return {base_.create_indexes(models, options), &base_.core()};
    }
    /// Drops the index of that name; `command_failed` (IndexNotFound) if there is none. "*" is
    /// `invalid_argument`: see `drop_indexes`.
    [[nodiscard]] awaitable<void> drop_index(
        std::string_view name,
        const drop_index_options& options = detail::no_options<drop_index_options>) const {
        return {base_.drop_index(name, options), &base_.core()};
    }
    /// Drops all but the one of `_id`.
    [[nodiscard]] awaitable<void> drop_indexes(
        const drop_index_options& options = detail::no_options<drop_index_options>) const {
        return {base_.drop_indexes(options), &base_.core()};
    }
    /// The indexes, one document each; of a collection that does not exist none. Asks the primary,
    /// whatever the read preference says (index management specification).
    [[nodiscard]] cursor<document> list_indexes(
        const list_indexes_options& options = detail::no_options<list_indexes_options>) const {
        return cursor<document>(base_.list_indexes(options));
    }

    /// Drops the collection. Not an error if it does not exist.
    [[nodiscard]] awaitable<void> drop(
        const drop_options& options = detail::no_options<drop_options>) const {
        return {base_.drop(options), &base_.core()};
    }
    /// Gives it another name in the same database. This handle keeps the old one.
    [[nodiscard]] awaitable<void> rename(
        std::string_view new_name,
        const rename_options& options = detail::no_options<rename_options>) const {
        return {base_.rename(new_name, options), &base_.core()};
    }

 private:
    /// Encodes one more document of an insert.
    static void append(wire::command& to, const T& document) {
        if constexpr (std::convertible_to<const T&, document_view>) {
            detail::collection_base::append_document(to, document);
        } else {
            auto& bytes = detail::collection_base::documents(to);
            const auto start = bytes.size();
            // A struct that has no `_id` gets its new one first: no walk to look for it.
            constexpr bool needs_id = bson::detail::never_has_key<T>("_id");
            const auto done = bson::detail::encode_elements_after(document, bytes, [](auto& w) {
                if constexpr (needs_id) {
                    w.append("_id", bson::object_id::generate());
                }
            });
            if (!done) {
                detail::collection_base::fail(to, done.error());
            } else if constexpr (needs_id) {
                detail::collection_base::end_document_with_id(to);
            } else {
                detail::collection_base::end_document(to, start);
            }
        }
    }

    /// Calls `use` with the document's bytes, or gives an operation that fails with the codec's
    /// error.
    template <typename Awaitable, typename Use>
    Awaitable encoded(const T& value, Use&& use) const {
        if constexpr (std::convertible_to<const T&, document_view>) {
            return use(static_cast<document_view>(value));
        } else {
            bson::byte_buffer bytes;
            if (auto done = bson::encode_document(value, bytes); !done) {
                return {failed<typename Awaitable::value_type>(done.error()), &base_.core()};
            }
            return use(document_view(bytes.data(), bytes.size()));
        }
    }
    template <typename U>
    static task<result<U>> failed(error e) {
        co_return e;
    }

    awaitable<std::optional<found_type>> typed(optional_task<received_document> found) const {
        if constexpr (std::is_same_v<T, document_view>) {
            return {std::move(found), &base_.core()};
        } else {
            return {decode(std::move(found)), &base_.core()};
        }
    }
    static optional_task<T> decode(optional_task<received_document> running) {
        static_assert(!bson::detail::holds_views<T>(),
                      "mongoro: a struct with views would outlive the reply; find() gives them in "
                      "batches");
        const auto found = co_await std::move(running);
        if (!found) {
            co_return found.error();
        }
        if (!*found) {
            co_return std::optional<T>();
        }
        std::optional<T> decoded(std::in_place);
        if (auto done = bson::decode_document((*found)->view(), *decoded); !done) {
            co_return done.error();
        }
        co_return std::move(decoded);
    }

    detail::collection_base base_;
};

}  // namespace mongoro
