#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mongoro::test {

/// Where a scripted peer listens. Paths are always fresh, ports unless one is given.
enum class listen_at {
    ipv4,         ///< 127.0.0.1
    ipv6,         ///< ::1
    unix_socket,  ///< a path in a new temporary folder
};

class peer_socket;

/// What stands between what a script says and the bytes on its socket: TLS.
class peer_layer {
 public:
    peer_layer() = default;
    peer_layer(const peer_layer&) = delete;
    peer_layer& operator=(const peer_layer&) = delete;
    virtual ~peer_layer() = default;

    /// What `recv` would: bytes, 0 at the end, -1.
    virtual ssize_t read(peer_socket& socket, std::span<std::uint8_t> into) = 0;
    virtual bool write(peer_socket& socket, std::span<const std::uint8_t> bytes) = 0;
    /// Before the socket is closed in an orderly way.
    virtual void end(peer_socket& socket) = 0;
};

/// An accepted connection, with plain blocking calls that end early when the peer is destroyed.
///
/// Plain sockets and threads on purpose: what tests the driver's reactor must not stand on it.
class peer_socket {
 public:
    peer_socket(int fd, int stop_fd) noexcept : fd_(fd), stop_fd_(stop_fd) {}
    peer_socket(const peer_socket&) = delete;
    peer_socket& operator=(const peer_socket&) = delete;
    ~peer_socket();

    /// Appends exactly `size` bytes to `into`; false when the other side closed, failed, or the
    /// peer is being destroyed (what came until then is in `into`).
    bool read_exactly(std::size_t size, std::vector<std::uint8_t>& into);
    /// Appends one wire message: the length of its header, then the rest of it.
    bool read_message(std::vector<std::uint8_t>& into);
    /// Appends whatever comes until the other side closes.
    void read_to_end(std::vector<std::uint8_t>& into);
    bool write(std::span<const std::uint8_t> bytes);
    /// False if the peer is being destroyed.
    bool wait(std::chrono::milliseconds time);
    /// Keeps the connection open and silent until the peer is destroyed.
    void hang();

    /// From now on what is read and written goes through it.
    void set_layer(std::unique_ptr<peer_layer> layer) { layer_ = std::move(layer); }
    /// Some bytes of the socket, past any layer: what `recv` gives; -1 also when the peer is being
    /// destroyed.
    ssize_t read_raw(std::span<std::uint8_t> into);
    bool write_raw(std::span<const std::uint8_t> bytes);

    void shut_down_writing() noexcept;
    void close() noexcept;
    /// Closes with a TCP reset (on a Unix socket: a plain close with unread bytes, if there are
    /// any).
    void reset() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    /// For calls of one's own; `stop_fd` is readable once the peer is being destroyed.
    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] int stop_fd() const noexcept { return stop_fd_; }

 private:
    bool wait_for(short events);
    ssize_t read_some(std::span<std::uint8_t> into);
    int fd_;
    int stop_fd_;
    std::unique_ptr<peer_layer> layer_;
};

/// A port of 127.0.0.1 that nobody else is given, for listeners that come and go at it. While none
/// is there, connects are refused.
class reserved_port {
 public:
    reserved_port();
    reserved_port(const reserved_port&) = delete;
    reserved_port& operator=(const reserved_port&) = delete;
    ~reserved_port();

    [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

 private:
    int fd_;  // bound, and not listening
    std::uint16_t number_ = 0;
};

/// Listens, and gives every accepted connection to `serve` on a thread of its own. The destructor
/// ends and joins all of them.
class listener {
 public:
    using serve_function = std::function<void(peer_socket&, std::size_t index)>;

    /// `port`: only for an IPv4 one, of a `reserved_port`; 0 takes a fresh one.
    listener(listen_at where, serve_function serve, std::uint16_t port = 0);
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener();

    /// "127.0.0.1", "::1", or the path.
    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    /// 0 for a Unix socket.
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// As it stands in a connection string: "127.0.0.1:40001", "[::1]:40001", "%2Ftmp%2F…sock".
    [[nodiscard]] std::string host_and_port() const;
    /// "mongodb://" + host_and_port() + "/".
    [[nodiscard]] std::string uri() const;
    /// How many connections were accepted so far.
    [[nodiscard]] std::size_t accepted() const noexcept { return accepted_; }
    /// Accepts no more: from now on a connect is refused. Connections that are open stay.
    void stop_accepting();

    /// An address of this kind at which nobody listens.
    [[nodiscard]] static std::string refused_uri();

 private:
    void accept_loop();

    serve_function serve_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::string folder_;  // of the Unix socket
    int fd_ = -1;
    int stop_fd_ = -1;         // an eventfd: readable once everything has to end
    int stop_accept_fd_ = -1;  // readable once the listening has to end
    std::atomic<std::size_t> accepted_{0};
    std::mutex mutex_;
    std::vector<std::thread> connections_;
    std::thread accepting_;
};

}  // namespace mongoro::test
