// Operations of collections that write.

#include "unified/operations.hpp"

#include <mongoro/as_result.hpp>

#include <array>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;

collection<>& on(call& c) {
    return c.as<collection<>>();
}

operation_result gave_unacknowledged() {
    document value;
    value.append("acknowledged", false);
    return gave(value);
}

task<operation_result> insert_one(call& c) {
    const document one(c.args.required<document_view>("document"));
    const auto options = options_of<insert_one_options>(c);
    const auto inserted = co_await as_result(on(c).insert_one(one, options));
    if (!inserted) {
        co_return failed(inserted.error());
    }
    if (!inserted->acknowledged) {
        co_return gave_unacknowledged();
    }
    document value;
    value.append("insertedId", inserted->inserted_id.view());
    co_return gave(value);
}

/// A BulkWriteResult of insertions alone.
task<operation_result> insert_many(call& c) {
    std::vector<document> all;
    for (const auto& each : c.args.required<bson::array_view>("documents")) {
        all.emplace_back(each.value().get<document_view>());
    }
    const auto options = options_of<insert_many_options>(c);
    const auto inserted = co_await as_result(on(c).insert_many(all, options));
    if (!inserted) {
        co_return failed(inserted.error());
    }
    if (!inserted->acknowledged) {
        co_return gave_unacknowledged();
    }
    document ids;
    for (std::size_t i = 0; i < inserted->inserted_ids.size(); ++i) {
        ids.append(std::to_string(i), inserted->inserted_ids[i].view());
    }
    document value;
    value.append("insertedCount", inserted->inserted_count);
    value.append("insertedIds", ids);
    value.append("deletedCount", 0);
    value.append("matchedCount", 0);
    value.append("modifiedCount", 0);
    value.append("upsertedCount", 0);
    value.append("upsertedIds", document());
    co_return gave(value);
}

operation_result gave_update(const result<update_result>& updated) {
    if (!updated) {
        return failed(updated.error());
    }
    if (!updated->acknowledged) {
        return gave_unacknowledged();
    }
    document value;
    value.append("matchedCount", updated->matched_count);
    value.append("modifiedCount", updated->modified_count);
    value.append("upsertedCount", updated->upserted_id ? 1 : 0);
    if (updated->upserted_id) {
        value.append("upsertedId", updated->upserted_id->view());
    }
    return gave(value);
}

/// `run` with the update, which is a document or a pipeline.
template <typename Run>
auto with_update(const bson::value_view& update, Run run) {
    return update.type() == bson::type::array ? run(update.get<bson::array_view>())
                                              : run(update.get<document_view>());
}

task<operation_result> update_one(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const auto update = c.args.optional("update");
    const auto options = options_of<update_options>(c);
    auto work = with_update(update, [&](const auto& change) {
        return as_result(on(c).update_one(filter, change, options));
    });
    co_return gave_update(co_await std::move(work));
}

task<operation_result> update_many(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const auto update = c.args.optional("update");
    const auto options = options_of<update_options>(c);
    auto work = with_update(update, [&](const auto& change) {
        return as_result(on(c).update_many(filter, change, options));
    });
    co_return gave_update(co_await std::move(work));
}

task<operation_result> replace_one(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const document replacement(c.args.required<document_view>("replacement"));
    const auto options = options_of<replace_options>(c);
    co_return gave_update(co_await as_result(on(c).replace_one(filter, replacement, options)));
}

operation_result gave_delete(const result<delete_result>& deleted) {
    if (!deleted) {
        return failed(deleted.error());
    }
    if (!deleted->acknowledged) {
        return gave_unacknowledged();
    }
    document value;
    value.append("deletedCount", deleted->deleted_count);
    return gave(value);
}

task<operation_result> delete_one(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const auto options = options_of<delete_options>(c);
    co_return gave_delete(co_await as_result(on(c).delete_one(filter, options)));
}

task<operation_result> delete_many(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const auto options = options_of<delete_options>(c);
    co_return gave_delete(co_await as_result(on(c).delete_many(filter, options)));
}

task<operation_result> find_one_and_delete(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const auto options = options_of<find_one_and_delete_options>(c);
    return come_of(on(c).find_one_and_delete(filter, options));
}

task<operation_result> find_one_and_replace(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const document replacement(c.args.required<document_view>("replacement"));
    const auto options = options_of<find_one_and_replace_options>(c);
    return come_of(on(c).find_one_and_replace(filter, replacement, options));
}

task<operation_result> find_one_and_update(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const auto update = c.args.optional("update");
    const auto options = options_of<find_one_and_update_options>(c);
    return with_update(update, [&](const auto& change) {
        return come_of(on(c).find_one_and_update(filter, change, options));
    });
}

constexpr std::array of_collection = std::to_array<operation_entry>({
    {"collection", "insertOne", insert_one},
    {"collection", "insertMany", insert_many},
    {"collection", "updateOne", update_one},
    {"collection", "updateMany", update_many},
    {"collection", "replaceOne", replace_one},
    {"collection", "deleteOne", delete_one},
    {"collection", "deleteMany", delete_many},
    {"collection", "findOneAndDelete", find_one_and_delete},
    {"collection", "findOneAndReplace", find_one_and_replace},
    {"collection", "findOneAndUpdate", find_one_and_update},
});

}  // namespace

std::span<const operation_entry> write_operations() {
    return of_collection;
}

}  // namespace mongoro::spec::unified
