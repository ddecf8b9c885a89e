#pragma once

#include <mongoro/bson/array_view.hpp>
#include <mongoro/result.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro {

/// Which members of a replica set a read may go to (server selection, "mode").
enum class read_mode : std::uint8_t {
    primary,
    primary_preferred,    ///< the primary if there is one, else an eligible secondary
    secondary,            ///< eligible secondaries only
    secondary_preferred,  ///< an eligible secondary if there is one, else the primary
    nearest,              ///< the primary and eligible secondaries alike
};

/// The name that the server knows: `primaryPreferred`.
[[nodiscard]] std::string_view to_string(read_mode mode) noexcept;

/// Which servers a read may go to. Views and scalars only, as all options of an operation.
///
/// Standalone servers ignore it; a mongos or load balancer applies it in the place of the driver.
/// Spec: server-selection, "Read Preference"; max-staleness.
struct read_preference {
    read_mode mode = read_mode::primary;
    /// Documents of strings, tried in their order until one matches a candidate: `[{dc: "ny"}, {}]`
    /// prefers New York and takes any other. Empty: every server. Only without mode `primary`.
    bson::array_view tag_sets = {};
    /// How far a secondary may lag behind by the driver's estimate. Default, and -1 s: any lag. At
    /// least 90 s, and at least `heartbeatFrequencyMS` plus 10 s. Only without mode `primary`.
    std::optional<std::chrono::seconds> max_staleness = std::nullopt;
    /// Whether a mongos may ask two members at once. Default: the server's choice, not sent. Only
    /// without mode `primary`. Deprecated: MongoDB 8.0 deprecates hedged reads, and a later version
    /// will have none; the log warns of it once a client.
    std::optional<bool> hedge = std::nullopt;

    /// Whether there is a limit of staleness; one of zero is no "none" but an error.
    [[nodiscard]] bool has_max_staleness() const noexcept {
        return max_staleness && *max_staleness != std::chrono::seconds(-1);
    }

    /// `errc::invalid_argument` for what is wrong with every deployment: tag sets, a staleness or a
    /// hedge with mode `primary`; tag sets that are no documents of strings; a negative staleness
    /// other than -1 s. Too small a staleness is an error only of a replica set, when a server is
    /// selected.
    [[nodiscard]] result<void> check() const;

    /// All of it on one line, for a log or an error: `{mode: secondary, tags: [{dc: ny}],
    /// maxStalenessSeconds: 120}`.
    [[nodiscard]] std::string to_string() const;
};

}  // namespace mongoro
