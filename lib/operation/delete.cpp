#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

command_handle remove(target t, bson::document_view filter, multi how_many,
                      const delete_options& o) {
    auto c = command::make();
    c->begin("delete", t.database, t.collection);
    c->begin_documents("deletes");
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.append("ordered", true);
    append_if(body, "let", o.let);
    append_if(body, "comment", o.comment);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.write_concern, t);

    bson::writer to(c->documents());
    to.begin_document();
    to.append("q", filter);
    to.append("limit", std::int32_t{how_many == multi::one ? 1 : 0});
    append_if(to, "collation", o.collation);
    append_if(to, "hint", o.hint);
    to.end();
    if (auto bad = to.error()) {
        c->fail(std::move(bad));
    }
    c->end_document();
    refuse_unheard_hint(*c, o.hint);
    return c;
}

}  // namespace mongoro::operation
