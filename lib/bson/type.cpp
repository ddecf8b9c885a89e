#include <mongoro/bson/type.hpp>

namespace mongoro::bson {

std::string_view type_name(type t) noexcept {
    switch (t) {
        case type::double_:
            return "double";
        case type::string:
            return "string";
        case type::document:
            return "document";
        case type::array:
            return "array";
        case type::binary:
            return "binary";
        case type::undefined:
            return "undefined";
        case type::object_id:
            return "object_id";
        case type::boolean:
            return "boolean";
        case type::date:
            return "date";
        case type::null:
            return "null";
        case type::regex:
            return "regex";
        case type::db_pointer:
            return "db_pointer";
        case type::code:
            return "code";
        case type::symbol:
            return "symbol";
        case type::code_with_scope:
            return "code_with_scope";
        case type::int32:
            return "int32";
        case type::timestamp:
            return "timestamp";
        case type::int64:
            return "int64";
        case type::decimal128:
            return "decimal128";
        case type::max_key:
            return "max_key";
        case type::min_key:
            return "min_key";
    }
    return "unknown";
}

bool is_known_type(std::uint8_t byte) noexcept {
    return (byte >= 0x01 && byte <= 0x13) || byte == 0x7F || byte == 0xFF;
}

}  // namespace mongoro::bson
