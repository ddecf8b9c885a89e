#pragma once

#include <cstdint>
#include <string_view>

namespace mongoro::bson {

/// The type byte of a BSON element (https://bsonspec.org/spec.html).
enum class type : std::uint8_t {
    double_ = 0x01,
    string = 0x02,
    document = 0x03,
    array = 0x04,
    binary = 0x05,
    undefined = 0x06,  ///< deprecated
    object_id = 0x07,
    boolean = 0x08,
    date = 0x09,
    null = 0x0A,
    regex = 0x0B,
    db_pointer = 0x0C,  ///< deprecated
    code = 0x0D,
    symbol = 0x0E,           ///< deprecated
    code_with_scope = 0x0F,  ///< deprecated
    int32 = 0x10,
    timestamp = 0x11,
    int64 = 0x12,
    decimal128 = 0x13,
    max_key = 0x7F,
    min_key = 0xFF,
};

/// The name that error messages use: the enumerator's own ("double" for `double_`), or "unknown".
[[nodiscard]] std::string_view type_name(type t) noexcept;

/// Whether the byte is one of the types above.
[[nodiscard]] bool is_known_type(std::uint8_t byte) noexcept;

}  // namespace mongoro::bson
