#pragma once

#include <mongoro/options/uri.hpp>
#include <mongoro/uri.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace mongoro::dns {
class resolver;
}

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
    std::shared_ptr<dns::resolver> names;        ///< null: one is made for each connection
    std::shared_ptr<const proxy_options> proxy;  ///< null: none. A host is in it
};

}  // namespace mongoro::pool
