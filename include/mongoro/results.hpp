#pragma once

#include <mongoro/bson/value.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace mongoro {

/// What `insert_one` did.
struct insert_one_result {
    /// The document's `_id`: its own, or the ObjectId that the driver made for it.
    bson::value inserted_id;
    /// False for a write concern of `w: 0`: nobody knows then whether it was applied.
    bool acknowledged = true;
};

/// What `insert_many` did. Of one that fails the error says which documents were refused.
struct insert_many_result {
    std::int64_t inserted_count = 0;
    /// In the order of the documents.
    std::vector<bson::value> inserted_ids;
    bool acknowledged = true;
};

/// What an update or a replacement did.
struct update_result {
    std::int64_t matched_count = 0;
    std::int64_t modified_count = 0;
    /// The `_id` of the document that an upsert inserted.
    std::optional<bson::value> upserted_id;
    bool acknowledged = true;
};

/// What a deletion did.
struct delete_result {
    std::int64_t deleted_count = 0;
    bool acknowledged = true;
};

}  // namespace mongoro
