#pragma once

#include "io/buffer_pool.hpp"
#include "io/interrupt.hpp"
#include "io/reactor_core.hpp"
#include "io/stream.hpp"
#include "pool/connection_record.hpp"
#include "tls/channel.hpp"
#include "wire/command.hpp"
#include "wire/compression.hpp"
#include "wire/header.hpp"
#include "wire/message.hpp"
#include "wire/server_limits.hpp"

#include <mongoro/detail/reply.hpp>
#include <mongoro/error.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>
#include <mongoro/uri.hpp>

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace mongoro::auth {
class secret;
}

namespace mongoro::pool {

class connection;

/// What a connection tells whoever owns it.
class connection_owner {
 public:
    /// A reply that nobody waited for any more has been read, or has been given up: see `state()`.
    /// The owner may destroy the connection. `late` is the reply, and null where there is none.
    virtual void drained(connection& c, const detail::reply* late) noexcept = 0;

 protected:
    ~connection_owner() = default;
};

/// One connection: messages out, messages in, one at a time. On its reactor's thread.
///
/// Reading is a small state machine that the stream's completions drive, and not a coroutine: so a
/// reply whose caller has gone is still read to its end, and the connection is good again.
class connection : io::completion {
 public:
    enum class state {
        idle,      ///< ready for a command
        busy,      ///< a command is under way, somebody waits
        draining,  ///< a reply is under way, nobody waits
        closed     ///< of no use any more
    };

    connection(io::reactor_core& core, io::stream_ptr stream, host_address host);
    /// The same over TLS, after its handshake.
    connection(io::reactor_core& core, std::unique_ptr<tls::channel> channel, host_address host);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection();

    class exchange;
    /// Sends `documents [first, last)` of the command and waits for the reply, or only for the
    /// sending if it is unacknowledged. The command is the caller's again afterwards, unless the
    /// wait was interrupted: the connection then keeps it until it is sent.
    [[nodiscard]] exchange run(detail::command_handle& c, std::size_t first,
                               std::size_t last) noexcept;
    /// Waits for the next reply to a command with `exhaust_allowed`, which the server sends by
    /// itself. Precondition: `more_to_come()`.
    [[nodiscard]] exchange next() noexcept;
    /// The last reply announced another one: the connection takes no command until that came.
    [[nodiscard]] bool more_to_come() const noexcept { return more_to_come_; }

    [[nodiscard]] state status() const noexcept { return state_; }
    [[nodiscard]] io::reactor_core& core() const noexcept { return core_; }
    [[nodiscard]] const host_address& host() const noexcept { return host_; }
    [[nodiscard]] const wire::server_limits& limits() const noexcept { return limits_; }
    void set_limits(const wire::server_limits& limits) noexcept { limits_ = limits; }

    /// Gives the one before.
    connection_owner* set_owner(connection_owner* owner) noexcept {
        return std::exchange(owner_, owner);
    }
    /// How long a reply that nobody waits for may take until the connection is closed instead.
    void set_drain_timeout(std::chrono::milliseconds timeout) noexcept { drain_timeout_ = timeout; }
    /// How long the reply to a command without a limit of its own may take, from the sending on,
    /// until the connection is closed; 0: no limit.
    void set_socket_timeout(std::chrono::milliseconds timeout) noexcept {
        socket_timeout_ = timeout;
    }
    /// Whether the messages that are sent have a checksum. One in a reply is always verified.
    void set_checksum(wire::command::checksum sum) noexcept { checksum_ = sum; }
    /// Which compressors a reply may come in; with none an OP_COMPRESSED closes the connection.
    void set_accepted_compressors(wire::compressor_set accepted) noexcept {
        accepted_compressors_ = accepted;
    }
    /// What messages are compressed with from now on, those that must not be excepted; `zlib_level`
    /// is from -1 to 9.
    void set_compressor(std::optional<compressor> method, std::int32_t zlib_level) noexcept {
        compressor_ = method;
        zlib_level_ = zlib_level;
    }
    /// Check every reply whole, not only its frame.
    void set_validate_replies(bool validate) noexcept { validate_replies_ = validate; }
    /// What its pool, and who uses it, know of it.
    [[nodiscard]] connection_record& record() noexcept { return record_; }
    [[nodiscard]] const connection_record& record() const noexcept { return record_; }
    /// Its number in its pool, from 1; 0 outside of one.
    [[nodiscard]] std::int64_t id() const noexcept { return record_.id; }
    /// The pool's generation that it was opened in; of its service, behind a load balancer.
    [[nodiscard]] std::uint64_t generation() const noexcept { return record_.generation; }
    [[nodiscard]] const std::optional<bson::object_id>& service_id() const noexcept {
        return record_.service_id;
    }
    /// What the server calls it in its log.
    [[nodiscard]] const std::optional<std::int64_t>& server_connection_id() const noexcept {
        return record_.server_connection_id;
    }
    /// Of the next message, more than 0. Without it each connection counts for itself.
    void set_next_request_id(std::int32_t id) noexcept { request_id_ = id - 1; }
    /// The token that it has logged in with by MONGODB-OIDC; null otherwise.
    [[nodiscard]] std::shared_ptr<const auth::secret>& oidc_token() noexcept { return oidc_token_; }
    /// No more use of it; what is in flight is cancelled.
    void close() noexcept;
    /// `close()`, and whoever waits gets `why`.
    void abort(error why) noexcept { broken(std::move(why)); }
    /// The first error that closed it; none if it is open, or nothing failed.
    [[nodiscard]] const error& failure() const noexcept { return failure_; }

 private:
    friend class exchange;

    [[nodiscard]] std::size_t expected() const noexcept {
        return static_cast<std::size_t>(reply_header_.message_length);
    }
    void start(exchange& e);
    void read_next();
    bool take_more(const wire::message& message);
    [[nodiscard]] std::span<const iovec> compress(std::span<const iovec> message, iovec& whole);
    [[nodiscard]] error decompress();
    void on_io(int result) noexcept;
    void receive(std::span<std::uint8_t> in, io::stream::receive_mode mode) noexcept;
    [[nodiscard]] error error_of(int result) const;
    /// Reads on if the message is not whole; otherwise true.
    result<bool> message_is_whole();
    void deliver(result<detail::reply>&& r) noexcept;
    void broken(error e) noexcept;
    void interrupted(exchange& e, errc why) noexcept;
    void timed_out() noexcept;
    void abandon(exchange& e) noexcept;
    void begin_draining(detail::command_handle* c) noexcept;

    io::reactor_core& core_;
    io::stream_ptr stream_;              // null with TLS, and when it is closed
    std::unique_ptr<tls::channel> tls_;  // null without
    host_address host_;
    wire::server_limits limits_;
    connection_owner* owner_ = nullptr;
    std::chrono::milliseconds drain_timeout_{3000};
    std::chrono::milliseconds socket_timeout_{0};
    connection_record record_;
    state state_ = state::idle;
    bool validate_replies_ = false;
    wire::command::checksum checksum_ = wire::command::checksum::none;
    bool expects_reply_ = true;
    bool exhaust_allowed_ = false;
    bool more_to_come_ = false;
    exchange* waiter_ = nullptr;
    std::int32_t request_id_ = 0;
    std::int32_t zlib_level_ = -1;
    std::optional<compressor> compressor_;
    wire::compressor_set accepted_compressors_;

    io::buffer compressed_;  // the message that is being sent, if it is an OP_COMPRESSED
    io::buffer buffer_;
    std::size_t received_ = 0;
    wire::message_header reply_header_;  // its length is 0 while it is not there
    io::buffer ahead_;                   // what came behind a reply that another one follows
    std::size_t ahead_size_ = 0;

    struct drain_bound : io::completion {
        connection* owner = nullptr;
    };

    detail::command_handle
        sent_;  // of an exchange that nobody waits for: its bytes may still be going out
    io::timer drain_timer_;
    drain_bound drain_bound_;
    std::shared_ptr<const auth::secret> oidc_token_;
    error failure_;
};

/// The awaiter of one round trip; `co_await` gives `result<detail::reply>` and throws `bad_alloc`
/// at most.
class [[nodiscard]] connection::exchange {
 public:
    exchange(connection& c, detail::command_handle* command, std::size_t first,
             std::size_t last) noexcept
        : connection_(c), command_(command), first_(first), last_(last) {}
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;
    ~exchange() {
        if (pending_) {
            connection_.abandon(*this);
        }
    }

    /// Over already, where it was begun before it is awaited.
    [[nodiscard]] bool await_ready() const noexcept { return over_; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> h) {
        return begin(h, *detail::context_of(h.promise()));
    }
    [[nodiscard]] result<detail::reply> await_resume() noexcept { return std::move(result_); }

    /// On behalf of `h`, which is suspended on something else, and resumes when it is over, to
    /// await this then. False: it ended at once, and is of no more use. Throws what is thrown where
    /// it is awaited.
    bool begin(std::coroutine_handle<> h, const detail::task_context& context);
    /// The document behind the last one sent.
    [[nodiscard]] std::size_t last() const noexcept { return last_; }

 private:
    friend class connection;
    void resume(result<detail::reply>&& r) noexcept;
    void watch(const detail::task_context& context);

    /// The deadline passed, or the stop was requested.
    struct watcher : io::completion {
        exchange* owner = nullptr;
        bool of_socket = false;  // the deadline is that of `socketTimeoutMS`
    };

    connection& connection_;
    detail::command_handle* command_;  // null: only the next reply is read
    std::size_t first_;
    std::size_t last_;
    bool pending_ = false;
    bool over_ = false;
    std::coroutine_handle<> handle_;
    watcher watcher_;
    io::lazy_interrupt interrupt_;
    result<detail::reply> result_{errc::operation_cancelled};
};

inline connection::exchange connection::run(detail::command_handle& c, std::size_t first,
                                            std::size_t last) noexcept {
    return {*this, &c, first, last};
}

inline connection::exchange connection::next() noexcept {
    return {*this, nullptr, 0, 0};
}

}  // namespace mongoro::pool
