#include "operation/append.hpp"
#include "operation/operations.hpp"

#include <string>

namespace mongoro::operation {

command_handle list_collections(target t, const list_collections_options& o) {
    auto c = command::make();
    c->begin("listCollections", t.database);
    c->set_kind(command::kind::read);
    begin_limit(*c, {.timeout = o.timeout, .mode = o.timeout_mode}, t);
    auto& body = c->body();
    append_if(body, "filter", o.filter);
    append_if(body, "nameOnly", o.name_only);
    append_if(body, "authorizedCollections", o.authorized_collections);
    body.begin_document("cursor");
    append_if(body, "batchSize", o.batch_size);
    body.end();
    append_if(body, "comment", o.comment);
    c->set_raw_data(o.raw_data);
    return c;
}

command_handle create_collection(target t, const create_collection_options& o) {
    auto c = command::make();
    c->begin("create", t.database, t.collection);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    append_if(body, "capped", o.capped);
    append_if(body, "size", o.size);
    append_if(body, "max", o.max);
    append_if(body, "storageEngine", o.storage_engine);
    append_if(body, "validator", o.validator);
    append_if(body, "validationLevel", o.validation_level);
    append_if(body, "validationAction", o.validation_action);
    append_if(body, "indexOptionDefaults", o.index_option_defaults);
    append_if(body, "viewOn", o.view_on);
    append_if(body, "pipeline", o.pipeline);
    append_if(body, "collation", o.collation);
    append_if(body, "timeseries", o.timeseries);
    append_if(body, "expireAfterSeconds", o.expire_after);
    append_if(body, "clusteredIndex", o.clustered_index);
    append_if(body, "changeStreamPreAndPostImages", o.change_stream_pre_and_post_images);
    append_if(body, "comment", o.comment);
    append_concern(*c, o.write_concern, t);
    return c;
}

command_handle drop_collection(target t, const drop_options& o) {
    auto c = command::make();
    c->begin("drop", t.database, t.collection);
    set_limit(*c, o.timeout, t);
    append_if(c->body(), "comment", o.comment);
    append_concern(*c, o.write_concern, t);
    return c;
}

command_handle drop_database(target t, const drop_options& o) {
    auto c = command::make();
    c->begin("dropDatabase", t.database);
    set_limit(*c, o.timeout, t);
    append_if(c->body(), "comment", o.comment);
    append_concern(*c, o.write_concern, t);
    return c;
}

command_handle rename_collection(target t, std::string_view new_name, const rename_options& o) {
    auto c = command::make();
    std::string from;
    from.append(t.database).append(".").append(t.collection);
    c->begin("renameCollection", "admin", from);
    set_limit(*c, o.timeout, t);
    if (auto bad = wire::check_database_name(t.database)) {
        c->fail(std::move(bad));
    }
    if (auto bad = wire::check_collection_name(t.collection)) {
        c->fail(std::move(bad));
    }
    if (auto bad = wire::check_collection_name(new_name)) {
        c->fail(std::move(bad));
    }
    std::string to;
    to.append(t.database).append(".").append(new_name);
    auto& body = c->body();
    body.append("to", std::string_view(to));
    append_if(body, "dropTarget", o.drop_target);
    append_if(body, "comment", o.comment);
    append_concern(*c, o.write_concern, t);
    return c;
}

command_handle list_databases(target t, const list_databases_options& o) {
    auto c = command::make();
    c->begin("listDatabases", "admin");
    c->set_kind(command::kind::read);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    append_if(body, "filter", o.filter);
    append_if(body, "nameOnly", o.name_only);
    append_if(body, "authorizedDatabases", o.authorized_databases);
    append_if(body, "comment", o.comment);
    return c;
}

result<bson::array_view> read_databases(bson::document_view reply) {
    auto databases = reply["databases"].try_get<bson::array_view>();
    if (!databases) {
        return error(errc::malformed_reply, "a reply to listDatabases has no databases",
                     databases.error());
    }
    return databases;
}

}  // namespace mongoro::operation
