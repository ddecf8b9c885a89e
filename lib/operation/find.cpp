#include "operation/append.hpp"
#include "operation/operations.hpp"

#include <limits>

namespace mongoro::operation {

namespace {

/// The options that `find` and `find_one` share, in the order of the server's documentation.
template <typename Options>
void append_common(command& c, const Options& o, const target& t) {
    auto& body = c.body();
    append_if(body, "sort", o.sort);
    append_if(body, "projection", o.projection);
    append_if(body, "hint", o.hint);
    append_if(body, "comment", o.comment);
    append_max_time(c, o.max_time);
    append_if(body, "max", o.max);
    append_if(body, "min", o.min);
    append_if(body, "returnKey", o.return_key);
    append_if(body, "showRecordId", o.show_record_id);
    append_if(body, "allowPartialResults", o.allow_partial_results);
    append_if(body, "collation", o.collation);
    append_if(body, "let", o.let);
    c.set_raw_data(o.raw_data);
    append_concern(c, o.read_concern, t);
}

std::int64_t magnitude(std::int64_t n) noexcept {
    if (n >= 0) {
        return n;
    }
    return n == std::numeric_limits<std::int64_t>::min() ? std::numeric_limits<std::int64_t>::max()
                                                         : -n;
}

}  // namespace

command_handle find(target t, bson::document_view filter, const find_options& o) {
    auto c = command::make();
    c->begin("find", t.database, t.collection);
    set_read(*c, t);
    if (o.timeout || o.timeout_mode || t.settings != nullptr) [[unlikely]] {
        begin_limit(*c, cursor_times{o.type, o.max_await_time, o.timeout, o.timeout_mode}, t);
    }
    auto& body = c->body();
    body.append("filter", filter);
    append_common(*c, o, t);
    append_if(body, "allowDiskUse", o.allow_disk_use);
    append_if(body, "noCursorTimeout", o.no_cursor_timeout);
    append_if(body, "oplogReplay", o.oplog_replay);
    if (o.type != cursor_type::non_tailable) {
        body.append("tailable", true);
        if (o.type == cursor_type::tailable_await) {
            body.append("awaitData", true);
        }
    }
    if (o.max_await_time && o.type != cursor_type::tailable_await) {
        c->fail({errc::invalid_argument, "max_await_time is for a tailable_await cursor"});
    }
    return c;
}

[[gnu::hot]] command_handle find_one(target t, bson::document_view filter,
                                     const find_one_options& o) {
    auto c = command::make();
    c->begin("find", t.database, t.collection);
    set_read(*c, t);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.append("filter", filter);
    append_common(*c, o, t);
    append_if(body, "allowDiskUse", o.allow_disk_use);
    append_if(body, "oplogReplay", o.oplog_replay);
    append_if(body, "skip", o.skip);
    body.append("limit", std::int64_t{1});
    body.append("singleBatch", true);
    return c;
}

void append_limits(command& c, std::int64_t skip, std::int64_t limit, std::int64_t batch_size) {
    auto& body = c.body();
    if (skip != 0) {
        body.append("skip", skip);
    }
    // "Mapping OP_QUERY behavior to the find command limit and batchSize fields" of the
    // specification.
    const bool single_batch = limit < 0 || batch_size < 0;
    limit = magnitude(limit);
    batch_size = magnitude(batch_size);
    if (single_batch && limit != 0) {
        batch_size = limit;
    } else if (!single_batch && limit != 0 && batch_size == limit) {
        // One more than the limit lets the server close the cursor with the first batch (CRUD,
        // find).
        ++batch_size;
    }
    if (limit != 0) {
        body.append("limit", limit);
    }
    if (batch_size != 0) {
        body.append("batchSize", batch_size);
    }
    if (single_batch) {
        body.append("singleBatch", true);
    }
}

}  // namespace mongoro::operation
