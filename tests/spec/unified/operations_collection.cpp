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
    const auto options = options_of<find_options>(c);
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
    const auto options = options_of<find_one_options>(c);
    return come_of(on(c).find_one(filter, options));
}

task<operation_result> aggregate(call& c) {
    const auto pipeline = c.args.required<bson::array_view>("pipeline");
    const auto options = options_of<aggregate_options>(c);
    return all_of(on(c).aggregate(pipeline, options));
}

task<operation_result> count_documents(call& c) {
    const auto filter = c.args.required<document_view>("filter");
    const auto options = options_of<count_options>(c);
    return come_of(on(c).count_documents(filter, options));
}

task<operation_result> estimated_document_count(call& c) {
    const auto options = options_of<estimated_count_options>(c);
    return come_of(on(c).estimated_document_count(options));
}

task<operation_result> distinct(call& c) {
    const auto key = c.args.required<std::string_view>("fieldName");
    const auto filter = c.args.required<document_view>("filter");
    const auto options = options_of<distinct_options>(c);
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
    const auto options = options_of<create_index_options>(c);
    return come_of(on(c).create_index(keys, index, options));
}

task<operation_result> drop_index(call& c) {
    const auto name = c.args.required<std::string_view>("name");
    const auto options = options_of<drop_index_options>(c);
    return come_of(on(c).drop_index(name, options));
}

task<operation_result> drop_indexes(call& c) {
    const auto options = options_of<drop_index_options>(c);
    return come_of(on(c).drop_indexes(options));
}

task<operation_result> list_indexes(call& c) {
    const auto options = options_of<list_indexes_options>(c);
    return all_of(on(c).list_indexes(options));
}

task<operation_result> list_index_names(call& c) {
    const auto options = options_of<list_indexes_options>(c);
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
    const auto options = options_of<rename_options>(c);
    return come_of(on(c).rename(to, options));
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
