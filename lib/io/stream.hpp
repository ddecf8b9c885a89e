#pragma once

#include "io/buffer_pool.hpp"
#include "io/completion.hpp"
#include "io/ready_list.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace mongoro::io {

class reactor_core;
class stream;
class uring_backend;
class epoll_backend;

namespace impl {

/// One direction of a socket: the operation in it, if there is one. As a completion it is what the
/// ring's user_data points at; as a node it waits to be told of a result that is already known.
struct stream_slot : completion, ready_node {
    stream* owner = nullptr;
    completion* waiter = nullptr;
    int result = 0;
    bool active = false;
};

/// The gathered bytes that a send still has to send. Owns its copy of the vector, which the kernel
/// may read late; a handful costs no allocation.
class send_queue {
 public:
    void set(std::span<const iovec> out);
    /// Takes away `n` sent bytes.
    void advance(std::size_t n) noexcept;
    [[nodiscard]] std::size_t left() const noexcept { return left_; }
    /// What one system call takes: at most IOV_MAX entries.
    [[nodiscard]] std::span<iovec> chunk() noexcept;
    [[nodiscard]] bool last_chunk() const noexcept;

 private:
    std::array<iovec, 8> few_{};
    std::vector<iovec> many_;
    iovec* at_ = nullptr;
    std::size_t count_ = 0;
    std::size_t left_ = 0;
};

}  // namespace impl

/// Closes a stream, whatever is in flight; see `stream`.
struct stream_closer {
    void operator()(stream* s) const noexcept;
};
using stream_ptr = std::unique_ptr<stream, stream_closer>;

/// One connected socket of one reactor, on the reactor's thread.
///
/// One operation at a time a direction: `send`, `receive`, or both as one `exchange`; `connect`
/// counts as a send. Bytes that are given to an operation must stay where they are until its
/// completion; who is destroyed earlier gives `keep()` the buffers first.
///
/// Letting go of the `stream_ptr` is safe at any moment: the socket is shut down at once, nobody is
/// called any more, and the object with its descriptor and the kept buffers stays with the reactor
/// until the kernel has let go. Bytes that were still to be sent are not read any more once that
/// has returned; bytes received into memory that is not kept are the danger.
class stream {
 public:
    enum class receive_mode { some, all };

    /// Takes the descriptor over. It must be in blocking mode on io_uring and is set non-blocking
    /// on epoll.
    [[nodiscard]] static stream_ptr make(reactor_core& core, int fd);
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    /// Sends all of `out`, then receives what comes, at most `in.size()` bytes: one submission, one
    /// completion. Result: bytes received, 0 when the peer closed, -errno. Throws `std::bad_alloc`
    /// for a long vector.
    void exchange(std::span<const iovec> out, std::span<std::uint8_t> in, completion& c);
    /// The same, received into a buffer of the reactor's, which is chosen when bytes arrive where
    /// many wait: at most `buffer_pool::smallest` of them. The completion takes it with
    /// `received()`; it may also come to -ENOMEM, after all was sent. Throws `std::bad_alloc` where
    /// one is taken at once.
    void exchange(std::span<const iovec> out, completion& c);
    [[nodiscard]] buffer received() noexcept { return std::exchange(chosen_, {}); }
    /// Sends all of `out`. Result: 0 or -errno.
    void send(std::span<const iovec> out, completion& c);
    /// Result: bytes received, 0 when the peer closed, -errno. With `all` it is less than
    /// `in.size()` only when the peer closed in the middle.
    void receive(std::span<std::uint8_t> in, receive_mode mode, completion& c) noexcept;
    /// Result: 0 or -errno.
    void connect(const sockaddr* address, socklen_t size, completion& c) noexcept;

    /// Ends what is under way; each completion still comes, with -ECANCELED or what it came to.
    /// What is started after this is not touched. Bytes may have gone out, or come in and be lost:
    /// only the protocol's state says whether the connection is still good.
    void cancel() noexcept;
    /// Nobody is called at `c` any more; the operation goes on.
    void abandon(const completion& c) noexcept;
    /// Nothing is in flight.
    [[nodiscard]] bool idle() const noexcept { return !out_.active && !in_.active; }
    /// Keeps a share of `b` until nothing is in flight; for ever if there is no memory to remember
    /// it with.
    void keep(buffer b) noexcept;
    /// Operations of it do not keep `run()` running: for monitoring. Precondition: idle.
    void set_background(bool background) noexcept { background_ = background; }

    [[nodiscard]] int fd() const noexcept { return fd_; }
    /// Null after its reactor was destroyed: every start then does nothing.
    [[nodiscard]] reactor_core* core() const noexcept { return core_; }

 private:
    friend class uring_backend;
    friend class epoll_backend;
    friend class reactor_core;

    friend struct stream_closer;

    stream(reactor_core& core, int fd) noexcept;
    ~stream();
    void close() noexcept;
    void start_exchange(std::span<const iovec> out, std::span<std::uint8_t> in, completion& c);
    bool choose() noexcept;
    void finish(impl::stream_slot& slot, int result) noexcept;
    void settle() noexcept;
    void let_go() noexcept;
    void detach() noexcept;

    reactor_core* core_;
    int fd_;
    // First those that each start sets, so that the compiler makes few stores of them.
    bool exchanging_ = false;  // out_ is linked to in_: their one completion is in_'s
    bool connecting_ = false;
    bool receive_all_ = false;
    bool cancelling_in_ = false;  // the ring: asked to end, and to go on with nothing
    bool cancelling_out_ = false;
    bool background_ = false;
    bool orphaned_ : 1 = false;  // deleted by its owner; settle() frees it
    bool leaked_ : 1 = false;    // the kernel may use it for ever: never freed
    bool readable_ = false;      // epoll: no EAGAIN since the last event
    bool hangup_ = false;       // epoll: the end, or an error, is somewhere behind what can be read
    bool registered_ = false;   // epoll: in the set
    bool choosing_ = false;     // a receive that has no buffer yet
    std::uint8_t cancels_ = 0;  // the ring: completions of cancel requests still to come
    impl::stream_slot out_;
    impl::stream_slot in_;
    impl::stream_slot cancel_out_;
    impl::stream_slot cancel_in_;
    impl::send_queue queue_;
    msghdr message_{};
    std::uint8_t* in_data_ = nullptr;
    std::size_t in_size_ = 0;
    std::size_t in_done_ = 0;
    buffer chosen_;
    sockaddr_storage peer_{};
    socklen_t peer_size_ = 0;
    std::vector<buffer> kept_;
    stream* next_ = nullptr;  // the reactor's list of streams
    stream* prev_ = nullptr;
};

}  // namespace mongoro::io
