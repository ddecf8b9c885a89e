#pragma once

#include "wire/server_limits.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/writer.hpp>
#include <mongoro/result.hpp>
#include <mongoro/server_description.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::wire {

using mongoro::server_type;

/// The answer to a hello or legacy hello, read out of its bytes: it owns what it holds.
///
/// Fields that the server left out have their defaults.
struct hello_reply {
    server_limits limits;
    bool is_writable_primary = false;  ///< `isWritablePrimary`, else `ismaster`
    bool hello_ok = false;             ///< the server knows `hello`: use it from now on
    bool secondary = false;
    bool arbiter_only = false;
    bool hidden = false;
    bool is_replica_set = false;  ///< `isreplicaset`: a member without a configuration
    bool is_mongos = false;       ///< `msg: "isdbgrid"`
    std::string set_name;
    std::string me;
    std::string primary;
    std::vector<std::string> hosts;
    std::vector<std::string> passives;
    std::vector<std::string> arbiters;
    std::optional<std::int32_t> logical_session_timeout_minutes;
    std::optional<std::int64_t> connection_id;
    std::vector<std::string> compression;           ///< in the order of the server's answer
    std::vector<std::string> sasl_supported_mechs;  ///< names are not checked, as the spec asks
    std::vector<std::uint8_t> raw;                  ///< the whole reply

    /// The reply's own document, for what is not read above (`topologyVersion`, `tags`,
    /// `electionId`, `speculativeAuthenticate`, `$clusterTime`, …). Lives as long as this.
    [[nodiscard]] bson::document_view document() const noexcept { return {raw.data(), raw.size()}; }
    /// `topologyVersion` as it came; the empty document if there is none.
    [[nodiscard]] bson::document_view topology_version() const noexcept;
    [[nodiscard]] server_type type() const noexcept;
};

/// Reads the reply.
///
/// Errors: `handshake_failed` with the server's code, labels and text (`ok: 0`); `malformed_reply`
/// (no `ok`, a field with a type or value that cannot be used, limits that are not positive, a list
/// of more than 1,000 names or with one of more than 300 bytes); `malformed_bson`. The server's
/// wire versions are not judged here: `check_wire_version`.
[[nodiscard]] result<hello_reply> parse_hello(bson::document_view reply);

/// `incompatible_server`, with the specification's text, if there is no wire version in common.
/// `address` is `host:port`, for the text.
[[nodiscard]] result<void> check_wire_version(const server_limits& limits,
                                              std::string_view address);

/// What a hello asks and tells. Views and scalars only; empty means "not sent".
struct hello_options {
    bool legacy = false;  ///< `isMaster`, with `helloOk: true`
    bool load_balanced = false;
    std::string_view backpressure{};  ///< version of client backpressure that the driver follows
    bson::document_view client{};     ///< from `encode_client_metadata`; only in a first hello
    /// In the client's order. A first hello says so even if there are none.
    std::optional<std::span<const std::string_view>> compressors{};
    std::string_view sasl_supported_mechs{};  ///< "<database>.<user>"
    bson::document_view speculative_authenticate{};
    bson::document_view topology_version{};  ///< with `max_await`: a hello that waits
    std::optional<std::int64_t> max_await_time_ms{};
};

/// Appends the command's fields to an open body, its name first. `$db` is the caller's.
void append_hello(bson::writer& body, const hello_options& options);

}  // namespace mongoro::wire
