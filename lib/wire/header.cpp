#include "wire/header.hpp"

#include "wire/little_endian.hpp"

#include <string>

namespace mongoro::wire {

namespace {

error malformed(std::string message) {
    return {make_error_code(errc::malformed_message), std::move(message)};
}

}  // namespace

[[gnu::hot]] void encode_header(std::uint8_t* to, const message_header& header) noexcept {
    store_i32(to, header.message_length);
    store_i32(to + 4, header.request_id);
    store_i32(to + 8, header.response_to);
    store_i32(to + 12, header.op_code);
}

[[gnu::hot]] result<message_header> decode_header(std::span<const std::uint8_t> bytes,
                                                  std::int32_t max_message_size,
                                                  compressed_frames compressed) {
    if (bytes.size() < header_size) {
        return malformed("a message header of " + std::to_string(bytes.size()) + " bytes");
    }
    const message_header header{load_i32(bytes.data()), load_i32(bytes.data() + 4),
                                load_i32(bytes.data() + 8), load_i32(bytes.data() + 12)};

    // The opcode first: a peer that speaks TLS or HTTP is better told apart by it than by what its
    // text happens to mean as a length.
    std::int32_t least = 0;
    switch (static_cast<opcode>(header.op_code)) {
        case opcode::msg:
            least = min_msg_size;
            break;
        case opcode::compressed:
            if (compressed == compressed_frames::accepted) {
                least = min_compressed_size;
                break;
            }
            return error(make_error_code(errc::not_supported),
                         "OP_COMPRESSED: no compressor was negotiated");
        default:
            return malformed("unknown opcode " + std::to_string(header.op_code) +
                             ": is this a MongoDB server?");
    }
    if (header.message_length < least) {
        return malformed("a message length of " + std::to_string(header.message_length));
    }
    if (header.message_length > max_message_size) {
        return error(make_error_code(errc::message_too_large),
                     std::to_string(header.message_length) + " bytes, the limit is " +
                         std::to_string(max_message_size));
    }
    return header;
}

[[gnu::hot]] result<void> check_response_to(const message_header& reply, std::int32_t request_id) {
    if (reply.response_to == request_id) {
        return {};
    }
    return error(make_error_code(errc::unexpected_reply),
                 "responseTo is " + std::to_string(reply.response_to) + ", the request was " +
                     std::to_string(request_id));
}

}  // namespace mongoro::wire
