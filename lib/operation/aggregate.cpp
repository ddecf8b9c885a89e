#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

namespace {

/// Whether a pipeline writes: its last stage is `$out` or `$merge`.
bool writes(bson::array_view pipeline) {
    bool result = false;
    for (const auto& stage : pipeline) {
        result = false;
        if (const auto document = stage.value().try_get<bson::document_view>()) {
            for (const auto& element : *document) {
                result = element.key() == "$out" || element.key() == "$merge";
                break;
            }
        }
    }
    return result;
}

}  // namespace

command_handle aggregate(target t, bson::array_view pipeline, const aggregate_options& o) {
    auto c = command::make();
    if (t.collection.empty()) {
        c->begin("aggregate", t.database);
    } else {
        c->begin("aggregate", t.database, t.collection);
    }
    const bool is_write = writes(pipeline);
    set_read(*c, t);
    if (is_write) {
        c->set_kind(command::kind::write_anywhere);
    }
    if (o.timeout || o.timeout_mode || t.settings != nullptr) [[unlikely]] {
        begin_limit(*c, {cursor_type::non_tailable, o.max_await_time, o.timeout, o.timeout_mode},
                    t);
        if (is_write && o.timeout_mode == timeout_mode::iteration) {
            c->fail({errc::invalid_argument,
                     "an aggregate that writes has no timeout_mode::iteration"});
        }
    }
    auto& body = c->body();
    body.append("pipeline", pipeline);
    body.begin_document("cursor");
    // A pipeline that writes returns nothing, and would not run at once with a batchSize of 0.
    if (o.batch_size && !is_write) {
        body.append("batchSize", *o.batch_size);
    }
    body.end();
    append_if(body, "allowDiskUse", o.allow_disk_use);
    if (is_write) {
        append_if(body, "bypassDocumentValidation", o.bypass_document_validation);
        append_concern(*c, o.write_concern, t);
        c->set_acknowledged();  // it has a reply whatever its write concern is
    }
    append_if(body, "collation", o.collation);
    append_if(body, "comment", o.comment);
    append_if(body, "hint", o.hint);
    append_if(body, "let", o.let);
    append_max_time(*c, o.max_time);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.read_concern, t);
    return c;
}

}  // namespace mongoro::operation
