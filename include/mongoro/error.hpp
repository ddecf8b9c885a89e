#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mongoro {

/// What went wrong, in the driver's own terms. A server's error number is in
/// `error::server_code()`.
///
/// The values are stable: one is never reused, new ones are added at the end of their group.
enum class errc : int {
    // The call itself.
    invalid_argument = 1,   ///< an argument that can never be right (an empty batch, a bad option)
    not_supported = 2,      ///< a feature that this version or this server does not have
    invalid_uri = 3,        ///< a connection string that the specification rejects
    invalid_namespace = 4,  ///< an empty database or collection name, or one with a NUL
    wrong_thread = 5,       ///< called from a thread that the reactor is not bound to
    inside_reactor = 6,     ///< a blocking call from inside the reactor that it would have to drive
    client_closed = 7,      ///< the client, or the cursor, was closed
    reactor_stopped = 8,    ///< the reactor was stopped or destroyed before the operation ended
    used_after_fork = 9,    ///< a client or reactor of the parent process, used in its child

    // Time and cancellation.
    operation_cancelled = 20,       ///< its `std::stop_token` was triggered
    deadline_exceeded = 21,         ///< the operation's deadline passed
    connect_timed_out = 22,         ///< the server did not answer within `connectTimeoutMS`
    server_selection_timeout = 23,  ///< no suitable server in time
    wait_queue_timeout = 24,        ///< no connection of the pool became free in time
    socket_timed_out = 25,          ///< no reply within `socketTimeoutMS`; its connection is closed

    // The network.
    name_resolution_failed = 40,  ///< a host name has no address, or DNS gave none in time
    connect_failed = 41,          ///< refused, unreachable; the cause has the system's error
    network_error = 42,           ///< send or receive failed; the cause has the system's error
    connection_closed = 43,       ///< the peer closed, perhaps in the middle of a message
    pool_cleared = 44,            ///< the pool was cleared while a connection was waited for, or in
                                  ///< use: then the cause is a `network_error`, and its cause is
                                  ///< `std::errc::connection_aborted`
    tls_failed = 45,              ///< the TLS handshake, a certificate, or a record, of a reply too
    proxy_failed = 46,            ///< the proxy refused, did not answer in time, or is none

    // Bytes from the peer that are not the wire protocol.
    malformed_message = 60,      ///< a length, flag or section that cannot be
    message_too_large = 61,      ///< longer than the negotiated limit
    checksum_mismatch = 62,      ///< the CRC-32C of an OP_MSG does not match
    unexpected_reply = 63,       ///< `responseTo` is not the request's id
    malformed_reply = 64,        ///< a reply without a field that it must have
    handshake_failed = 65,       ///< hello was refused
    incompatible_server = 66,    ///< no wire version in common
    authentication_failed = 67,  ///< logging in was refused, or the server could not prove itself

    // BSON.
    malformed_bson = 80,      ///< a length, type or terminator that cannot be
    invalid_utf8 = 81,        ///< a string that is not UTF-8
    embedded_nul = 82,        ///< a NUL in a key, a name, or a regular expression
    key_not_found = 83,       ///< a field that was asked for is not there
    wrong_type = 84,          ///< a field has another type than was asked for
    out_of_range = 85,        ///< a number or a date that does not fit the type asked for
    invalid_json = 86,        ///< text that is not (extended) JSON
    document_too_large = 87,  ///< over `maxBsonObjectSize`, or over BSON's own 2 GiB
    too_deep = 88,            ///< nested deeper than the limit

    // What the server answered.
    command_failed = 100,        ///< `ok: 0`
    write_failed = 101,          ///< `writeErrors`, perhaps with a write concern error beside them
    write_concern_failed = 102,  ///< applied, but not acknowledged as the write concern asks

    // What the driver found of a deployment.
    stale_primary = 120,      ///< a server calls itself primary, and another one is it by now
    wrong_replica_set = 121,  ///< a server is no member of the replica set that was asked for
};

/// The category of `errc`: its name is "mongoro".
[[nodiscard]] const std::error_category& error_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc e) noexcept;

}  // namespace mongoro

template <>
struct std::is_error_code_enum<mongoro::errc> : std::true_type {};

namespace mongoro {

/// One write of a bulk that the server refused.
struct write_error {
    std::int64_t index = 0;  ///< of the write, in the order that the caller gave
    int code = 0;            ///< the server's error number
    std::string message;     ///< the server's text; may hold users' data
    std::vector<std::uint8_t>
        raw;  ///< the server's whole document, BSON; `bson::document_view` reads it
};

/// A write that was applied but not acknowledged as its write concern asked.
struct write_concern_error {
    int code = 0;
    std::string name;
    std::string message;
    std::vector<std::uint8_t> raw;
};

/// What a write that failed part-way did all the same, as far as the server has said so: what a
/// network error left unanswered may have been applied besides.
struct partial_write {
    std::int64_t inserted_count = 0;
    std::int64_t matched_count = 0;
    std::int64_t modified_count = 0;
    std::int64_t deleted_count = 0;
    std::int64_t upserted_count = 0;
};

/// One error, whatever went wrong.
///
/// A handle of three words; copies share one immutable record and never throw. Without an error
/// (`!e`) it owns nothing. Safe to copy and read from any thread.
class error {
 public:
    /// All that may be known of an error. Built once, then shared.
    struct details;

    error() noexcept = default;
    error(errc code) noexcept : error(make_error_code(code)) {}  // NOLINT: an errc is an error
    error(std::error_code code) noexcept                         // NOLINT
        : category_(&code.category()), value_(code.value()) {}
    error(std::error_code code, std::string message);
    error(std::error_code code, std::string message, error cause);
    explicit error(details d);
    error(const error& other) noexcept
        : category_(other.category_), value_(other.value_), shared_(other.shared_) {
        if (shared_ != nullptr) [[unlikely]] {
            share();
        }
    }
    /// The other keeps its code.
    error(error&& other) noexcept
        : category_(other.category_),
          value_(other.value_),
          shared_(std::exchange(other.shared_, nullptr)) {}
    error& operator=(const error& other) noexcept { return *this = error(other); }
    error& operator=(error&& other) noexcept {
        error taken(std::move(other));
        category_ = taken.category_;
        value_ = taken.value_;
        std::swap(shared_, taken.shared_);
        return *this;
    }
    ~error() {
        if (shared_ != nullptr) [[unlikely]] {
            drop();
        }
    }

    [[nodiscard]] explicit operator bool() const noexcept { return value_ != 0; }
    [[nodiscard]] std::error_code code() const noexcept {
        return category_ != nullptr ? std::error_code(value_, *category_) : std::error_code();
    }

    /// The driver's own text: no secrets, and of users' data at most the names of fields. Empty if
    /// the code says it all.
    [[nodiscard]] std::string_view message() const noexcept;
    /// The server's error number, 0 without one.
    [[nodiscard]] int server_code() const noexcept;
    /// The server's `codeName`.
    [[nodiscard]] std::string_view server_code_name() const noexcept;
    /// The server's `errmsg`: may quote users' data.
    [[nodiscard]] std::string_view server_message() const noexcept;
    [[nodiscard]] std::span<const std::string> labels() const noexcept;
    [[nodiscard]] bool has_label(std::string_view label) const noexcept;
    /// The server's whole reply as BSON bytes; `bson::document_view` reads it. Empty without one.
    [[nodiscard]] std::span<const std::uint8_t> raw_reply() const noexcept;
    [[nodiscard]] std::span<const write_error> write_errors() const noexcept;
    [[nodiscard]] const write_concern_error* write_concern() const noexcept;
    /// What the server has acknowledged before the error; null if the operation is not a write.
    [[nodiscard]] const partial_write* partial() const noexcept;
    /// What this error came from; null without one.
    [[nodiscard]] const error* cause() const noexcept;

    /// A line for a log: code, the driver's text, which may name fields, the server's number and
    /// name, the causes. Not the server's own text, which may hold users' data.
    [[nodiscard]] std::string to_string() const;

    friend bool operator==(const error& e, std::error_code code) noexcept {
        return e.code() == code;
    }
    friend bool operator==(const error& e, errc code) noexcept {
        return e.code() == make_error_code(code);
    }

 private:
    /// The details, and how many share them.
    struct record;

    void share() const noexcept;
    void drop() const noexcept;

    // Neither a std::error_code nor a std::shared_ptr: an empty error_code asks the standard
    // library for its category, by a call, and an operation makes a dozen empty errors; and each of
    // them is a part of what it holds on to while it waits.
    const std::error_category* category_ = nullptr;
    int value_ = 0;
    const record* shared_ = nullptr;
};

struct error::details {
    std::error_code code;
    std::string message;
    int server_code = 0;
    std::string server_code_name;
    std::string server_message;
    std::vector<std::string> labels;
    std::vector<std::uint8_t> raw_reply;
    std::vector<write_error> write_errors;
    std::unique_ptr<write_concern_error> write_concern;
    std::unique_ptr<partial_write> partial;
    error cause;
};

/// What `co_await op` throws; `what()` is `error::to_string()`.
class exception : public std::system_error {
 public:
    explicit exception(mongoro::error e);
    [[nodiscard]] const mongoro::error& error() const noexcept { return error_; }
    [[nodiscard]] const char* what() const noexcept override {
        return text_ != nullptr ? text_->c_str() : std::system_error::what();  // moved from
    }

 private:
    mongoro::error error_;
    // Shared: copying an exception must not throw.
    std::shared_ptr<const std::string> text_;
};

}  // namespace mongoro
