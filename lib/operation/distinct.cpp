#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

command_handle distinct(target t, std::string_view key, bson::document_view filter,
                        const distinct_options& o) {
    auto c = command::make();
    c->begin("distinct", t.database, t.collection);
    set_read(*c, t);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.append("key", key);
    body.append("query", filter);
    append_if(body, "collation", o.collation);
    append_if(body, "comment", o.comment);
    append_if(body, "hint", o.hint);
    append_max_time(*c, o.max_time);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.read_concern, t);
    return c;
}

result<bson::array_view> read_distinct(bson::document_view reply) {
    auto values = reply["values"].try_get<bson::array_view>();
    if (!values) {
        return error(errc::malformed_reply, "a reply to distinct has no values", values.error());
    }
    return values;
}

}  // namespace mongoro::operation
