#pragma once

#include <string_view>

namespace mongoro {

/// A library that wraps this driver and adds itself to what the server is told (mongodb-handshake
/// specification, "Supporting Wrapping Libraries"). Its texts follow the driver's own behind a '|',
/// which none of them may hold; of an empty name or version that is all, so that both keep their
/// places, and an empty platform adds nothing.
struct driver_info {
    std::string_view name = {};
    std::string_view version = {};
    std::string_view platform = {};

    friend bool operator==(const driver_info&, const driver_info&) = default;
};

}  // namespace mongoro
