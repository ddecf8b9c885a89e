#pragma once

#include "unified/failure.hpp"

#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/options/common.hpp>
#include <mongoro/options/find.hpp>
#include <mongoro/options/read_preference.hpp>
#include <mongoro/options/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec::unified {

/// The arguments of an operation: what was asked for is known, and the rest is an error.
///
/// Everything throws `test_failure` for what the format does not allow.
class arguments {
 public:
    explicit arguments(bson::document_view from) noexcept : from_(from) {}

    /// Throws if it is missing or of another type.
    template <typename T>
    [[nodiscard]] T required(std::string_view name) {
        const auto value = optional(name);
        if (!value) {
            throw test_failure("the argument " + std::string(name) + " is missing");
        }
        const auto got = value.template try_get<T>();
        if (!got) {
            throw test_failure("the argument " + std::string(name) + " is of another type");
        }
        return *got;
    }
    /// Missing if it is not given.
    [[nodiscard]] bson::value_view optional(std::string_view name) {
        known_.push_back(name);
        return from_[name];
    }

    /// Fills in every option that `Options` has and that is given.
    template <typename Options>
    void options(Options& o);

    /// To be called when all arguments were asked for and before the operation starts: whatever was
    /// not is no argument of it, or (`skip_test`) one that is not built yet.
    void finish() const;

 private:
    void take(std::string_view name, std::optional<bool>& to);
    void take(std::string_view name, bool& to);
    void take(std::string_view name, std::optional<std::int32_t>& to);
    void take(std::string_view name, std::optional<std::int64_t>& to);
    void take(std::string_view name, std::optional<std::chrono::milliseconds>& to);
    void take(std::string_view name, std::optional<std::chrono::seconds>& to);
    void take(std::string_view name, std::optional<bson::document_view>& to);
    void take(std::string_view name, std::optional<bson::array_view>& to);
    void take(std::string_view name, std::string_view& to);
    void take(std::string_view name, std::optional<option_value>& to);
    void take(std::string_view name, std::optional<hint_option>& to);
    void take(std::string_view name, std::optional<read_concern>& to);
    void take(std::string_view name, std::optional<write_concern>& to);
    void take(std::string_view name, std::optional<read_preference>& to);
    void take(std::string_view name, std::optional<timeout_mode>& to);
    void take(std::string_view name, cursor_type& to);
    void take(std::string_view name, return_document& to);

    bson::document_view from_;
    std::vector<std::string_view> known_;
};

[[nodiscard]] read_concern read_concern_of(bson::document_view from);
[[nodiscard]] write_concern write_concern_of(bson::document_view from);
[[nodiscard]] read_preference read_preference_of(bson::document_view from);

// One row an option, by the library's name and the specifications'. An options type that gets one
// more of them is read in full without a change here.
template <typename Options>
void arguments::options(Options& o) {
#define MONGORO_OPTION(member, name)        \
    if constexpr (requires { o.member; }) { \
        take(name, o.member);               \
    }
    MONGORO_OPTION(allow_disk_use, "allowDiskUse")
    MONGORO_OPTION(allow_partial_results, "allowPartialResults")
    MONGORO_OPTION(array_filters, "arrayFilters")
    MONGORO_OPTION(authorized_collections, "authorizedCollections")
    MONGORO_OPTION(authorized_databases, "authorizedDatabases")
    MONGORO_OPTION(batch_size, "batchSize")
    MONGORO_OPTION(bypass_document_validation, "bypassDocumentValidation")
    MONGORO_OPTION(capped, "capped")
    MONGORO_OPTION(change_stream_pre_and_post_images, "changeStreamPreAndPostImages")
    MONGORO_OPTION(clustered_index, "clusteredIndex")
    MONGORO_OPTION(collation, "collation")
    MONGORO_OPTION(comment, "comment")
    MONGORO_OPTION(commit_quorum, "commitQuorum")
    MONGORO_OPTION(drop_target, "dropTarget")
    MONGORO_OPTION(expire_after, "expireAfterSeconds")
    MONGORO_OPTION(filter, "filter")
    MONGORO_OPTION(hint, "hint")
    MONGORO_OPTION(index_option_defaults, "indexOptionDefaults")
    MONGORO_OPTION(let, "let")
    MONGORO_OPTION(limit, "limit")
    MONGORO_OPTION(max, "max")
    MONGORO_OPTION(max_await_time, "maxAwaitTimeMS")
    MONGORO_OPTION(max_time, "maxTimeMS")
    MONGORO_OPTION(min, "min")
    MONGORO_OPTION(name_only, "nameOnly")
    MONGORO_OPTION(no_cursor_timeout, "noCursorTimeout")
    MONGORO_OPTION(oplog_replay, "oplogReplay")
    MONGORO_OPTION(ordered, "ordered")
    MONGORO_OPTION(pipeline, "pipeline")
    MONGORO_OPTION(projection, "projection")
    MONGORO_OPTION(raw_data, "rawData")
    MONGORO_OPTION(read_concern, "readConcern")
    MONGORO_OPTION(read_preference, "readPreference")
    MONGORO_OPTION(return_key, "returnKey")
    MONGORO_OPTION(returned, "returnDocument")
    MONGORO_OPTION(show_record_id, "showRecordId")
    MONGORO_OPTION(size, "size")
    MONGORO_OPTION(skip, "skip")
    MONGORO_OPTION(sort, "sort")
    MONGORO_OPTION(storage_engine, "storageEngine")
    MONGORO_OPTION(timeout, "timeoutMS")
    MONGORO_OPTION(timeout_mode, "timeoutMode")
    MONGORO_OPTION(timeseries, "timeseries")
    MONGORO_OPTION(type, "cursorType")
    MONGORO_OPTION(upsert, "upsert")
    MONGORO_OPTION(validation_action, "validationAction")
    MONGORO_OPTION(validation_level, "validationLevel")
    MONGORO_OPTION(validator, "validator")
    MONGORO_OPTION(view_on, "viewOn")
    MONGORO_OPTION(write_concern, "writeConcern")
#undef MONGORO_OPTION
}

}  // namespace mongoro::spec::unified
