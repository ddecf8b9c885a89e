#pragma once

#include <mongoro/options/common.hpp>
#include <mongoro/options/credential.hpp>
#include <mongoro/options/uri.hpp>
#include <mongoro/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro {

/// Where a server listens: a host and a port, or the path of a Unix-domain socket.
struct host_address {
    /// An IP literal (IPv6 without its brackets, perhaps with a zone: `fe80::1%eth0`), a name, or a
    /// path that has a slash and ends in ".sock".
    std::string host = "localhost";
    /// Unused for a Unix-domain socket.
    std::uint16_t port = 27017;

    [[nodiscard]] bool is_unix() const noexcept { return host.find('/') != std::string::npos; }
    /// `127.0.0.1:27017`, `[::1]:27017`, `/tmp/mongodb.sock`.
    [[nodiscard]] std::string to_string() const;

    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a percent-encoded socket path. A zone is
    /// that of RFC 6874, `[fe80::1%25eth0]`, or `[fe80::1%eth0]`.
    ///
    /// Errors: `errc::invalid_uri` for a port outside 1-65535, an unclosed bracket, an empty host,
    /// a bad percent escape, an unencoded slash.
    [[nodiscard]] static result<host_address> parse(std::string_view text);

    friend bool operator==(const host_address&, const host_address&) = default;
};

/// A connection string, read and checked:
/// `mongodb://[user[:password]@]host[:port][,host[:port]...][/[database][?option=value&...]]`, or
/// `mongodb+srv://` with one host whose SRV and TXT records say the rest.
///
/// Hosts are names, IP literals and percent-encoded Unix-domain sockets. User name, password,
/// database and values are percent-decoded. Names of options are not case-sensitive. An option that
/// nobody knows, or whose value is none, is left out with a warning; conflicting ones are an error.
/// A comma inside of a value of `authMechanismProperties`, as a `TOKEN_RESOURCE` may have one,
/// cannot be written in a connection string: `client_options::login` takes it. A colon can.
///
/// A value: reading one does no I/O and costs what copying it costs. Follows the specifications
/// connection-string, uri-options, auth, and the part of initial-dns-seedlist-discovery that comes
/// before DNS. No secret of it is in an error, a warning or `to_string`, and its own copies of
/// those are overwritten when it goes, when it is moved from and goes, and when another is assigned
/// to it.
class uri {
 public:
    /// `mongodb://localhost:27017`.
    uri();
    uri(const uri& other);
    uri(uri&& other) noexcept;
    uri& operator=(const uri& other);
    uri& operator=(uri&& other) noexcept;
    ~uri();

    /// Errors: `errc::invalid_uri`, and its message has the reason: another scheme, no host, a
    /// malformed host, escape or option; a user name or password that is not percent-encoded; text
    /// that is not UTF-8, but for a socket's path; options that exclude each other; a credential
    /// that its mechanism cannot use.
    [[nodiscard]] static result<uri> parse(std::string_view text);

    /// Whether the scheme is `mongodb+srv`.
    [[nodiscard]] bool is_srv() const noexcept { return srv_; }
    /// In the string's order, at least one. With `mongodb+srv` the one name to look up; its port
    /// says nothing then.
    [[nodiscard]] std::span<const host_address> hosts() const noexcept {
        return {hosts_.data(), hosts_.size()};
    }
    /// The first of `hosts()`.
    [[nodiscard]] const host_address& host() const noexcept { return hosts_.front(); }
    /// The database after the slash; empty without one.
    [[nodiscard]] const std::string& database() const noexcept { return database_; }
    /// Null if the string asks for no login. See `credential::check`.
    [[nodiscard]] const mongoro::credential* credential() const noexcept {
        return credential_ ? &*credential_ : nullptr;
    }
    [[nodiscard]] const uri_options& options() const noexcept { return options_; }
    /// What was not as it should be, but no error: unknown, repeated and deprecated options, values
    /// that are none. One sentence each; without values, and an unknown option by its place alone,
    /// since its name may be a piece of a password.
    [[nodiscard]] std::span<const std::string> warnings() const noexcept {
        return {warnings_.data(), warnings_.size()};
    }

    /// Whether connections use TLS: `tls` says so; without it, they do with `mongodb+srv` and with
    /// any other option that starts with `tls`.
    [[nodiscard]] bool uses_tls() const noexcept;
    /// `connectTimeoutMS`: for connecting and the first hello. Default 10 s, 0 means no limit.
    [[nodiscard]] std::chrono::milliseconds connect_timeout() const noexcept;
    /// `readConcernLevel`. A view into this object.
    [[nodiscard]] mongoro::read_concern read_concern() const& noexcept;
    mongoro::read_concern read_concern() && = delete;
    /// `w`, `journal`, `wTimeoutMS`. A view into this object.
    [[nodiscard]] mongoro::write_concern write_concern() const& noexcept;
    mongoro::write_concern write_concern() && = delete;

    /// What DNS has made of a `mongodb+srv` string: the same with the hosts of its SRV records and
    /// with those options of its TXT record that the string itself does not give. What is left is
    /// as good as `mongodb://`; `is_srv()` stays, since TLS and SRV polling depend on it.
    ///
    /// Errors: `errc::invalid_uri`: no host; a TXT record with anything but `authSource`,
    /// `replicaSet` and `loadBalanced`, or that is malformed; what they and the hosts now conflict
    /// with. `errc::invalid_argument`: this one is not `mongodb+srv`.
    [[nodiscard]] result<uri> resolved(std::vector<host_address> hosts,
                                       std::string_view txt = {}) const;

    /// For a log: `mongodb://***@h1:27017,h2:27017/db`, percent-encoded, without the options. The
    /// stars say that there is a user name, which is nobody's business either.
    [[nodiscard]] std::string to_string() const;

 private:
    void wipe() noexcept;

    bool srv_ = false;
    std::vector<host_address> hosts_;
    std::string database_;
    std::optional<mongoro::credential> credential_;
    uri_options options_;
    std::vector<std::string> warnings_;
};

}  // namespace mongoro
