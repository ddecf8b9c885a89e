#pragma once

#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/detail/command_handle.hpp>
#include <mongoro/detail/cursor_core.hpp>
#include <mongoro/detail/handle_settings.hpp>
#include <mongoro/options/admin.hpp>
#include <mongoro/options/find.hpp>
#include <mongoro/options/write.hpp>
#include <mongoro/received_document.hpp>
#include <mongoro/results.hpp>
#include <mongoro/task.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::operation {
struct target;
}

namespace mongoro::detail {

class client_state;

/// What `collection<T>` does with commands and replies, whatever T is: compiled once.
///
/// What takes arguments encodes them before it returns; what returns a task waits.
class collection_base {
 public:
    collection_base(std::shared_ptr<client_state> client, std::string_view database,
                    std::string_view name, handle_settings_ptr settings)
        : client_(std::move(client)),
          database_(database),
          name_(name),
          settings_(std::move(settings)) {}

    template <typename Setting>
    [[nodiscard]] collection_base with(const Setting& to) const {
        return {client_, database_, name_, with_setting(settings_, to)};
    }

    [[nodiscard]] const std::shared_ptr<client_state>& client() const noexcept { return client_; }
    [[nodiscard]] const std::string& database() const noexcept { return database_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] reactor_core& core() const noexcept;

    // Commands of which the typed part adds the documents, or reads them out of the reply.
    [[nodiscard]] command_handle insert(const insert_one_options& o) const;
    [[nodiscard]] command_handle insert(const insert_many_options& o) const;
    [[nodiscard]] command_handle find(document_view filter, const find_options& o) const;
    [[nodiscard]] command_handle find_one(document_view filter, const find_one_options& o) const;
    [[nodiscard]] command_handle replace(document_view filter, document_view replacement,
                                         const replace_options& o) const;
    [[nodiscard]] command_handle find_one_and_delete(document_view filter,
                                                     const find_one_and_delete_options& o) const;
    [[nodiscard]] command_handle find_one_and_replace(document_view filter,
                                                      document_view replacement,
                                                      const find_one_and_replace_options& o) const;
    [[nodiscard]] command_handle find_one_and_update(document_view filter, document_view update,
                                                     const find_one_and_update_options& o) const;
    [[nodiscard]] command_handle find_one_and_update(document_view filter, array_view pipeline,
                                                     const find_one_and_update_options& o) const;
    [[nodiscard]] command_handle aggregate(array_view pipeline, const aggregate_options& o) const;

    [[nodiscard]] command_handle update_one(document_view filter, document_view update,
                                            const update_options& o) const;
    [[nodiscard]] command_handle update_one(document_view filter, array_view pipeline,
                                            const update_options& o) const;
    [[nodiscard]] command_handle update_many(document_view filter, document_view update,
                                             const update_options& o) const;
    [[nodiscard]] command_handle update_many(document_view filter, array_view pipeline,
                                             const update_options& o) const;
    [[nodiscard]] command_handle delete_one(document_view filter, const delete_options& o) const;
    [[nodiscard]] command_handle delete_many(document_view filter, const delete_options& o) const;

    // The documents of an insert.
    /// Where the next document is to be encoded.
    [[nodiscard]] static bson::byte_buffer& documents(wire::command& to) noexcept;
    /// Ends the document that starts at `start`: gives it an ObjectId if it has no `_id`.
    static void end_document(wire::command& to, std::size_t start);
    /// The same where it is known to have an `_id`: no walk to look for one.
    static void end_document_with_id(wire::command& to);
    static void append_document(wire::command& to, document_view document);
    /// The `_id` of the last document, which starts at `start`. Points into the command until the
    /// next document is appended.
    [[nodiscard]] static bson::value_view document_id(wire::command& to, std::size_t start);
    static void fail(wire::command& to, error e);

    // What waits.
    [[nodiscard]] task<result<std::optional<received_document>>> run_find_one(
        command_handle c) const;
    [[nodiscard]] task<result<std::optional<received_document>>> run_find_and_modify(
        command_handle c) const;
    [[nodiscard]] task<result<insert_one_result>> run_insert(command_handle c) const;
    [[nodiscard]] task<result<insert_many_result>> run_insert(command_handle c,
                                                              std::vector<bson::value> ids) const;
    [[nodiscard]] task<result<update_result>> run_update(command_handle c) const;
    [[nodiscard]] task<result<delete_result>> run_delete(command_handle c) const;

    [[nodiscard]] task<result<std::int64_t>> count_documents(document_view filter,
                                                             const count_options& o) const;
    [[nodiscard]] task<result<std::int64_t>> estimated_count(
        const estimated_count_options& o) const;
    [[nodiscard]] task<result<std::vector<bson::value>>> distinct(std::string_view key,
                                                                  document_view filter,
                                                                  const distinct_options& o) const;
    [[nodiscard]] task<result<std::string>> create_index(document_view keys,
                                                         const index_options& index,
                                                         const create_index_options& o) const;
    [[nodiscard]] task<result<std::vector<std::string>>> create_indexes(
        std::span<const index_model> models, const create_index_options& o) const;
    [[nodiscard]] task<result<void>> drop_index(std::string_view name,
                                                const drop_index_options& o) const;
    [[nodiscard]] task<result<void>> drop_indexes(const drop_index_options& o) const;
    [[nodiscard]] std::shared_ptr<cursor_core> list_indexes(const list_indexes_options& o) const;
    [[nodiscard]] task<result<void>> drop(const drop_options& o) const;
    [[nodiscard]] task<result<void>> rename(std::string_view new_name,
                                            const rename_options& o) const;

 private:
    [[nodiscard]] operation::target where() const noexcept;

    std::shared_ptr<client_state> client_;
    std::string database_;
    std::string name_;
    handle_settings_ptr settings_;
};

}  // namespace mongoro::detail
