#pragma once

#include <mongoro/error.hpp>

#include <string_view>

namespace mongoro::detail {

/// The error labels that the specifications give a meaning.
namespace label {
inline constexpr std::string_view transient_transaction_error = "TransientTransactionError";
inline constexpr std::string_view unknown_transaction_commit_result =
    "UnknownTransactionCommitResult";
inline constexpr std::string_view retryable_write_error = "RetryableWriteError";
inline constexpr std::string_view no_writes_performed = "NoWritesPerformed";
inline constexpr std::string_view resumable_change_stream_error = "ResumableChangeStreamError";
inline constexpr std::string_view system_overloaded_error = "SystemOverloadedError";
inline constexpr std::string_view retryable_error = "RetryableError";
}  // namespace label

/// The codes of "Retryable Error" in the retryable reads specification.
[[nodiscard]] bool is_retryable_read_code(int code) noexcept;

/// The codes of the retryable writes specification: those for which the driver itself adds the
/// label `RetryableWriteError` when the server is older than 4.4. A newer server labels its own.
[[nodiscard]] bool is_retryable_write_code(int code) noexcept;

/// "Node is recovering" (SDAM): temporarily of no use.
[[nodiscard]] bool is_node_recovering_code(int code) noexcept;

/// "Not writable primary" (SDAM).
[[nodiscard]] bool is_not_writable_primary_code(int code) noexcept;

/// The part of "node is recovering" after which the pool of the server is cleared.
[[nodiscard]] bool is_node_shutting_down_code(int code) noexcept;

/// What a server's error says of its state.
///
/// The code decides alone; the texts "not master" and "node is recovering" are looked for only
/// where there is no code. Both the command's error and its write concern error are looked at, the
/// `writeErrors` never (SDAM, "not writable primary" and "node is recovering").
struct state_change {
    bool recovering = false;
    bool not_writable_primary = false;
    bool shutting_down = false;

    [[nodiscard]] explicit operator bool() const noexcept {
        return recovering || not_writable_primary;
    }
};
[[nodiscard]] state_change state_change_of(const error& e) noexcept;

/// The connection failed: refused, reset, closed, timed out below the operation, or its TLS.
[[nodiscard]] bool is_network_error(const error& e) noexcept;

/// Whether a read may be tried again after `e`. The codes are looked at only in a reply with
/// `ok: 0`, one to a hello or to a command of a login too; a network error and a cleared pool
/// always qualify.
[[nodiscard]] bool is_retryable_read_error(const error& e) noexcept;

/// Whether the driver must add `RetryableWriteError` to `e` itself: a network error or a cleared
/// pool always; a server's error (its code, or on a mongod its write concern error's) only below
/// wire version 9. The caller knows the rest: `retryWrites`, sessions, no transaction.
[[nodiscard]] bool needs_retryable_write_label(const error& e, int max_wire_version,
                                               bool from_mongos) noexcept;

}  // namespace mongoro::detail
