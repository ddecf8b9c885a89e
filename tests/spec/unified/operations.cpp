#include "unified/operations.hpp"

#include <mongoro/as_result.hpp>

#include <algorithm>
#include <array>

namespace mongoro::spec::unified {

namespace {

/// What the specifications have and this driver has not, by the kind of entity. A row moves into
/// the table of its file when it is built.
constexpr std::array unbuilt = std::to_array<operation_entry>({
    {"client", "clientBulkWrite", nullptr},
    {"client", "createChangeStream", nullptr},
    {"client", "listDatabaseObjects", nullptr},
    {"database", "createChangeStream", nullptr},
    {"database", "listCollectionObjects", nullptr},
    {"database", "modifyCollection", nullptr},
    {"collection", "bulkWrite", nullptr},
    {"collection", "count", nullptr},
    {"collection", "createChangeStream", nullptr},
    {"collection", "createSearchIndex", nullptr},
    {"collection", "createSearchIndexes", nullptr},
    {"collection", "dropSearchIndex", nullptr},
    {"collection", "listSearchIndexes", nullptr},
    {"collection", "mapReduce", nullptr},
    {"collection", "updateSearchIndex", nullptr},
    {"session", "abortTransaction", nullptr},
    {"session", "commitTransaction", nullptr},
    {"session", "endSession", nullptr},
    {"session", "getSnapshotTime", nullptr},
    {"session", "startTransaction", nullptr},
    {"session", "withTransaction", nullptr},
    {"bucket", "delete", nullptr},
    {"bucket", "deleteByName", nullptr},
    {"bucket", "download", nullptr},
    {"bucket", "downloadByName", nullptr},
    {"bucket", "drop", nullptr},
    {"bucket", "find", nullptr},
    {"bucket", "rename", nullptr},
    {"bucket", "renameByName", nullptr},
    {"bucket", "upload", nullptr},
    {"bucket", "uploadWithId", nullptr},
    {"clientEncryption", "addKeyAltName", nullptr},
    {"clientEncryption", "createDataKey", nullptr},
    {"clientEncryption", "decrypt", nullptr},
    {"clientEncryption", "deleteKey", nullptr},
    {"clientEncryption", "encrypt", nullptr},
    {"clientEncryption", "getKey", nullptr},
    {"clientEncryption", "getKeyByAltName", nullptr},
    {"clientEncryption", "getKeys", nullptr},
    {"clientEncryption", "removeKeyAltName", nullptr},
    {"clientEncryption", "rewrapManyDataKey", nullptr},
    {"testRunner", "assertSessionDirty", nullptr},
    {"testRunner", "assertSessionNotDirty", nullptr},
    {"testRunner", "assertSessionPinned", nullptr},
    {"testRunner", "assertSessionTransactionState", nullptr},
    {"testRunner", "assertSessionUnpinned", nullptr},
    {"testRunner", "loop", nullptr},
    {"testRunner", "targetedFailPoint", nullptr},
});

}  // namespace

std::span<const operation_entry> unbuilt_operations() {
    return unbuilt;
}

const operation_entry* find_operation(std::string_view kind, std::string_view name) {
    for (const auto table :
         {client_operations(), database_operations(), collection_operations(), write_operations(),
          cursor_operations(), test_runner_operations(), unbuilt_operations()}) {
        for (const auto& entry : table) {
            if (entry.kind == kind && entry.name == name) {
                return &entry;
            }
        }
    }
    return nullptr;
}

operation_result gave(const std::optional<document>& found) {
    return found ? gave(*found) : gave(bson::null());
}

operation_result gave(const std::vector<document>& from_cursor) {
    bson::array all;
    for (const auto& each : from_cursor) {
        all.append(each);
    }
    auto r = gave(all);
    r.from_cursor = true;
    return r;
}

operation_result gave(const std::vector<std::string>& names) {
    bson::array all;
    for (const auto& each : names) {
        all.append(each);
    }
    return gave(all);
}

operation_result gave_nothing() {
    return {};
}

operation_result failed(const error& e) {
    operation_result r;
    r.failure = e;
    return r;
}

task<operation_result> all_of(cursor<> from) {
    const auto all = co_await as_result(from.to_vector());
    if (!all) {
        // The events are compared with its killCursors, which would else go on in the background.
        static_cast<void>(co_await as_result(from.close()));
        co_return failed(all.error());
    }
    co_return gave(*all);
}

task<operation_result> opened(cursor<> from) {
    auto first = co_await as_result(from.next());
    if (!first) {
        co_return failed(first.error());
    }
    auto made = std::make_shared<cursor_entity>(cursor_entity{std::move(from)});
    if (*first || made->handle.exhausted()) {
        made->fetched = *std::move(first);
    }
    operation_result r;
    r.made = entity(std::move(made));
    co_return r;
}

}  // namespace mongoro::spec::unified
