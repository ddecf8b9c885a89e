#pragma once

#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/writer.hpp>
#include <mongoro/options/common.hpp>
#include <mongoro/options/find.hpp>
#include <mongoro/options/read_preference.hpp>

#include <concepts>
#include <type_traits>

namespace mongoro {

/// A document of an `index_model`: a view of one that has a name. Models stand in an array, which
/// is read later than in the expression that makes it: a temporary would be gone by then.
class index_document : public bson::document_view {
 public:
    constexpr index_document() noexcept = default;
    template <typename Document>
        requires(!std::same_as<std::remove_cvref_t<Document>, index_document> &&
                 std::convertible_to<const std::remove_cvref_t<Document>&, bson::document_view>)
    constexpr index_document(Document&& d) noexcept  // NOLINT: a document is one
        : bson::document_view(d) {
        static_assert(std::is_lvalue_reference_v<Document> ||
                          std::is_trivially_copyable_v<std::remove_cvref_t<Document>>,
                      "mongoro: an index_model only looks at its documents: a temporary is gone "
                      "before they are read; give it a name");
    }
};

/// One index to make: its keys and its options (index management specification, IndexOptions).
///
/// It owns nothing: its documents and strings must outlive the call that it is given to, which
/// copies them. A temporary document is refused by the compiler, a temporary string is not.
///
///     const document by_name{{"name", 1}};
///     const index_model models[] = {{.keys = by_name, .unique = true}};
///     co_await people.create_indexes(models);
struct index_model {
    /// Field to direction (1, -1) or kind ("2dsphere", "text", …), in order.
    index_document keys;
    /// Default: made of the keys, such as `name_1_age_-1`; of `{_id: 1}` the server's own,
    /// `_id_`, which cannot be another.
    std::string_view name = {};
    std::optional<bool> unique = std::nullopt;
    std::optional<bool> sparse = std::nullopt;
    std::optional<bool> hidden = std::nullopt;
    std::optional<bool> background = std::nullopt;
    std::optional<std::chrono::seconds> expire_after = std::nullopt;
    std::optional<index_document> partial_filter_expression = std::nullopt;
    std::optional<index_document> collation = std::nullopt;
    std::optional<index_document> wildcard_projection = std::nullopt;
    std::optional<index_document> storage_engine = std::nullopt;
    std::optional<index_document> weights = std::nullopt;
    std::string_view default_language = {};
    std::string_view language_override = {};
    std::optional<std::int32_t> version = std::nullopt;
    std::optional<std::int32_t> text_index_version = std::nullopt;
    std::optional<std::int32_t> sphere_2d_index_version = std::nullopt;
    std::optional<std::int32_t> bits = std::nullopt;
    std::optional<double> min = std::nullopt;
    std::optional<double> max = std::nullopt;
    /// Of a geoHaystack index, which servers before 5.0 have.
    std::optional<double> bucket_size = std::nullopt;
};

/// Options of one index made by `collection::create_index`: those of `index_model` but the keys. In
/// the call itself: a temporary document is still there when it is copied.
struct index_options {
    std::string_view name = {};
    std::optional<bool> unique = std::nullopt;
    std::optional<bool> sparse = std::nullopt;
    std::optional<bool> hidden = std::nullopt;
    std::optional<bool> background = std::nullopt;
    std::optional<std::chrono::seconds> expire_after = std::nullopt;
    std::optional<bson::document_view> partial_filter_expression = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<bson::document_view> wildcard_projection = std::nullopt;
    std::optional<bson::document_view> storage_engine = std::nullopt;
    std::optional<bson::document_view> weights = std::nullopt;
    std::string_view default_language = {};
    std::string_view language_override = {};
    std::optional<std::int32_t> version = std::nullopt;
    std::optional<std::int32_t> text_index_version = std::nullopt;
    std::optional<std::int32_t> sphere_2d_index_version = std::nullopt;
    std::optional<std::int32_t> bits = std::nullopt;
    std::optional<double> min = std::nullopt;
    std::optional<double> max = std::nullopt;
    std::optional<double> bucket_size = std::nullopt;
};

/// Options of the command `createIndexes`.
struct create_index_options {
    /// How many data-bearing members must have built it: a number, `majority`, `votingMembers` or a
    /// tag.
    std::optional<option_value> commit_quorum = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    /// For all of the operation; 0: no limit. Default: its handle's. See
    /// `collection::with_timeout`.
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::drop_index` and `drop_indexes`.
struct drop_index_options {
    std::optional<option_value> comment = std::nullopt;
    std::optional<std::chrono::milliseconds> max_time = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::list_indexes`.
struct list_indexes_options {
    std::optional<std::int32_t> batch_size = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::timeout_mode> timeout_mode = std::nullopt;
};

/// Options of `database::list_collections` (enumerate collections specification).
struct list_collections_options {
    std::optional<bson::document_view> filter = std::nullopt;
    std::optional<bool> name_only = std::nullopt;
    std::optional<bool> authorized_collections = std::nullopt;
    std::optional<std::int32_t> batch_size = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<bool> raw_data = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::timeout_mode> timeout_mode = std::nullopt;
};

/// Options of `client::list_databases` (enumerate databases specification).
struct list_databases_options {
    std::optional<bson::document_view> filter = std::nullopt;
    std::optional<bool> name_only = std::nullopt;
    std::optional<bool> authorized_databases = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
};

/// Options of `database::create_collection`.
struct create_collection_options {
    std::optional<bool> capped = std::nullopt;
    /// Bytes, of a capped collection.
    std::optional<std::int64_t> size = std::nullopt;
    /// Documents, of a capped collection.
    std::optional<std::int64_t> max = std::nullopt;
    std::optional<bson::document_view> storage_engine = std::nullopt;
    std::optional<bson::document_view> validator = std::nullopt;
    std::string_view validation_level = {};
    std::string_view validation_action = {};
    std::optional<bson::document_view> index_option_defaults = std::nullopt;
    /// The collection that a view reads.
    std::string_view view_on = {};
    /// The pipeline of a view.
    std::optional<bson::array_view> pipeline = std::nullopt;
    std::optional<bson::document_view> collation = std::nullopt;
    std::optional<bson::document_view> timeseries = std::nullopt;
    std::optional<std::chrono::seconds> expire_after = std::nullopt;
    std::optional<bson::document_view> clustered_index = std::nullopt;
    std::optional<bson::document_view> change_stream_pre_and_post_images = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `drop`, of a collection or a database.
struct drop_options {
    std::optional<option_value> comment = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `collection::rename`.
struct rename_options {
    /// Whether a collection of the new name is dropped first. Default: no, that is an error.
    std::optional<bool> drop_target = std::nullopt;
    std::optional<option_value> comment = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::write_concern> write_concern = std::nullopt;
};

/// Options of `run_command`. With a timeout the driver appends a `maxTimeMS`: a command that has
/// one too is refused by the server. Read and write concerns stand in the command itself.
struct run_command_options {
    /// Where it goes; a handle's read preference says nothing of it. Default: the primary.
    std::optional<mongoro::read_preference> read_preference = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
};

/// Options of `run_cursor_command`. The command is sent as it is: the comment, the wait and
/// `cursor::batch_size` are for its getMores only.
struct run_cursor_command_options {
    /// As in `run_command_options`.
    std::optional<mongoro::read_preference> read_preference = std::nullopt;
    /// Of the getMores, from MongoDB 4.4 on.
    std::optional<option_value> comment = std::nullopt;
    /// Of what kind the command makes the cursor: by this its timeout is kept.
    cursor_type type = cursor_type::non_tailable;
    /// How long a getMore waits on the server: sent as its `maxTimeMS`. With a timeout only of a
    /// `tailable_await` cursor.
    std::optional<std::chrono::milliseconds> max_await_time = std::nullopt;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
    std::optional<mongoro::timeout_mode> timeout_mode = std::nullopt;
};

}  // namespace mongoro

namespace mongoro::bson {
template <>
struct value_writer<index_document> : value_writer<document_view> {};
}  // namespace mongoro::bson
