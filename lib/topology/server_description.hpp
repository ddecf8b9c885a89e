#pragma once

#include "wire/hello.hpp"

#include <mongoro/server_description.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro::topology {

/// What a server's monitor knows of its round trips.
struct round_trip {
    std::optional<std::chrono::nanoseconds> average{};
    std::chrono::nanoseconds min{};
};

/// An address of a seed list or of a hello as the topology has it: in lower case, with its port.
/// The zone of an IPv6 address stays as it is.
[[nodiscard]] std::string normal_address(std::string_view address);

/// The description that a hello's reply gives (SDAM, "Parsing a hello or legacy hello response").
///
/// What a field holds that the specification does not know is taken for left out: a server with odd
/// tags is still a server. So is a date of a write that is more than 10^15 ms from the epoch.
[[nodiscard]] server_description described(std::string_view address, const wire::hello_reply& hello,
                                           round_trip rtt, server_description::time_point now);

/// The default description, with the error that there is in the place of a hello.
[[nodiscard]] server_description unknown_server(
    std::string_view address, error why = {},
    server_description::time_point when = server_description::time_point::min());

/// The `topologyVersion` in a reply or an error's reply; empty for none, or one that cannot be
/// read.
[[nodiscard]] std::optional<topology_version> topology_version_of(bson::document_view reply);

/// Whether what came with `theirs` is news to a description that has `ours`. Unless both are there
/// and of one process it is assumed to be.
enum class freshness : std::uint8_t { older, same, newer };
[[nodiscard]] freshness compare(const std::optional<topology_version>& theirs,
                                const std::optional<topology_version>& ours) noexcept;

/// The same code and words, all the way down to the causes.
[[nodiscard]] bool same_error(const error& a, const error& b) noexcept;

}  // namespace mongoro::topology
