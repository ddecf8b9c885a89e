#pragma once

#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace mongoro::wire {

/// The operation codes that this driver knows; a server that speaks another is refused.
enum class opcode : std::int32_t {
    compressed = 2012,  ///< OP_COMPRESSED: another message inside; see compression.hpp
    msg = 2013,         ///< OP_MSG: everything else
};

inline constexpr std::size_t header_size = 16;

/// The smallest OP_MSG: header, flags, one section kind, the empty document.
inline constexpr std::int32_t min_msg_size = 16 + 4 + 1 + 5;
/// The smallest OP_COMPRESSED: header, opcode and size of what is inside, compressor, one byte.
inline constexpr std::int32_t min_compressed_size = 16 + 4 + 4 + 1 + 1;

/// `maxMessageSizeBytes` until a hello says otherwise.
inline constexpr std::int32_t default_max_message_size = 48'000'000;

/// The first 16 bytes of every message, in the order of the wire.
struct message_header {
    std::int32_t message_length = 0;  ///< of the whole message, this header included
    std::int32_t request_id = 0;      ///< chosen by the sender
    std::int32_t response_to = 0;     ///< the `request_id` that this answers; 0 in a request
    std::int32_t op_code = 0;

    friend bool operator==(const message_header&, const message_header&) = default;
};

/// Whether an OP_COMPRESSED may come: only on a connection that has offered a compressor.
enum class compressed_frames : bool { refused, accepted };

/// Writes 16 bytes at `to`.
void encode_header(std::uint8_t* to, const message_header& header) noexcept;

/// Reads a header that is about to be believed: call it as soon as 16 bytes are there, before
/// anything is allocated for the rest.
///
/// `bytes` is what has arrived: more than 16 bytes is fine, the rest is not looked at.
/// `max_message_size` is the server's `maxMessageSizeBytes`.
///
/// Errors: `malformed_message` (fewer than 16 bytes, a length that is negative or below the least
/// size of its opcode, an opcode of none of the above), `message_too_large` (over the limit),
/// `not_supported` (an OP_COMPRESSED where none is accepted). After any of them the stream cannot
/// be resynchronised: close the connection. Allocates only for an error's text.
[[nodiscard]] result<message_header> decode_header(
    std::span<const std::uint8_t> bytes, std::int32_t max_message_size = default_max_message_size,
    compressed_frames compressed = compressed_frames::refused);

/// Whether a reply answers `request_id`; `unexpected_reply` if not.
[[nodiscard]] result<void> check_response_to(const message_header& reply, std::int32_t request_id);

}  // namespace mongoro::wire
