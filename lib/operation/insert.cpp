#include "operation/append.hpp"
#include "operation/operations.hpp"

#include <mongoro/bson/object_id.hpp>

#include <cstring>

namespace mongoro::operation {

namespace {

template <typename Options>
command_handle begin_insert(target t, const Options& o, bool ordered) {
    auto c = command::make();
    c->begin("insert", t.database, t.collection);
    c->begin_documents("documents");
    c->set_ordered(ordered);
    set_limit(*c, o.timeout, t);
    auto& body = c->body();
    body.append("ordered", ordered);
    append_if(body, "bypassDocumentValidation", o.bypass_document_validation);
    append_if(body, "comment", o.comment);
    c->set_raw_data(o.raw_data);
    append_concern(*c, o.write_concern, t);
    return c;
}

/// An `_id` element: type, key and a new ObjectId.
class id_element {
 public:
    static constexpr std::size_t size = 1 + sizeof("_id") + bson::object_id::size_bytes;

    static void write(std::uint8_t* at) noexcept {
        *at = static_cast<std::uint8_t>(bson::type::object_id);
        std::memcpy(at + 1, "_id", sizeof("_id"));
        const auto id = bson::object_id::generate();
        std::memcpy(at + 1 + sizeof("_id"), id.bytes().data(), bson::object_id::size_bytes);
    }
};

void store_length(std::uint8_t* at, std::size_t length) noexcept {
    const auto value = static_cast<std::int32_t>(length);
    std::memcpy(at, &value, sizeof value);
}

}  // namespace

[[gnu::hot]] command_handle insert(target t, const insert_one_options& options) {
    return begin_insert(t, options, true);
}

command_handle insert(target t, const insert_many_options& options) {
    return begin_insert(t, options, options.ordered);
}

void append_document(command& to, bson::document_view document) {
    auto& bytes = to.documents();
    if (document["_id"].exists()) {
        bytes.append(document.data(), document.size());
    } else {
        std::uint8_t* at = bytes.extend(4 + id_element::size);
        store_length(at, document.size() + id_element::size);
        id_element::write(at + 4);
        bytes.append(document.data() + 4, document.size() - 4);
    }
    to.end_document();
}

void end_document(command& to, std::size_t start) {
    auto& bytes = to.documents();
    const auto size = bytes.size() - start;
    if (!bson::document_view(bytes.data() + start, size)["_id"].exists()) {
        bytes.extend(id_element::size);
        std::uint8_t* at = bytes.data() + start;
        std::memmove(at + 4 + id_element::size, at + 4, size - 4);
        store_length(at, size + id_element::size);
        id_element::write(at + 4);
    }
    to.end_document();
}

}  // namespace mongoro::operation
