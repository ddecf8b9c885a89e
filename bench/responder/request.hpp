#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bench {

/// What the responder needs to know of one request. The views point into the message.
struct request {
    std::int32_t id = 0;
    /// The OP_QUERY of a first hello: answered with OP_REPLY.
    bool legacy = false;
    /// False for an unacknowledged write.
    bool wants_reply = true;
    /// The command's document, without what stands beside it in the message.
    std::string_view body;
    std::string_view command;
    std::string_view database;
    std::string_view collection;
    std::int64_t cursor_id = 0;
    std::int64_t limit = 0;
    /// -1: none was asked for.
    std::int64_t batch_size = -1;
    /// The documents of an insert, the statements of an update or a delete.
    std::int32_t documents = 0;
};

/// Reads one whole message; nothing where its lengths do not hold.
std::optional<request> parse_request(std::string_view message);

}  // namespace bench
