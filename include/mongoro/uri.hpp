#pragma once

#include <mongoro/result.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace mongoro {

/// Where a server listens: a host and a port, or the path of a Unix-domain socket.
struct host_address {
    /// An IP literal (IPv6 without its brackets), a name, or an absolute path that ends in ".sock".
    std::string host = "localhost";
    /// Unused for a Unix-domain socket.
    std::uint16_t port = 27017;

    [[nodiscard]] bool is_unix() const noexcept { return host.starts_with('/'); }
    /// As it stands in a connection string: `127.0.0.1:27017`, `[::1]:27017`, `/tmp/mongodb.sock`.
    [[nodiscard]] std::string to_string() const;

    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a percent-encoded socket path.
    ///
    /// Errors: `errc::invalid_uri` for a port outside 1-65535, an unclosed bracket, an empty host,
    /// a bad percent escape, an unencoded slash.
    [[nodiscard]] static result<host_address> parse(std::string_view text);

    friend bool operator==(const host_address&, const host_address&) = default;
};

/// A connection string, read and checked: `mongodb://host[:port]/[database][?connectTimeoutMS=N]`.
///
/// Hosts are IP literals, names of the hosts file and percent-encoded Unix-domain sockets. Whatever
/// else the connection string specification knows (credentials, several hosts, `mongodb+srv`,
/// further options) is `errc::not_supported`, named in the message; the message never quotes a
/// credential.
class uri {
 public:
    /// `mongodb://localhost:27017`.
    uri() = default;

    /// Errors: `errc::invalid_uri` (another scheme, no host, a malformed host, escape or option),
    /// `errc::not_supported` (see above). Follows connection-string-spec; costs no I/O.
    [[nodiscard]] static result<uri> parse(std::string_view text);

    [[nodiscard]] const host_address& host() const noexcept { return host_; }
    /// The database after the slash, percent-decoded; empty without one.
    [[nodiscard]] const std::string& database() const noexcept { return database_; }
    /// For connecting and the first hello. Default 10 s, 0 means no limit.
    [[nodiscard]] std::chrono::milliseconds connect_timeout() const noexcept {
        return connect_timeout_;
    }

 private:
    host_address host_;
    std::string database_;
    std::chrono::milliseconds connect_timeout_{10'000};
};

}  // namespace mongoro
