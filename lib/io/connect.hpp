#pragma once

#include "io/stream.hpp"

#include <mongoro/deadline.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace mongoro::io {

class reactor_core;

/// Where to connect to: an IPv4 or IPv6 address and port, or the path of a Unix-domain socket. A
/// plain value.
class address {
 public:
    /// From an IP literal (no brackets; a scope such as `%eth0` is allowed). `invalid_argument`
    /// otherwise.
    [[nodiscard]] static result<address> ip(std::string_view literal, std::uint16_t port);
    /// `invalid_argument` for a path that is empty, too long for the kernel (107 bytes) or has a
    /// NUL.
    [[nodiscard]] static result<address> unix_path(std::string_view path);
    /// What another library resolved.
    address(const sockaddr* a, socklen_t size) noexcept;

    [[nodiscard]] const sockaddr* get() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage_);
    }
    [[nodiscard]] socklen_t size() const noexcept { return size_; }
    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    /// For messages: `127.0.0.1:27017`, `[::1]:27017`, or the path.
    [[nodiscard]] std::string to_string() const;

 private:
    address() noexcept = default;

    sockaddr_storage storage_{};
    socklen_t size_ = 0;
};

/// Whether the system knows a way to it now. Nothing is sent; three system calls.
[[nodiscard]] bool has_route(const address& to) noexcept;

/// Opens a connection: TCP_NODELAY and keep-alive (120 s idle, 10 s interval, 9 probes, as the
/// specifications ask; a system's shorter value stays) on TCP. Must be awaited by a task of `core`.
///
/// Errors, each naming the address and with the system's error as its cause: `connect_failed`;
/// `connect_timed_out` when `until` passed; `deadline_exceeded` and `operation_cancelled` of the
/// awaiting task. The socket is closed on each of them.
[[nodiscard]] task<result<stream_ptr>> connect(reactor_core& core, address to,
                                               deadline until = deadline::never());

/// Whether a `connect_failed` came of this host alone, whatever the other one is doing: it has no
/// descriptor, memory, port or such address family left, or forbids it.
[[nodiscard]] bool is_local_failure(const error& e) noexcept;

}  // namespace mongoro::io
