#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

command_handle count_documents(target t, bson::document_view filter, const count_options& o) {
    auto c = command::make();
    c->begin("aggregate", t.database, t.collection);
    set_read(*c, t);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.begin_array("pipeline");
    char stage[] = "0";
    body.begin_document(stage);
    body.append("$match", filter);
    body.end();
    if (o.skip.value_or(0) != 0) {
        ++stage[0];
        body.begin_document(stage);
        body.append("$skip", *o.skip);
        body.end();
    }
    if (o.limit.value_or(0) != 0) {
        ++stage[0];
        body.begin_document(stage);
        body.append("$limit", *o.limit);
        body.end();
    }
    ++stage[0];
    body.begin_document(stage);
    body.begin_document("$group");
    body.append("_id", std::int32_t{1});
    body.begin_document("n");
    body.append("$sum", std::int32_t{1});
    body.end();
    body.end();
    body.end();
    body.end();
    body.begin_document("cursor");
    body.end();
    append_if(body, "collation", o.collation);
    append_if(body, "comment", o.comment);
    append_if(body, "hint", o.hint);
    append_max_time(*c, o.max_time);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.read_concern, t);
    return c;
}

result<std::int64_t> read_count_documents(bson::document_view reply) {
    auto first = read_first(reply);
    if (!first) {
        return first.error();
    }
    if (!*first) {
        return std::int64_t{0};  // no document reached the group stage
    }
    return (**first)["n"].try_get<std::int64_t>();
}

command_handle estimated_count(target t, const estimated_count_options& o) {
    auto c = command::make();
    c->begin("count", t.database, t.collection);
    set_read(*c, t);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    append_if(body, "comment", o.comment);
    append_max_time(*c, o.max_time);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.read_concern, t);
    return c;
}

result<std::int64_t> read_estimated_count(bson::document_view reply) {
    auto n = reply["n"].try_get<std::int64_t>();
    if (!n) {
        return error(errc::malformed_reply, "a reply to count has no n", n.error());
    }
    return n;
}

}  // namespace mongoro::operation
