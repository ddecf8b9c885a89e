#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

result<cursor_reply> read_cursor(bson::document_view reply) {
    const auto cursor = reply["cursor"].try_get<bson::document_view>();
    if (!cursor) {
        return error(errc::malformed_reply, "a reply has no cursor", cursor.error());
    }
    cursor_reply read;
    bool has_batch = false;
    for (const auto& element : *cursor) {
        const auto key = element.key();
        if (key == "id") {
            const auto id = element.value().try_get<std::int64_t>();
            if (!id) {
                return error(errc::malformed_reply, "a cursor's id is no number", id.error());
            }
            read.id = *id;
        } else if (key == "ns") {
            const auto ns = element.value().try_get<std::string_view>();
            if (!ns) {
                return error(errc::malformed_reply, "a cursor's ns is no string", ns.error());
            }
            read.ns = *ns;
        } else if (key == "firstBatch" || key == "nextBatch") {
            const auto batch = element.value().try_get<bson::array_view>();
            if (!batch) {
                return error(errc::malformed_reply, "a cursor's batch is no array", batch.error());
            }
            read.batch = *batch;
            has_batch = true;
        }
    }
    if (!has_batch) {
        return error(errc::malformed_reply, "a cursor has no batch");
    }
    return read;
}

command_handle get_more(target t, std::int64_t id, std::int32_t batch_size,
                        std::optional<std::chrono::milliseconds> max_await,
                        const bson::value_view& comment) {
    auto c = command::make();
    c->begin_get_more(t.database, id);
    set_read(*c, t);
    auto& body = c->body();
    body.append("collection", t.collection);
    if (batch_size != 0) {
        body.append("batchSize", batch_size);
    }
    append_if(body, "maxTimeMS", max_await);
    if (comment.exists()) {
        body.append("comment", comment);
    }
    return c;
}

command_handle kill_cursors(target t, std::int64_t id) {
    auto c = command::make();
    c->begin("killCursors", t.database, t.collection);
    set_read(*c, t);
    auto& body = c->body();
    body.begin_array("cursors");
    body.append("0", id);
    body.end();
    return c;
}

}  // namespace mongoro::operation
