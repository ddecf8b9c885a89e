#pragma once

#include <mongoro/options/read_preference.hpp>
#include <mongoro/options/tls.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mongoro {

/// Tags that a member must have, all of them; none fits every member.
using tag_set = std::vector<std::pair<std::string, std::string>>;

/// Where a connection string sends reads: `read_preference` with strings of its own.
struct uri_read_preference {
    read_mode mode = read_mode::primary;
    /// The first that fits a member is used; none at all means every member. Not with `primary`.
    std::vector<tag_set> tag_sets = {};
    /// How far behind a secondary may be: 90 s or more, -1 s for any. Not with `primary`. Default:
    /// any.
    std::optional<std::chrono::seconds> max_staleness = {};

    friend bool operator==(const uri_read_preference&, const uri_read_preference&) = default;
};

/// How servers are watched: by a stream of replies, by asking, or by what suits the environment.
enum class server_monitoring_mode : std::uint8_t { automatic, stream, poll };

/// What a message can be compressed with.
enum class compressor : std::uint8_t { snappy, zlib, zstd };

/// A SOCKS5 proxy. `password` is a secret; it and `username` are given together or not at all.
struct proxy_options {
    std::optional<std::string> host = {};    ///< `proxyHost`
    std::optional<std::uint16_t> port = {};  ///< `proxyPort`, default 1080
    std::optional<std::string> username = {};
    std::optional<std::string> password = {};
};

/// The options of a connection string, by their names in the URI options specification; those for
/// logging in are in `uri::credential`. Without a value: not given, or given with a value that is
/// none, of which `uri::warnings` tells. Times are the string's own numbers; defaults are the
/// client's matter. "0: none" is a value of its own and not the same as not given.
struct uri_options {
    // Who this is.
    std::optional<std::string> app_name = {};  ///< at most 128 bytes

    // Which servers.
    std::optional<std::string> replica_set = {};
    std::optional<bool> direct_connection = {};
    std::optional<bool> load_balanced = {};
    std::optional<std::uint32_t> srv_max_hosts = {};   ///< 0: all
    std::optional<std::string> srv_service_name = {};  ///< default "mongodb"
    /// What the names of an SRV answer must end in, without its dots at the ends and in lower case.
    /// Refused as `not_supported` when resolved by a build without the Public Suffix List (libpsl).
    std::optional<std::string> srv_allowed_hosts_suffix = {};
    std::optional<mongoro::server_monitoring_mode> server_monitoring_mode = {};
    std::optional<std::chrono::milliseconds> heartbeat_frequency = {};  ///< 500 ms or more
    std::optional<std::chrono::milliseconds> local_threshold = {};
    /// 0: a server must be known already.
    std::optional<std::chrono::milliseconds> server_selection_timeout = {};
    /// For drivers that do one thing at a time: read and checked, and without effect here.
    std::optional<bool> server_selection_try_once = {};

    // Time.
    std::optional<std::chrono::milliseconds> timeout = {};             ///< 0: no limit
    std::optional<std::chrono::milliseconds> connect_timeout = {};     ///< 0: no limit
    std::optional<std::chrono::milliseconds> socket_timeout = {};      ///< 0: no limit; deprecated
    std::optional<std::chrono::milliseconds> wait_queue_timeout = {};  ///< from 1 ms; deprecated

    // The pool.
    std::optional<std::uint32_t> max_pool_size = {};              ///< 0: no limit
    std::optional<std::uint32_t> min_pool_size = {};              ///< at most `max_pool_size`
    std::optional<std::uint32_t> max_connecting = {};             ///< 1 or more
    std::optional<std::chrono::milliseconds> max_idle_time = {};  ///< 0: no limit

    // Retries.
    std::optional<bool> retry_reads = {};
    std::optional<bool> retry_writes = {};
    std::optional<std::uint32_t> max_adaptive_retries = {};
    std::optional<bool> enable_overload_retargeting = {};

    // Reads and writes; see also `uri::read_concern` and `uri::write_concern`.
    std::optional<uri_read_preference> read_preference = {};
    std::optional<std::string> read_concern_level = {};
    std::optional<std::int32_t> w = {};     ///< a number of members, or
    std::optional<std::string> w_tag = {};  ///< "majority" or a tag; never both
    std::optional<bool> journal = {};
    std::optional<std::chrono::milliseconds> w_timeout = {};  ///< 0: no limit; deprecated

    // Messages.
    std::vector<compressor> compressors = {};  ///< the first that the server has is used
    std::optional<std::int32_t> zlib_compression_level = {};  ///< -1 (zlib's default) to 9

    /// `authSource` as given. Alone it asks for no login.
    std::optional<std::string> auth_source = {};

    tls_options tls = {};
    proxy_options proxy = {};
};

}  // namespace mongoro
