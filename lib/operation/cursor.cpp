#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

namespace {

/// What is wrong with a field of the reply that could not be read as a T.
template <typename T>
[[gnu::cold, gnu::noinline]] error malformed(const char* what, const bson::value_view& value) {
    return {errc::malformed_reply, what, value.try_get<T>().error()};
}

/// Not by a result: a find_one would move it twice.
[[gnu::hot]] error read(bson::document_view reply, cursor_reply& to) {
    const auto value = reply["cursor"];
    bson::document_view cursor;
    if (value.read(cursor) != errc{}) [[unlikely]] {
        return malformed<bson::document_view>("a reply has no cursor", value);
    }
    bool has_batch = false;
    for (const auto& element : cursor) {
        const auto key = element.key();
        const auto& field = element.value();
        if (key == "id") {
            if (field.read(to.id) != errc{}) [[unlikely]] {
                return malformed<std::int64_t>("a cursor's id is no number", field);
            }
        } else if (key == "ns") {
            if (field.read(to.ns) != errc{}) [[unlikely]] {
                return malformed<std::string_view>("a cursor's ns is no string", field);
            }
        } else if (key == "firstBatch" || key == "nextBatch") {
            if (field.read(to.batch) != errc{}) [[unlikely]] {
                return malformed<bson::array_view>("a cursor's batch is no array", field);
            }
            has_batch = true;
        }
    }
    return has_batch ? error() : error(errc::malformed_reply, "a cursor has no batch");
}

}  // namespace

result<cursor_reply> read_cursor(bson::document_view reply) {
    cursor_reply to;
    if (auto failed = read(reply, to)) {
        return failed;
    }
    return to;
}

[[gnu::hot]] result<std::optional<bson::document_view>> read_first(bson::document_view reply) {
    cursor_reply cursor;
    if (auto failed = read(reply, cursor)) [[unlikely]] {
        return failed;
    }
    const auto first = cursor.batch.begin();
    if (first == cursor.batch.end()) {
        return std::optional<bson::document_view>();
    }
    const auto& value = first->value();
    bson::document_view document;
    if (value.read(document) != errc{}) [[unlikely]] {
        return value.try_get<bson::document_view>().error();
    }
    return std::optional(document);
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

void set_batch_size(command& c, std::int32_t batch_size) {
    c.remove("cursor");
    auto& body = c.body();
    body.begin_document("cursor");
    if (batch_size != 0) {
        body.append("batchSize", batch_size);
    }
    body.end();
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
