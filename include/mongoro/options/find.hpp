#pragma once

#include <mongoro/bson/array_view.hpp>
#include <mongoro/options/common.hpp>

namespace mongoro {

enum class cursor_type : std::uint8_t {
    non_tailable,   ///< ends with the last result
    tailable,       ///< stays open at the end of a capped collection
    tailable_await  ///< as `tailable`, and the server waits a while for new data
};

/// Options of `collection::find` (CRUD specification, FindOptions). What is not set is not sent.
struct find_options {
    std::optional<bool> allow_disk_use = std::nullopt;
    std::optional<bool> allow_partial_results = std::nullopt;
    /// Documents a batch, 0 to let the server choose. A negative number asks for one batch only.
    std::optional<std::int32_t> batch_size = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    cursor_type type = cursor_type::non_tailable;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    /// At most so many documents in all; 0: all. A negative number: its absolute value, in one
    /// batch.
    std::optional<std::int64_t> limit = std::nullopt;
    std::optional<bson::document_view> max = std::nullopt;
    /// How long a getMore of a `tailable_await` cursor waits on the server; less than its timeout.
    std::optional<std::chrono::milliseconds> max_await_time = std::nullopt;
    /// How long the server may work on the find itself. Deprecated, and not sent where there is a
    /// timeout.
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bson::document_view> min = std::nullopt;
    std::optional<bool> no_cursor_timeout = std::nullopt;
    std::optional<bool> oplog_replay = std::nullopt;
    std::optional<bson::document_view> projection = std::nullopt;
    /// Sent to servers from 8.2 on; older ones do not know it. So wherever it is an option.
    std::optional<bool> raw_data = std::nullopt;
    std::optional<bool> return_key = std::nullopt;
    std::optional<bool> show_record_id = std::nullopt;
    std::optional<std::int64_t> skip = std::nullopt;
    std::optional<bson::document_view> sort = std::nullopt;
    /// For all of the operation; 0: no limit. Default: its handle's. See
    /// `collection::with_timeout`.
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::timeout_mode> timeout_mode = std::nullopt;
    std::optional<mongoro::read_concern> read_concern = std::nullopt;
};

/// Options of `collection::find_one`: those of `find` that make sense for one document.
struct find_one_options {
    std::optional<bool> allow_disk_use = std::nullopt;
    std::optional<bool> allow_partial_results = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<bson::document_view> max = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bson::document_view> min = std::nullopt;
    std::optional<bool> oplog_replay = std::nullopt;
    std::optional<bson::document_view> projection = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<bool> return_key = std::nullopt;
    std::optional<bool> show_record_id = std::nullopt;
    std::optional<std::int64_t> skip = std::nullopt;
    std::optional<bson::document_view> sort = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::read_concern> read_concern = std::nullopt;
};

/// Options of `aggregate` (CRUD specification, AggregateOptions).
struct aggregate_options {
    std::optional<bool> allow_disk_use = std::nullopt;
    std::optional<std::int32_t> batch_size = std::nullopt;
    /// Sent only with a pipeline that ends in `$out` or `$merge`.
    std::optional<bool> bypass_document_validation = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<std::chrono::milliseconds> max_await_time = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::timeout_mode> timeout_mode = std::nullopt;
    std::optional<mongoro::read_concern> read_concern = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::count_documents`.
struct count_options {
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<std::int64_t> limit = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<std::int64_t> skip = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::read_concern> read_concern = std::nullopt;
};

/// Options of `collection::estimated_document_count`.
struct estimated_count_options {
    std::optional<option_value> comment = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::read_concern> read_concern = std::nullopt;
};

/// Options of `collection::distinct`.
struct distinct_options {
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::read_concern> read_concern = std::nullopt;
};

}  // namespace mongoro
