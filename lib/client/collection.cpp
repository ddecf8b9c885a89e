#include "client/client_state.hpp"

#include <mongoro/detail/collection_base.hpp>

#include <cstring>

namespace mongoro::detail {

namespace {

constexpr int namespace_not_found = 26;

task<result<void>> run_void(operation::deployment_ptr d, command_handle c) {
    auto reply = co_await operation::execute(std::move(d), std::move(c));
    if (!reply) {
        co_return reply.error();
    }
    co_return result<void>();
}

task<result<void>> run_drop(operation::deployment_ptr d, command_handle c) {
    auto reply = co_await operation::execute(std::move(d), std::move(c));
    // Before 7.0 a server says so; the specification asks for silence.
    if (!reply && reply.error().server_code() != namespace_not_found) {
        co_return reply.error();
    }
    co_return result<void>();
}

task<result<std::int64_t>> run_count(operation::deployment_ptr d, command_handle c,
                                     result<std::int64_t> (*read)(document_view)) {
    auto reply = co_await operation::execute(std::move(d), std::move(c));
    if (!reply) {
        // Nothing there is a count of 0, in the words of servers that have no collection to count.
        if (read == &operation::read_estimated_count &&
            reply.error().server_code() == namespace_not_found) {
            co_return std::int64_t{0};
        }
        co_return reply.error();
    }
    co_return read(reply->body);
}

task<result<std::vector<bson::value>>> run_distinct(operation::deployment_ptr d, command_handle c) {
    auto reply = co_await operation::execute(std::move(d), std::move(c));
    if (!reply) {
        co_return reply.error();
    }
    const auto values = operation::read_distinct(reply->body);
    if (!values) {
        co_return values.error();
    }
    std::vector<bson::value> list;
    for (const auto& element : *values) {
        if (element.malformed()) {
            co_return error(errc::malformed_bson);
        }
        list.emplace_back(element.value());
    }
    co_return std::move(list);
}

task<result<std::vector<std::string>>> run_create_indexes(operation::deployment_ptr d,
                                                          command_handle c,
                                                          std::vector<std::string> names) {
    auto reply = co_await operation::execute(std::move(d), std::move(c));
    if (!reply) {
        co_return reply.error();
    }
    co_return std::move(names);
}

task<result<std::string>> run_create_index(operation::deployment_ptr d, command_handle c,
                                           result<std::string> name) {
    if (!name) {
        co_return name.error();
    }
    auto reply = co_await operation::execute(std::move(d), std::move(c));
    if (!reply) {
        co_return reply.error();
    }
    co_return std::move(*name);
}

task<result<insert_many_result>> run_insert_many(operation::deployment_ptr d, command_handle c,
                                                 std::vector<bson::value> ids) {
    auto done = co_await operation::execute_write(std::move(d), std::move(c));
    if (!done) {
        co_return done.error();
    }
    co_return insert_many_result{done->n, std::move(ids), done->acknowledged};
}

task<result<update_result>> run_updates(operation::deployment_ptr d, command_handle c) {
    auto done = co_await operation::execute_write(std::move(d), std::move(c));
    if (!done) {
        co_return done.error();
    }
    update_result read;
    read.matched_count = done->upserted_id ? 0 : done->n;
    read.modified_count = done->modified;
    read.upserted_id = std::move(done->upserted_id);
    read.acknowledged = done->acknowledged;
    co_return std::move(read);
}

task<result<delete_result>> run_deletes(operation::deployment_ptr d, command_handle c) {
    auto done = co_await operation::execute_write(std::move(d), std::move(c));
    if (!done) {
        co_return done.error();
    }
    co_return delete_result{done->n, done->acknowledged};
}

}  // namespace

/// What the operations of a collection work on.
[[gnu::hot]] operation::target collection_base::where() const noexcept {
    return {database_, name_, settings_ ? &settings_ : nullptr};
}

[[gnu::hot]] reactor_core& collection_base::core() const noexcept {
    return client_->core();
}

[[gnu::hot]] command_handle collection_base::insert(const insert_one_options& o) const {
    return operation::insert(where(), o);
}
command_handle collection_base::insert(const insert_many_options& o) const {
    return operation::insert(where(), o);
}
command_handle collection_base::find(document_view filter, const find_options& o) const {
    return operation::find(where(), filter, o);
}
[[gnu::hot]] command_handle collection_base::find_one(document_view filter,
                                                      const find_one_options& o) const {
    return operation::find_one(where(), filter, o);
}
command_handle collection_base::replace(document_view filter, document_view replacement,
                                        const replace_options& o) const {
    return operation::replace(where(), filter, replacement, o);
}
command_handle collection_base::find_one_and_delete(document_view filter,
                                                    const find_one_and_delete_options& o) const {
    return operation::find_one_and_delete(where(), filter, o);
}
command_handle collection_base::find_one_and_replace(document_view filter,
                                                     document_view replacement,
                                                     const find_one_and_replace_options& o) const {
    return operation::find_one_and_replace(where(), filter, replacement, o);
}
command_handle collection_base::find_one_and_update(document_view filter, document_view update,
                                                    const find_one_and_update_options& o) const {
    return operation::find_one_and_update(where(), filter, update, o);
}
command_handle collection_base::find_one_and_update(document_view filter, array_view pipeline,
                                                    const find_one_and_update_options& o) const {
    return operation::find_one_and_update(where(), filter, pipeline, o);
}
command_handle collection_base::aggregate(array_view pipeline, const aggregate_options& o) const {
    auto c = operation::aggregate(where(), pipeline, o);
    if (auto bad = wire::check_collection_name(name_)) [[unlikely]] {
        c->fail(std::move(bad));  // without a collection it would be the database's
    }
    return c;
}
command_handle collection_base::update_one(document_view filter, document_view update,
                                           const update_options& o) const {
    return operation::update(where(), filter, update, operation::multi::one, o);
}
command_handle collection_base::update_one(document_view filter, array_view pipeline,
                                           const update_options& o) const {
    return operation::update(where(), filter, pipeline, operation::multi::one, o);
}
command_handle collection_base::update_many(document_view filter, document_view update,
                                            const update_options& o) const {
    return operation::update(where(), filter, update, operation::multi::many, o);
}
command_handle collection_base::update_many(document_view filter, array_view pipeline,
                                            const update_options& o) const {
    return operation::update(where(), filter, pipeline, operation::multi::many, o);
}
command_handle collection_base::delete_one(document_view filter, const delete_options& o) const {
    return operation::remove(where(), filter, operation::multi::one, o);
}
command_handle collection_base::delete_many(document_view filter, const delete_options& o) const {
    return operation::remove(where(), filter, operation::multi::many, o);
}

bson::byte_buffer& collection_base::documents(wire::command& to) noexcept {
    return to.documents();
}
void collection_base::end_document(wire::command& to, std::size_t start) {
    operation::end_document(to, start);
}
[[gnu::hot]] void collection_base::end_document_with_id(wire::command& to) {
    to.end_document();
}
void collection_base::append_document(wire::command& to, document_view document) {
    operation::append_document(to, document);
}
bson::value_view collection_base::document_id(wire::command& to, std::size_t start) {
    const auto& bytes = to.documents();
    return document_view(bytes.data() + start, bytes.size() - start)["_id"];
}
void collection_base::fail(wire::command& to, error e) {
    to.fail(std::move(e));
}

[[gnu::hot]] task<result<std::optional<received_document>>> collection_base::run_find_one(
    command_handle c) const {
    return operation::execute_find_one(deployment_of(client_), std::move(c));
}
task<result<std::optional<received_document>>> collection_base::run_find_and_modify(
    command_handle c) const {
    return operation::execute_find_and_modify(deployment_of(client_), std::move(c));
}
[[gnu::hot]] task<result<insert_one_result>> collection_base::run_insert(command_handle c) const {
    return operation::execute_insert_one(deployment_of(client_), std::move(c));
}
task<result<insert_many_result>> collection_base::run_insert(command_handle c,
                                                             std::vector<bson::value> ids) const {
    return run_insert_many(deployment_of(client_), std::move(c), std::move(ids));
}
task<result<update_result>> collection_base::run_update(command_handle c) const {
    return run_updates(deployment_of(client_), std::move(c));
}
task<result<delete_result>> collection_base::run_delete(command_handle c) const {
    return run_deletes(deployment_of(client_), std::move(c));
}

task<result<std::int64_t>> collection_base::count_documents(document_view filter,
                                                            const count_options& o) const {
    return run_count(deployment_of(client_), operation::count_documents(where(), filter, o),
                     &operation::read_count_documents);
}
task<result<std::int64_t>> collection_base::estimated_count(
    const estimated_count_options& o) const {
    return run_count(deployment_of(client_), operation::estimated_count(where(), o),
                     &operation::read_estimated_count);
}
task<result<std::vector<bson::value>>> collection_base::distinct(std::string_view key,
                                                                 document_view filter,
                                                                 const distinct_options& o) const {
    return run_distinct(deployment_of(client_), operation::distinct(where(), key, filter, o));
}

task<result<std::string>> collection_base::create_index(document_view keys,
                                                        const index_options& index,
                                                        const create_index_options& o) const {
    const index_model model{.keys = keys,
                            .name = index.name,
                            .unique = index.unique,
                            .sparse = index.sparse,
                            .hidden = index.hidden,
                            .background = index.background,
                            .expire_after = index.expire_after,
                            .partial_filter_expression = index.partial_filter_expression,
                            .collation = index.collation,
                            .wildcard_projection = index.wildcard_projection,
                            .storage_engine = index.storage_engine,
                            .weights = index.weights,
                            .default_language = index.default_language,
                            .language_override = index.language_override,
                            .version = index.version,
                            .text_index_version = index.text_index_version,
                            .sphere_2d_index_version = index.sphere_2d_index_version,
                            .bits = index.bits,
                            .min = index.min,
                            .max = index.max,
                            .bucket_size = index.bucket_size};
    return run_create_index(deployment_of(client_),
                            operation::create_indexes(where(), {&model, 1}, o),
                            operation::index_name(model));
}

task<result<std::vector<std::string>>> collection_base::create_indexes(
    std::span<const index_model> models, const create_index_options& o) const {
    std::vector<std::string> names;
    for (const auto& model : models) {
        // One without a name that can be made has failed the command: its error comes from there.
        names.push_back(operation::index_name(model).value_or(std::string()));
    }
    return run_create_indexes(deployment_of(client_), operation::create_indexes(where(), models, o),
                              std::move(names));
}

task<result<void>> collection_base::drop_index(std::string_view name,
                                               const drop_index_options& o) const {
    auto c = operation::drop_indexes(where(), name, o);
    if (name == "*") {
        c->fail({errc::invalid_argument, "drop_index drops one index: use drop_indexes for all"});
    }
    return run_void(deployment_of(client_), std::move(c));
}
task<result<void>> collection_base::drop_indexes(const drop_index_options& o) const {
    return run_void(deployment_of(client_), operation::drop_indexes(where(), "*", o));
}
std::shared_ptr<cursor_core> collection_base::list_indexes(const list_indexes_options& o) const {
    auto core = std::make_shared<cursor_core>(client_, database_, name_,
                                              operation::list_indexes(where(), o));
    core->set_list_options(o.batch_size, o.comment);
    core->set_empty_if_missing();
    return core;
}
task<result<void>> collection_base::drop(const drop_options& o) const {
    return run_drop(deployment_of(client_), operation::drop_collection(where(), o));
}
task<result<void>> collection_base::rename(std::string_view new_name,
                                           const rename_options& o) const {
    return run_void(deployment_of(client_), operation::rename_collection(where(), new_name, o));
}

}  // namespace mongoro::detail
