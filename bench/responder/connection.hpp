#pragma once

#include <sys/socket.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "responder/canned.hpp"
#include "responder/logins.hpp"
#include "responder/tls.hpp"

namespace bench {

/// Replies that wait until a client asks for them, so that a known number of operations is under
/// way at once: those of finds on "hold", until a find on "release"; and that of a find on "held"
/// with batch size K, until K are held.
struct withheld {
    std::int64_t count = 0;
    /// How many finds on "held" wait.
    std::int64_t asked = 0;
    bool released = false;
};

/// What all connections share: the answers, the one receive buffer, and the one buffer in which
/// small replies are gathered.
struct shared_state {
    explicit shared_state(canned_options options) : answers(options), receive(256U << 10U, '\0') {}

    canned answers;
    std::string receive;
    std::string gathered;
    withheld held;
    /// Where requests are recorded, or null.
    std::FILE* capture = nullptr;
    /// Who may log in; null: everybody is let in, and nobody logs in.
    logins* users = nullptr;
    bool mongos = false;
};

/// One client's connection, non-blocking. A connection with unsent bytes is not read from, so that
/// a client that does not receive cannot fill the memory.
class connection {
 public:
    /// `tls` may be null.
    explicit connection(int fd, std::unique_ptr<secure_socket> tls = nullptr)
        : fd_(fd), tls_(std::move(tls)) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    int fd() const { return fd_; }
    bool wants_to_send() const { return !unsent_.empty(); }

    /// Both: false once the connection is over.
    bool on_readable(shared_state& shared);
    bool on_writable(shared_state& shared);

    /// Sends what is held of this connection, where `shared.held` says that it may go. False once
    /// the connection is over.
    bool send_held(shared_state& shared);
    /// What was held is not held any more: the connection is over.
    void forget_held(shared_state& shared) const;

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

    ssize_t receive(void* into, std::size_t size) {
        return tls_ ? tls_->receive(into, size) : ::recv(fd_, into, size, 0);
    }
    ssize_t send(const void* from, std::size_t size) {
        return tls_ ? tls_->send(from, size) : ::send(fd_, from, size, MSG_NOSIGNAL);
    }
    ssize_t send(const iovec* parts, std::size_t count);
    bool read_once(shared_state& shared);
    bool read_pending(shared_state& shared);
    /// Answers the whole messages in `bytes`; how many bytes those were, or -1 for a broken one.
    std::ptrdiff_t answer_all(std::string_view bytes, shared_state& shared);
    /// True where the reply has to wait: it is noted then.
    bool hold_back(const request& asked, shared_state& shared);
    bool read_rest(shared_state& shared);
    bool answer_partial(shared_state& shared);
    void queue(std::string_view small);
    bool flush();

    int fd_;
    std::unique_ptr<secure_socket> tls_;
    logins::state_ptr login_;
    /// The first `filled_` bytes are a message that has not come whole; the rest is room for it.
    std::string partial_;
    std::size_t filled_ = 0;
    std::vector<piece> unsent_;

    /// One reply that waits; `at_least` as in `withheld`, 0 for a find on "hold".
    struct held_reply {
        std::int32_t id = 0;
        canned::reply reply;
        std::int64_t at_least = 0;
    };
    std::vector<held_reply> held_;
};

}  // namespace bench
