#pragma once

#include "wire/header.hpp"

#include <cstdint>

namespace mongoro::wire {

/// The oldest and newest servers that this driver speaks with (SDAM, "checking wire protocol
/// compatibility"): 8 is MongoDB 4.2. The upper end leaves room for the servers whose minimum is
/// still below it; a server names its own minimum, so a newer one is refused only when it has
/// given up everything known here.
inline constexpr std::int32_t client_min_wire_version = 8;
inline constexpr std::int32_t client_max_wire_version = 29;

/// What a server said in its hello about the sizes it takes; the specification's defaults until
/// then. Bytes and counts, all greater than zero.
struct server_limits {
    std::int32_t max_bson_object_size = 16 * 1024 * 1024;
    /// Of what is sent and of what is received. Never more than the default, which is what every
    /// server has: a peer that nobody has logged in to must not say what memory a reply may take.
    std::int32_t max_message_size_bytes = default_max_message_size;
    std::int32_t max_write_batch_size = 100'000;
    std::int32_t min_wire_version = 0;
    std::int32_t max_wire_version = 0;

    friend bool operator==(const server_limits&, const server_limits&) = default;
};

}  // namespace mongoro::wire
