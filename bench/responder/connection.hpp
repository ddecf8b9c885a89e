#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "responder/canned.hpp"

namespace bench {

/// What all connections share: the answers, the one receive buffer, and the one buffer in which
/// small replies are gathered.
struct shared_state {
    explicit shared_state(canned_options options) : answers(options), receive(256U << 10U, '\0') {}

    canned answers;
    std::string receive;
    std::string gathered;
    /// Where requests are recorded, or null.
    std::FILE* capture = nullptr;
};

/// One client's connection, non-blocking. A connection with unsent bytes is not read from, so that
/// a client that does not receive cannot fill the memory.
class connection {
 public:
    explicit connection(int fd) : fd_(fd) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    int fd() const { return fd_; }
    bool wants_to_send() const { return !unsent_.empty(); }

    /// Both: false once the connection is over.
    bool on_readable(shared_state& shared);
    bool on_writable(shared_state& shared);

 private:
    /// Bytes that wait for the socket: its own, or a kept reply's from `offset` on.
    struct piece {
        std::string own;
        canned::reply body;
        std::size_t offset = 0;

        std::string_view left() const {
            return std::string_view(body ? *body : own).substr(offset);
        }
    };

    /// Answers the whole messages in `bytes`; how many bytes those were, or -1 for a broken one.
    std::ptrdiff_t answer_all(std::string_view bytes, shared_state& shared);
    bool read_rest(shared_state& shared);
    bool answer_partial(shared_state& shared);
    void queue(std::string_view small);
    bool flush();

    int fd_;
    /// The first `filled_` bytes are a message that has not come whole; the rest is room for it.
    std::string partial_;
    std::size_t filled_ = 0;
    std::vector<piece> unsent_;
};

}  // namespace bench
