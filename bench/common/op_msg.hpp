#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::int32_t op_reply = 1;
inline constexpr std::int32_t op_query = 2004;
inline constexpr std::int32_t op_msg = 2013;

inline constexpr std::size_t header_size = 16;
/// Where the header's fields stand.
inline constexpr std::size_t request_id_at = 4;
inline constexpr std::size_t response_to_at = 8;

inline constexpr std::uint32_t flag_checksum = 1U << 0U;
inline constexpr std::uint32_t flag_more_to_come = 1U << 1U;

template <class T>
T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class T>
void store(char* to, T value) {
    std::memcpy(to, &value, sizeof value);
}

template <class T>
void append(std::string& to, T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    to.append(raw, sizeof value);
}

inline std::string with_header(std::int32_t opcode, std::string_view payload) {
    std::string message;
    message.reserve(header_size + payload.size());
    append(message, static_cast<std::int32_t>(header_size + payload.size()));
    append<std::int32_t>(message, 1);
    append<std::int32_t>(message, 0);
    append(message, opcode);
    message.append(payload);
    return message;
}

/// An OP_MSG of one kind 0 section, and, where `identifier` is not empty, one kind 1 section of the
/// documents in `sequence` (their bytes one after the other).
inline std::string make_op_msg(std::string_view body, std::string_view identifier = {},
                               std::string_view sequence = {}) {
    std::string payload(4, '\0');
    payload.push_back('\0');
    payload.append(body);
    if (!identifier.empty()) {
        payload.push_back('\1');
        append(payload, static_cast<std::int32_t>(4 + identifier.size() + 1 + sequence.size()));
        payload.append(identifier).push_back('\0');
        payload.append(sequence);
    }
    return with_header(op_msg, payload);
}

/// The legacy answer to a legacy hello: one document.
inline std::string make_op_reply(std::string_view document) {
    std::string payload;
    append<std::int32_t>(payload, 8);  // AwaitCapable, as every server sets it
    append<std::int64_t>(payload, 0);
    append<std::int32_t>(payload, 0);
    append<std::int32_t>(payload, 1);
    payload.append(document);
    return with_header(op_reply, payload);
}

}  // namespace bench
