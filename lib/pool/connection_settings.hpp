#pragma once

#include <mongoro/uri.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace mongoro::pool {

/// Everything that a new connection needs to know.
struct connection_settings {
    host_address host;
    std::chrono::milliseconds connect_timeout{10'000};  ///< 0: none
    std::chrono::milliseconds drain_timeout{3'000};
    std::string app_name;
    bool validate_replies = false;
    bool checksums = false;
    bool load_balanced = false;  ///< hello says so, and must be answered with a `serviceId`
    std::vector<compressor> compressors;  ///< the first that the server has too; none: no messages
                                          ///< are compressed
    std::int32_t zlib_level = -1;         ///< -1 (zlib's default) to 9
};

}  // namespace mongoro::pool
