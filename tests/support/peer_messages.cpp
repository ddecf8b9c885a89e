#include "peer_messages.hpp"

#include "wire/crc32c.hpp"
#include "wire/little_endian.hpp"
#include "wire/message.hpp"

namespace mongoro::test {

namespace {

using bytes = std::vector<std::uint8_t>;

void append_u32(bytes& to, std::uint32_t value) {
    to.resize(to.size() + 4);
    wire::store_u32(to.data() + to.size() - 4, value);
}

bson::document owned(bson::document_view view) {
    return bson::document(view);
}

}  // namespace

// Written by hand and not by the driver's own encoder: the peer is what the driver is held against.
bytes encode_reply(const bytes& body, std::int32_t id, std::int32_t response_to,
                   const reply_options& options) {
    bytes out;
    append_u32(out, 0);
    append_u32(out, static_cast<std::uint32_t>(id));
    append_u32(out, static_cast<std::uint32_t>(response_to));
    append_u32(out, static_cast<std::uint32_t>(wire::opcode::msg));
    append_u32(out, options.flags | (options.checksum ? wire::msg_flags::checksum_present : 0));
    out.push_back(0);  // section kind
    out.insert(out.end(), body.begin(), body.end());
    wire::store_u32(out.data(),
                    static_cast<std::uint32_t>(out.size() + (options.checksum ? 4 : 0)));
    if (options.checksum) {
        append_u32(out, wire::crc32c(out) + (options.wrong_checksum ? 1U : 0U));
    }
    return out;
}

std::string normal_name(const std::string& name) {
    return name == "isMaster" || name == "ismaster" ? "hello" : name;
}

// Why the message cannot be read; empty if it can.
std::string read_command(std::span<const std::uint8_t> message, received_command& out) {
    out.request_id = wire::load_i32(message.data() + 4);
    if (wire::load_i32(message.data() + 12) != static_cast<std::int32_t>(wire::opcode::msg)) {
        return "a message that is no OP_MSG";
    }
    const auto decoded = wire::decode_message(message, 64'000'000);
    if (!decoded) {
        return "a message that cannot be read: " + decoded.error().to_string();
    }
    out.flags = decoded->flags;
    out.body = owned(decoded->body);
    for (const auto& sequence : decoded->sequences) {
        auto& documents = out.sequences[std::string(sequence.identifier)];
        for (const auto document : sequence.documents) {
            documents.push_back(owned(document));
        }
    }
    if (out.body.empty()) {
        return "an empty command";
    }
    out.name = (*out.body.begin()).key();
    return {};
}

std::string received_command::database() const {
    return std::string(body["$db"].get_or<std::string_view>({}));
}

}  // namespace mongoro::test
