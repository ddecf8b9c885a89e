#pragma once

#include "io/buffer_pool.hpp"
#include "io/completion.hpp"
#include "io/ready_list.hpp"
#include "io/stream.hpp"
#include "tls/engine.hpp"

#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mongoro::tls {

/// A stream with TLS on it: the operations of `io::stream`, with plaintext. On its reactor's
/// thread.
///
/// One operation at a time, and completions as a stream has them: never from inside the call that
/// starts the operation. A result is that of the stream's operation; -EPROTO says that `failure()`
/// has the error. The peer's end, with or without TLS's own word for it (close_notify), is 0: who
/// reads messages sees whether one was cut. But a server that asked for a client's certificate, got
/// none, and ends before it has said anything is -EPROTO, also where it resets.
///
/// What is sent is encrypted in pieces of at most 128 KiB, each sent before the next one is made;
/// the plaintext must stay until the completion. What is received goes from the kernel's buffer
/// through one record of OpenSSL's to where it is wanted. A channel that does nothing, or waits for
/// a reply, holds no buffer but a small one of its own. Nothing is allocated for an operation, but
/// by OpenSSL.
///
/// Destroying it says close_notify if nothing is in flight, without waiting, and lets go of the
/// stream. In a child of fork() it says nothing: the connection is the parent's.
class channel : io::completion {
 public:
    using receive_mode = io::stream::receive_mode;

    /// Takes a connected stream, which nothing was sent on. `tls_failed`: see `engine::make`.
    [[nodiscard]] static result<std::unique_ptr<channel>> make(std::shared_ptr<context> shared,
                                                               io::stream_ptr stream,
                                                               const host_address& host);
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    ~channel();

    /// Result: 0, -errno, -EPROTO. Before anything else.
    void handshake(io::completion& c) noexcept;
    /// Sends all of `out`, then receives what comes: at most `buffer_pool::smallest` bytes, into a
    /// buffer that the completion takes with `received()`. Throws `std::bad_alloc`.
    void exchange(std::span<const iovec> out, io::completion& c);
    [[nodiscard]] io::buffer received() noexcept { return std::exchange(plain_, {}); }
    /// Result: 0, -errno, -EPROTO. Throws `std::bad_alloc`.
    void send(std::span<const iovec> out, io::completion& c);
    /// Result: bytes, fewer than `in.size()` with `all` only at the peer's end; -errno, -EPROTO.
    void receive(std::span<std::uint8_t> in, receive_mode mode, io::completion& c) noexcept;

    /// Ends what is under way, as a stream does. The connection is of no use any more.
    void cancel() noexcept;
    /// Nobody is called at `c` any more; the operation goes on.
    void abandon(const io::completion& c) noexcept;
    /// Null after its reactor was destroyed.
    [[nodiscard]] io::reactor_core* core() const noexcept { return stream_->core(); }
    /// Operations of it do not keep `run()` running. Precondition: nothing is in flight.
    void set_background(bool background) noexcept { stream_->set_background(background); }
    /// Why an operation came to -EPROTO; names the peer.
    [[nodiscard]] const error& failure() const noexcept { return failure_; }
    /// Whether the handshake resumed a session of an earlier connection.
    [[nodiscard]] bool resumed() const noexcept { return engine_->resumed(); }

    // For coroutines, with the awaiting task's deadline and stop. One that was interrupted leaves a
    // channel of no use. Errors: `tls_failed`, `network_error`, `connection_closed` (in the
    // handshake), `deadline_exceeded`, `operation_cancelled`. Those of a handshake that was cut say
    // so, and ask whether it is TLS that the server speaks where it has not said a word.
    [[nodiscard]] task<result<void>> shake_hands();
    /// `bytes` outlives the task.
    [[nodiscard]] task<result<void>> send_all(std::span<const std::uint8_t> bytes);
    /// Gives how many bytes came; 0: the peer has closed. `into` outlives the task.
    [[nodiscard]] task<result<std::size_t>> receive_some(std::span<std::uint8_t> into);

 private:
    enum class doing { nothing, shaking_hands, sending, receiving, failing, hearing_last_words };
    enum class after { end, output, input };

    struct deferred : detail::ready_node {
        channel* owner = nullptr;
    };

    channel(std::unique_ptr<engine> e, io::stream_ptr stream);

    void start(doing what, io::completion& c) noexcept;
    void go_on() noexcept;
    result<after> step();
    result<after> shake();
    result<after> encrypt();
    result<after> decrypt();
    void next_piece();
    void lend_room(std::size_t size);
    void take_room_back() noexcept;
    void transfer(after what);
    void on_io(int result) noexcept;
    void hear_last_words(int result) noexcept;
    void lose(int result) noexcept;
    void fail(error e) noexcept;
    void finish(int result) noexcept;
    void deliver(int result) noexcept;
    [[nodiscard]] std::string in_handshake(int result) const;
    [[nodiscard]] error error_of(int result, std::string_view when = {}) const;

    std::unique_ptr<engine> engine_;
    io::stream_ptr stream_;
    io::completion* waiter_ = nullptr;
    error failure_;
    doing doing_ = doing::nothing;
    bool starting_ = false;     // in the call that starts an operation: completing waits
    bool cancelled_ = false;    // nothing more is to be started for the operation
    bool wants_reply_ = false;  // a send that a receive follows
    bool all_ = false;          // the receive wants all that it asks for
    bool own_in_ = false;       // plaintext goes into `plain_`
    bool receives_ = false;     // what the stream is doing ends with bytes
    bool chooses_ = false;      // and brings their buffer
    bool ended_ = false;        // the peer said that it sends no more
    int result_ = 0;            // of a completion that waits, or that last words follow
    deferred deferred_;

    io::impl::send_queue out_;             // plaintext that is still to be taken
    std::span<const std::uint8_t> piece_;  // what of it is being encrypted
    io::buffer gathered_;                  // where the piece is, if it was several
    std::span<std::uint8_t> in_;           // where plaintext is wanted
    std::size_t in_done_ = 0;
    io::buffer plain_;  // of an exchange
    io::buffer cipher_in_;
    io::buffer cipher_out_;
    std::span<std::uint8_t> room_;              // what is lent for ciphertext
    std::array<std::uint8_t, 1024> small_out_;  // enough for most commands
};

}  // namespace mongoro::tls
