#include "operation/append.hpp"
#include "operation/operations.hpp"

namespace mongoro::operation {

namespace {

bool begins_with_operator(bson::document_view document) {
    for (const auto& element : document) {
        return element.key().starts_with('$');
    }
    return false;
}

/// `what` appends the update, or the order to remove, right behind the query.
template <typename Options, typename What>
command_handle find_and_modify(target t, bson::document_view filter, const Options& o,
                               What&& what) {
    auto c = command::make();
    c->begin("findAndModify", t.database, t.collection);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.append("query", filter);
    what(body);
    if constexpr (requires { o.returned; }) {
        if (o.returned == return_document::after) {
            body.append("new", true);
        }
        append_if(body, "upsert", o.upsert);
        append_if(body, "bypassDocumentValidation", o.bypass_document_validation);
    }
    if constexpr (requires { o.array_filters; }) {
        append_if(body, "arrayFilters", o.array_filters);
    }
    append_if(body, "sort", o.sort);
    append_if(body, "fields", o.projection);
    append_if(body, "collation", o.collation);
    append_if(body, "hint", o.hint);
    append_if(body, "let", o.let);
    append_if(body, "comment", o.comment);
    append_max_time(*c, o.max_time);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.write_concern, t);
    refuse_unheard_hint(*c, o.hint);
    return c;
}

}  // namespace

command_handle find_one_and_delete(target t, bson::document_view filter,
                                   const find_one_and_delete_options& options) {
    return find_and_modify(t, filter, options,
                           [](bson::writer& body) { body.append("remove", true); });
}

command_handle find_one_and_replace(target t, bson::document_view filter,
                                    bson::document_view replacement,
                                    const find_one_and_replace_options& options) {
    auto c = find_and_modify(t, filter, options,
                             [&](bson::writer& body) { body.append("update", replacement); });
    if (begins_with_operator(replacement)) {
        c->fail({errc::invalid_argument, "a replacement must not begin with an operator"});
    }
    return c;
}

command_handle find_one_and_update(target t, bson::document_view filter, bson::document_view update,
                                   const find_one_and_update_options& options) {
    auto c = find_and_modify(t, filter, options,
                             [&](bson::writer& body) { body.append("update", update); });
    if (!begins_with_operator(update)) {
        c->fail({errc::invalid_argument, "an update must begin with an operator such as $set"});
    }
    return c;
}

command_handle find_one_and_update(target t, bson::document_view filter, bson::array_view pipeline,
                                   const find_one_and_update_options& options) {
    auto c = find_and_modify(t, filter, options,
                             [&](bson::writer& body) { body.append("update", pipeline); });
    if (pipeline.empty()) {
        c->fail({errc::invalid_argument, "an update pipeline is empty"});
    }
    return c;
}

result<std::optional<bson::document_view>> read_value(bson::document_view reply) {
    const auto value = reply["value"];
    if (!value.exists() || value.type() == bson::type::null) {
        return std::optional<bson::document_view>();
    }
    auto document = value.try_get<bson::document_view>();
    if (!document) {
        return error(errc::malformed_reply, "a reply's value is no document", document.error());
    }
    return std::optional(*document);
}

}  // namespace mongoro::operation
