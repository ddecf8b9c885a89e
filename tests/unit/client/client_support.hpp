#pragma once

#include "backends.hpp"
#include "byte_peer.hpp"
#include "op_msg_peer.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/client.hpp>
#include <mongoro/connection.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

using namespace std::chrono_literals;

using message_bytes = std::vector<std::uint8_t>;

/// An OP_MSG. The hello of a connection is request 1, the first command after it is request 2.
[[nodiscard]] message_bytes op_msg(document_view body, std::int32_t response_to = 2,
                                   std::uint32_t flags = 0);
/// The answer to a connection's hello.
[[nodiscard]] message_bytes hello_reply();
/// What a client's monitor needs of its connection, which is the first one: that one hello, and to
/// be left alone until the next.
[[nodiscard]] byte_script monitored();
void store_u32(message_bytes& to, std::size_t offset, std::uint32_t value);

/// {cursor: {id, ns: "db.c", firstBatch or nextBatch: documents}, ok: 1}
[[nodiscard]] document first_batch(const std::vector<document>& documents, std::int64_t id = 0);
[[nodiscard]] document next_batch(const std::vector<document>& documents, std::int64_t id = 0);
/// `count` documents {_id: first}, {_id: first + 1}, …
[[nodiscard]] std::vector<document> numbered(int count, int first = 0);
/// A document whose bytes are exactly that many, with an `_id`.
[[nodiscard]] document document_of_size(std::size_t bytes);

/// Canonical Extended JSON, so that a failed comparison can be read.
[[nodiscard]] std::string json(document_view d);

/// A scripted server and a client of it.
struct scene {
    explicit scene(reactor& r, const client_options& options = {});

    reactor& r;
    op_msg_peer peer;
    mongoro::client client;
    collection<> c = client["db"]["c"];

    /// The peer answers the next command of that name with this.
    void answer(std::string name, document_view reply);
    /// The only command of that name that the peer has got, its document sequences in their places.
    [[nodiscard]] document sent(std::string_view name) const;
    /// Whether an operation works, on how many connections it ever took.
    void check_works(std::size_t connections_created);
};

/// The same fields with `$db`, whose place says nothing, at the end.
[[nodiscard]] document with_database_last(document_view command);

}  // namespace mongoro::test
