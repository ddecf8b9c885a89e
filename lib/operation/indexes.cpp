#include "operation/append.hpp"
#include "operation/operations.hpp"

#include <charconv>
#include <string>

namespace mongoro::operation {

namespace {

template <typename Number>
void append_number(std::string& to, Number value) {
    char text[32];
    to.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

void append_index(bson::writer& to, std::string_view key, const index_model& m,
                  const std::string& name) {
    to.begin_document(key);
    to.append("key", m.keys);
    to.append("name", std::string_view(name));
    append_if(to, "unique", m.unique);
    append_if(to, "sparse", m.sparse);
    append_if(to, "hidden", m.hidden);
    append_if(to, "background", m.background);
    append_if(to, "expireAfterSeconds", m.expire_after);
    append_if(to, "partialFilterExpression", m.partial_filter_expression);
    append_if(to, "collation", m.collation);
    append_if(to, "wildcardProjection", m.wildcard_projection);
    append_if(to, "storageEngine", m.storage_engine);
    append_if(to, "weights", m.weights);
    append_if(to, "default_language", m.default_language);
    append_if(to, "language_override", m.language_override);
    append_if(to, "v", m.version);
    append_if(to, "textIndexVersion", m.text_index_version);
    append_if(to, "2dsphereIndexVersion", m.sphere_2d_index_version);
    append_if(to, "bits", m.bits);
    append_if(to, "min", m.min);
    append_if(to, "max", m.max);
    append_if(to, "bucketSize", m.bucket_size);
    to.end();
}

/// Whether its keys are `{_id: 1}`, of whatever type of number: the index that the server makes
/// itself.
bool is_id_index(bson::document_view keys) {
    auto at = keys.begin();
    if (at == keys.end() || at->key() != "_id") {
        return false;
    }
    const auto direction = at->value().try_get<std::int64_t>();
    return direction && *direction == 1 && ++at == keys.end();
}

}  // namespace

result<std::string> index_name(const index_model& model) {
    if (!model.name.empty()) {
        return std::string(model.name);
    }
    if (is_id_index(model.keys)) {
        return std::string("_id_");  // the server knows it by no other name
    }
    std::string name;
    for (const auto& element : model.keys) {
        if (!name.empty()) {
            name += '_';
        }
        name += element.key();
        name += '_';
        const auto value = element.value();
        if (const auto text = value.try_get<std::string_view>()) {
            name += *text;
        } else if (const auto whole = value.try_get<std::int64_t>()) {
            append_number(name, *whole);  // of a double as well: 1.0 is 1
        } else if (const auto number = value.try_get<double>()) {
            append_number(name, *number);
        } else {
            return error(errc::invalid_argument,
                         "an index key is neither a number nor a string: give the index a name");
        }
    }
    if (name.empty()) {
        return error(errc::invalid_argument, "an index has no keys");
    }
    return name;
}

command_handle create_indexes(target t, std::span<const index_model> models,
                              const create_index_options& o) {
    auto c = command::make();
    c->begin("createIndexes", t.database, t.collection);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    if (models.empty()) {
        c->fail({errc::invalid_argument, "no index to create"});
    }
    body.begin_array("indexes");
    std::int32_t position = 0;
    for (const auto& model : models) {
        const auto name = index_name(model);
        if (!name) {
            c->fail(name.error());
            continue;
        }
        append_index(body, std::to_string(position++), model, *name);
    }
    body.end();
    if (o.commit_quorum) {
        append_if(body, "commitQuorum", o.commit_quorum);
        c->fail_before(wire_version_4_4,
                       {errc::not_supported, "a commit quorum needs MongoDB 4.4"});
    }
    append_if(body, "comment", o.comment);
    append_max_time(*c, o.max_time);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.write_concern, t);
    return c;
}

command_handle drop_indexes(target t, std::string_view name, const drop_index_options& o) {
    auto c = command::make();
    c->begin("dropIndexes", t.database, t.collection);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.append("index", name);
    append_if(body, "comment", o.comment);
    append_max_time(*c, o.max_time);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.write_concern, t);
    if (name.empty()) {
        c->fail({errc::invalid_argument, "an index name is empty"});
    }
    return c;
}

command_handle list_indexes(target t, const list_indexes_options& o) {
    auto c = command::make();
    c->begin("listIndexes", t.database, t.collection);
    c->set_kind(command::kind::read);
    begin_limit(*c, {.timeout = o.timeout, .mode = o.timeout_mode}, t);
    auto& body = c->body();
    body.begin_document("cursor");
    append_if(body, "batchSize", o.batch_size);
    body.end();
    append_if(body, "comment", o.comment);
    c->set_raw_data(o.raw_data);
    return c;
}

}  // namespace mongoro::operation
