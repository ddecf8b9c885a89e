// Set-up only, and so it takes libbson, whose calls are compared elsewhere.
#include "driver_bench/model.hpp"

#include <bson/bson.h>

#include <cstring>

#include "driver_bench/iterations.hpp"

namespace bench {
namespace {

document_model read_elements(bson_iter_t& iter);

std::string text_of(const char* text, std::uint32_t size) {
    return {text, size};
}

document_model read_children(const bson_iter_t& of) {
    bson_iter_t inner;
    if (!bson_iter_recurse(&of, &inner)) {
        throw failure("a nested document is broken");
    }
    return read_elements(inner);
}

void read_code(const bson_iter_t& iter, element_model& into) {
    std::uint32_t size = 0;
    std::uint32_t scope_size = 0;
    const std::uint8_t* scope = nullptr;
    const char* code = bson_iter_codewscope(&iter, &size, &scope_size, &scope);
    into.text = text_of(code, size);
    into.children = read_model(std::string(reinterpret_cast<const char*>(scope), scope_size));
}

void read_value(const bson_iter_t& iter, element_model& into) {
    std::uint32_t size = 0;
    switch (bson_iter_type(&iter)) {
        case BSON_TYPE_DOUBLE:
            into.real = bson_iter_double(&iter);
            return;
        case BSON_TYPE_UTF8:
            into.text = bson_iter_utf8(&iter, &size);
            return;
        case BSON_TYPE_DOCUMENT:
        case BSON_TYPE_ARRAY:
            into.children = read_children(iter);
            return;
        case BSON_TYPE_BINARY: {
            bson_subtype_t subtype{};
            const std::uint8_t* bytes = nullptr;
            bson_iter_binary(&iter, &subtype, &size, &bytes);
            into.text = text_of(reinterpret_cast<const char*>(bytes), size);
            return;
        }
        case BSON_TYPE_OID:
            std::memcpy(into.id.data(), bson_iter_oid(&iter)->bytes, into.id.size());
            return;
        case BSON_TYPE_BOOL:
            into.integer = bson_iter_bool(&iter) ? 1 : 0;
            return;
        case BSON_TYPE_DATE_TIME:
            into.integer = bson_iter_date_time(&iter);
            return;
        case BSON_TYPE_REGEX: {
            const char* options = nullptr;
            into.text = bson_iter_regex(&iter, &options);
            into.options = options;
            return;
        }
        case BSON_TYPE_CODE:
            into.text = bson_iter_code(&iter, &size);
            return;
        case BSON_TYPE_CODEWSCOPE:
            return read_code(iter, into);
        case BSON_TYPE_INT32:
            into.integer = bson_iter_int32(&iter);
            return;
        case BSON_TYPE_INT64:
            into.integer = bson_iter_int64(&iter);
            return;
        case BSON_TYPE_TIMESTAMP: {
            std::uint32_t seconds = 0;
            std::uint32_t increment = 0;
            bson_iter_timestamp(&iter, &seconds, &increment);
            into.integer = static_cast<std::int64_t>(std::uint64_t{seconds} << 32U | increment);
            return;
        }
        case BSON_TYPE_NULL:
        case BSON_TYPE_MINKEY:
        case BSON_TYPE_MAXKEY:
            return;
        default:
            throw failure("a type that no data set has");
    }
}

document_model read_elements(bson_iter_t& iter) {
    document_model made;
    while (bson_iter_next(&iter)) {
        element_model& into = made.emplace_back();
        into.type = static_cast<std::uint8_t>(bson_iter_type(&iter));
        into.key = bson_iter_key(&iter);
        read_value(iter, into);
    }
    return made;
}

}  // namespace

document_model read_model(const std::string& bson) {
    bson_t view;
    bson_iter_t iter;
    if (!bson_init_static(&view, reinterpret_cast<const std::uint8_t*>(bson.data()), bson.size()) ||
        !bson_iter_init(&iter, &view)) {
        throw failure("broken BSON");
    }
    return read_elements(iter);
}

std::string bson_of_json_file(const std::string& path) {
    const std::string json = read_file(path);
    bson_error_t error;
    bson_t* parsed = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()),
                                        static_cast<ssize_t>(json.size()), &error);
    if (parsed == nullptr) {
        throw failure(path + ": " + error.message);
    }
    std::string bytes(reinterpret_cast<const char*>(bson_get_data(parsed)), parsed->len);
    bson_destroy(parsed);
    return bytes;
}

}  // namespace bench
