#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

namespace {

std::string_view first_key(bson::document_view document) {
    for (const auto& element : document) {
        return element.key();
    }
    return {};
}

template <typename Options>
command_handle begin_update(target t, const Options& o) {
    auto c = command::make();
    c->begin("update", t.database, t.collection);
    c->begin_documents("updates");
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.append("ordered", true);
    append_if(body, "bypassDocumentValidation", o.bypass_document_validation);
    append_if(body, "let", o.let);
    append_if(body, "comment", o.comment);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.write_concern, t);
    return c;
}

/// One statement: `{q, u, …}`.
template <typename Update, typename Options>
void append_statement(command& c, bson::document_view filter, Update update, multi how_many,
                      const Options& o) {
    bson::writer to(c.documents());
    to.begin_document();
    to.append("q", filter);
    to.append("u", update);
    if (how_many == multi::many) {
        to.append("multi", true);
    }
    append_if(to, "upsert", o.upsert);
    if constexpr (requires { o.array_filters; }) {
        append_if(to, "arrayFilters", o.array_filters);
    }
    append_if(to, "collation", o.collation);
    append_if(to, "hint", o.hint);
    append_if(to, "sort", o.sort);
    to.end();
    if (auto bad = to.error()) {
        c.fail(std::move(bad));
    }
    c.end_document();
    if (how_many == multi::many && o.sort) {
        c.fail({errc::invalid_argument, "update_many has no sort"});
    }
}

}  // namespace

command_handle update(target t, bson::document_view filter, bson::document_view update,
                      multi how_many, const update_options& options) {
    auto c = begin_update(t, options);
    if (!first_key(update).starts_with('$')) {
        c->fail({errc::invalid_argument, "an update must begin with an operator such as $set"});
    }
    append_statement(*c, filter, update, how_many, options);
    return c;
}

command_handle update(target t, bson::document_view filter, bson::array_view pipeline,
                      multi how_many, const update_options& options) {
    auto c = begin_update(t, options);
    if (pipeline.empty()) {
        c->fail({errc::invalid_argument, "an update pipeline is empty"});
    }
    append_statement(*c, filter, pipeline, how_many, options);
    return c;
}

command_handle replace(target t, bson::document_view filter, bson::document_view replacement,
                       const replace_options& options) {
    auto c = begin_update(t, options);
    if (first_key(replacement).starts_with('$')) {
        c->fail({errc::invalid_argument, "a replacement must not begin with an operator"});
    }
    append_statement(*c, filter, replacement, multi::one, options);
    return c;
}

}  // namespace mongoro::operation
