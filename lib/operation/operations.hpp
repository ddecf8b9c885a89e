#pragma once

#include "wire/command.hpp"

#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/detail/handle_settings.hpp>
#include <mongoro/options/admin.hpp>
#include <mongoro/options/find.hpp>
#include <mongoro/options/write.hpp>
#include <mongoro/result.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

/// How each operation builds its command and reads its reply: one function each way, one file an
/// operation, nothing of it waits or sends. A builder that is given something that can never be
/// sent fails its command; the executor gives that error when the operation is awaited.
namespace mongoro::operation {

using detail::command_handle;
using wire::command;

/// The collection that an operation works on.
struct target {
    std::string_view database;
    std::string_view collection;
    /// What the handle says; null: nothing.
    const detail::handle_settings_ptr* settings = nullptr;
};

// time_limit.cpp
/// `timeout`, or the handle's: none of both leaves the command without a limit.
void begin_limit(command& to, const std::optional<std::chrono::milliseconds>& timeout,
                 const target& t);
/// What of a cursor's options has to do with time.
struct cursor_times {
    cursor_type type = cursor_type::non_tailable;
    std::optional<std::chrono::milliseconds> max_await = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<timeout_mode> mode = std::nullopt;
};
/// The same of a command that makes a cursor; fails it where those do not go together.
void begin_limit(command& to, const cursor_times& times, const target& t);

// find.cpp
/// Without `skip`, `limit` and `batch_size`, which a cursor may still change.
[[nodiscard]] command_handle find(target t, bson::document_view filter,
                                  const find_options& options);
/// Appends those, as the server takes them; 0 is not sent.
void append_limits(command& c, std::int64_t skip, std::int64_t limit, std::int64_t batch_size);
[[nodiscard]] command_handle find_one(target t, bson::document_view filter,
                                      const find_one_options& options);

// cursor.cpp
/// What a reply with a cursor says: where to go on, and this batch.
struct cursor_reply {
    std::int64_t id = 0;  ///< 0: there is no more
    std::string_view ns;
    bson::array_view batch;
};
[[nodiscard]] result<cursor_reply> read_cursor(bson::document_view reply);
/// `batch_size` 0: the server chooses. A comment that does not exist is not sent.
[[nodiscard]] command_handle get_more(target t, std::int64_t id, std::int32_t batch_size,
                                      std::optional<std::chrono::milliseconds> max_await,
                                      const bson::value_view& comment);
[[nodiscard]] command_handle kill_cursors(target t, std::int64_t id);
/// Sets the batch size of an open command that has a `cursor`; 0: the server chooses.
void set_batch_size(command& c, std::int32_t batch_size);
/// The first document of the first batch, for `find_one`.
[[nodiscard]] result<std::optional<bson::document_view>> read_first(bson::document_view reply);

// aggregate.cpp
/// Of a whole database if `t.collection` is empty.
[[nodiscard]] command_handle aggregate(target t, bson::array_view pipeline,
                                       const aggregate_options& options);

// count.cpp
[[nodiscard]] command_handle count_documents(target t, bson::document_view filter,
                                             const count_options& options);
[[nodiscard]] result<std::int64_t> read_count_documents(bson::document_view reply);
[[nodiscard]] command_handle estimated_count(target t, const estimated_count_options& options);
[[nodiscard]] result<std::int64_t> read_estimated_count(bson::document_view reply);

// distinct.cpp
[[nodiscard]] command_handle distinct(target t, std::string_view key, bson::document_view filter,
                                      const distinct_options& options);
[[nodiscard]] result<bson::array_view> read_distinct(bson::document_view reply);

// insert.cpp
/// The caller appends the documents.
[[nodiscard]] command_handle insert(target t, const insert_one_options& options);
[[nodiscard]] command_handle insert(target t, const insert_many_options& options);
/// Appends a document, with a new ObjectId in front if it has no `_id`.
void append_document(command& to, bson::document_view document);
/// The same for a document that was encoded in place, from `start` to the end of the documents.
void end_document(command& to, std::size_t start);

// update.cpp
enum class multi : bool { one, many };
[[nodiscard]] command_handle update(target t, bson::document_view filter,
                                    bson::document_view update, multi how_many,
                                    const update_options& options);
[[nodiscard]] command_handle update(target t, bson::document_view filter, bson::array_view pipeline,
                                    multi how_many, const update_options& options);
[[nodiscard]] command_handle replace(target t, bson::document_view filter,
                                     bson::document_view replacement,
                                     const replace_options& options);

// delete.cpp
[[nodiscard]] command_handle remove(target t, bson::document_view filter, multi how_many,
                                    const delete_options& options);

// find_and_modify.cpp
[[nodiscard]] command_handle find_one_and_delete(target t, bson::document_view filter,
                                                 const find_one_and_delete_options& options);
[[nodiscard]] command_handle find_one_and_replace(target t, bson::document_view filter,
                                                  bson::document_view replacement,
                                                  const find_one_and_replace_options& options);
[[nodiscard]] command_handle find_one_and_update(target t, bson::document_view filter,
                                                 bson::document_view update,
                                                 const find_one_and_update_options& options);
[[nodiscard]] command_handle find_one_and_update(target t, bson::document_view filter,
                                                 bson::array_view pipeline,
                                                 const find_one_and_update_options& options);
/// The document of the reply; none if nothing matched.
[[nodiscard]] result<std::optional<bson::document_view>> read_value(bson::document_view reply);

// indexes.cpp
[[nodiscard]] command_handle create_indexes(target t, std::span<const index_model> models,
                                            const create_index_options& options);
/// The name that an index has: the one given, or made of its keys. Fails for a key that is no name.
[[nodiscard]] result<std::string> index_name(const index_model& model);
[[nodiscard]] command_handle drop_indexes(target t, std::string_view name,
                                          const drop_index_options& options);
[[nodiscard]] command_handle list_indexes(target t, const list_indexes_options& options);

// collections.cpp
[[nodiscard]] command_handle list_collections(target t, const list_collections_options& options);
[[nodiscard]] command_handle create_collection(target t, const create_collection_options& options);
[[nodiscard]] command_handle drop_collection(target t, const drop_options& options);
[[nodiscard]] command_handle drop_database(target t, const drop_options& options);
[[nodiscard]] command_handle rename_collection(target t, std::string_view new_name,
                                               const rename_options& options);
/// `t` has only settings.
[[nodiscard]] command_handle list_databases(target t, const list_databases_options& options);
/// The array of databases of the reply.
[[nodiscard]] result<bson::array_view> read_databases(bson::document_view reply);

// run_command.cpp
/// Of the handle's settings only its timeout counts. `t` has no collection.
[[nodiscard]] command_handle run_command(target t, bson::document_view document,
                                         const run_command_options& options);
[[nodiscard]] command_handle run_cursor_command(target t, bson::document_view document,
                                                const run_cursor_command_options& options);
/// `t` has only settings.
[[nodiscard]] command_handle ping(target t);

}  // namespace mongoro::operation
