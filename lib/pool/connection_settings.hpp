#pragma once

#include <mongoro/uri.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace mongoro::tls {
class context;
}

namespace mongoro::pool {

/// Everything that a new connection needs to know.
struct connection_settings {
    host_address host;
    std::chrono::milliseconds connect_timeout{10'000};  ///< 0: none
    std::chrono::milliseconds drain_timeout{3'000};
    std::string app_name;
    bool validate_replies = false;
    bool checksums = false;      ///< never on TLS, which has its own
    bool load_balanced = false;  ///< hello says so, and must be answered with a `serviceId`
    std::shared_ptr<tls::context> tls = nullptr;  ///< null: connections do not use TLS
};

}  // namespace mongoro::pool
