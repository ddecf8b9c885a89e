#pragma once

#include <mongoro/bson/array_view.hpp>
#include <mongoro/options/common.hpp>

namespace mongoro {

/// Options of `collection::insert_one` (CRUD specification). What is not set is not sent.
struct insert_one_options {
    std::optional<bool> bypass_document_validation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    /// For all of the operation; 0: no limit. Default: its handle's. See
    /// `collection::with_timeout`.
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::insert_many`.
struct insert_many_options {
    std::optional<bool> bypass_document_validation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    /// Whether the first document that the server refuses ends the operation.
    bool ordered = true;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::update_one` and `update_many`.
struct update_options {
    std::optional<bson::array_view> array_filters = std::nullopt;
    std::optional<bool> bypass_document_validation = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    /// Which of several matches `update_one` takes; `update_many` refuses it.
    std::optional<bson::document_view> sort = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    /// Whether to insert a document when none matches. Default: no.
    std::optional<bool> upsert = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::replace_one`.
struct replace_options {
    std::optional<bool> bypass_document_validation = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<bson::document_view> sort = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<bool> upsert = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::delete_one` and `delete_many`.
struct delete_options {
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

enum class return_document : std::uint8_t { before, after };

/// Options of `collection::find_one_and_delete`.
struct find_one_and_delete_options {
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bson::document_view> projection = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<bson::document_view> sort = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::find_one_and_replace`.
struct find_one_and_replace_options {
    std::optional<bool> bypass_document_validation = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bson::document_view> projection = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    /// The document as it was, or as it is afterwards.
    return_document returned = return_document::before;
    std::optional<bson::document_view> sort = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<bool> upsert = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::find_one_and_update`.
struct find_one_and_update_options {
    std::optional<bson::array_view> array_filters = std::nullopt;
    std::optional<bool> bypass_document_validation = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<hint_option> hint = std::nullopt;
    std::optional<bson::document_view> let = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bson::document_view> projection = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    return_document returned = return_document::before;
    std::optional<bson::document_view> sort = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<bool> upsert = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

}  // namespace mongoro
