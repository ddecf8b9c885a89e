#pragma once

#include <mongoro/result.hpp>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What an answer of DNS has in it. Pure; the bytes are the network's and may be anything.
namespace mongoro::dns {

/// Where a service is. Priority and weight are not read: the specification ignores them.
struct srv_record {
    std::string host;  ///< in lower case, without the dot at its end
    std::uint16_t port = 0;
    std::chrono::seconds ttl{0};
    /// Why nobody can connect there, else empty: a target that is no host name (`host` has it as
    /// c-ares writes it, what cannot be printed escaped), or port 0. Static.
    std::string_view fault = {};

    friend bool operator==(const srv_record&, const srv_record&) = default;
};

/// The SRV records of a whole message, in its order, also those with a fault; those that say that
/// there is no such service (the target is the root) are left out. `name_resolution_failed` for a
/// message that is malformed.
[[nodiscard]] result<std::vector<srv_record>> parse_srv(std::span<const std::uint8_t> message);

/// The TXT records of a whole message, one text a record: its strings are joined, as the
/// specification asks. `name_resolution_failed` for a message that is malformed.
[[nodiscard]] result<std::vector<std::string>> parse_txt(std::span<const std::uint8_t> message);

}  // namespace mongoro::dns
