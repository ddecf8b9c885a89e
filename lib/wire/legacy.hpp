#pragma once

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/document_view.hpp>

#include <cstdint>
#include <string_view>

namespace mongoro::wire {

/// Appends a command as OP_QUERY on `<database>.$cmd`: the form that a server older than OP_MSG
/// takes for its first hello. The answer is an OP_REPLY, which `decode_message` reads.
///
/// `database` must have no NUL. Copies the command; throws `std::bad_alloc` and nothing else.
void encode_query(bson::byte_buffer& to, std::int32_t request_id, std::string_view database,
                  bson::document_view command);

}  // namespace mongoro::wire
