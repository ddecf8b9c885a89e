#include "wire/legacy.hpp"

#include "wire/header.hpp"
#include "wire/little_endian.hpp"

namespace mongoro::wire {

void encode_query(bson::byte_buffer& to, std::int32_t request_id, std::string_view database,
                  bson::document_view command) {
    constexpr std::string_view suffix(".$cmd\0", 6);
    constexpr std::uint32_t secondary_ok = 1U << 2;  // any member may answer a hello

    const std::size_t size = header_size + 4 + database.size() + suffix.size() + 8 + command.size();
    to.reserve(to.size() + size);
    std::uint8_t* const start = to.extend(header_size + 4);
    encode_header(start, {static_cast<std::int32_t>(size), request_id, 0,
                          static_cast<std::int32_t>(opcode::query)});
    store_u32(start + header_size, secondary_ok);
    to.append(database.data(), database.size());
    to.append(suffix.data(), suffix.size());
    std::uint8_t* const numbers = to.extend(8);
    store_i32(numbers, 0);       // numberToSkip
    store_i32(numbers + 4, -1);  // numberToReturn: one document, no cursor
    to.append(command.data(), command.size());
}

}  // namespace mongoro::wire
