// Operations of collections that read, and those of indexes.

#include "unified/operations.hpp"

#include <mongoro/as_result.hpp>

#include <array>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;

collection<>& on(call& c) {
    return c.as<collection<>>();
}

cursor<> found(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    find_options options;
    c.args.options(options);
    c.args.finish();
    return on(c).find(filter, options);
}

task<operation_result> find(call& c) {
    return all_of(found(c));
}

task<operation_result> create_find_cursor(call& c) {
    return opened(found(c));
}

task<operation_result> find_one(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    find_one_options options;
    c.args.options(options);
    c.args.finish();
    const auto one = co_await as_result(on(c).find_one(filter, options));
    co_return one ? gave(*one) : failed(one.error());
}

task<operation_result> aggregate(call& c) {
    const auto pipeline = c.args.required<bson::array_view>("pipeline");
    aggregate_options options;
    c.args.options(options);
    c.args.finish();
    return all_of(on(c).aggregate(pipeline, options));
}

task<operation_result> count_documents(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    count_options options;
    c.args.options(options);
    c.args.finish();
    const auto count = co_await as_result(on(c).count_documents(filter, options));
    co_return count ? gave(*count) : failed(count.error());
}

task<operation_result> estimated_document_count(call& c) {
    estimated_count_options options;
    c.args.options(options);
    c.args.finish();
    const auto count = co_await as_result(on(c).estimated_document_count(options));
    co_return count ? gave(*count) : failed(count.error());
}

task<operation_result> distinct(call& c) {
    const auto key = c.args.required<std::string_view>("fieldName");
    const auto filter = c.args.required<document_view>("filter");
    distinct_options options;
    c.args.options(options);
    c.args.finish();
    const auto values = co_await as_result(on(c).distinct(key, filter, options));
    if (!values) {
        co_return failed(values.error());
    }
    bson::array all;
    for (const auto& value : *values) {
        all.append(value.view());
    }
    co_return gave(all);
}

task<operation_result> create_index(call& c) {
    const auto keys = c.args.required<document_view>("keys");
    index_options index;
    if (const auto name = c.args.optional("name")) {
        index.name = name.get<std::string_view>();
    }
    if (const auto unique = c.args.optional("unique")) {
        index.unique = unique.get<bool>();
    }
    create_index_options options;
    c.args.options(options);
    c.args.finish();
    const auto name = co_await as_result(on(c).create_index(keys, index, options));
    co_return name ? gave(*name) : failed(name.error());
}

task<operation_result> drop_index(call& c) {
    const auto name = c.args.required<std::string_view>("name");
    drop_index_options options;
    c.args.options(options);
    c.args.finish();
    const auto dropped = co_await as_result(on(c).drop_index(name, options));
    co_return dropped ? gave_nothing() : failed(dropped.error());
}

task<operation_result> drop_indexes(call& c) {
    drop_index_options options;
    c.args.options(options);
    c.args.finish();
    const auto dropped = co_await as_result(on(c).drop_indexes(options));
    co_return dropped ? gave_nothing() : failed(dropped.error());
}

task<operation_result> list_indexes(call& c) {
    list_indexes_options options;
    c.args.options(options);
    c.args.finish();
    return all_of(on(c).list_indexes(options));
}

task<operation_result> list_index_names(call& c) {
    list_indexes_options options;
    c.args.options(options);
    c.args.finish();
    const auto all = co_await as_result(on(c).list_indexes(options).to_vector());
    if (!all) {
        co_return failed(all.error());
    }
    std::vector<std::string> names;
    for (const auto& each : *all) {
        names.push_back(each["name"].get<std::string>());
    }
    co_return gave(names);
}

task<operation_result> rename(call& c) {
    const auto to = c.args.required<std::string_view>("to");
    rename_options options;
    c.args.options(options);
    c.args.finish();
    const auto renamed = co_await as_result(on(c).rename(to, options));
    co_return renamed ? gave_nothing() : failed(renamed.error());
}

constexpr std::array of_collection = std::to_array<operation_entry>({
    {"collection", "find", find},
    {"collection", "createFindCursor", create_find_cursor},
    {"collection", "findOne", find_one},
    {"collection", "aggregate", aggregate},
    {"collection", "countDocuments", count_documents},
    {"collection", "estimatedDocumentCount", estimated_document_count},
    {"collection", "distinct", distinct},
    {"collection", "createIndex", create_index},
    {"collection", "dropIndex", drop_index},
    {"collection", "dropIndexes", drop_indexes},
    {"collection", "listIndexes", list_indexes},
    {"collection", "listIndexNames", list_index_names},
    {"collection", "rename", rename},
});

}  // namespace

std::span<const operation_entry> collection_operations() {
    return of_collection;
}

}  // namespace mongoro::spec::unified
