#pragma once

#include "backends.hpp"
#include "dns_server.hpp"

#include "dns/resolver.hpp"

#include <mongoro/uri.hpp>
#include <mongoro/with_deadline.hpp>
#include <mongoro/with_stop.hpp>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::test {

using namespace std::chrono_literals;

/// A port at which no name server is.
constexpr std::string_view nobody = "127.0.0.1:1";

inline dns::resolver_options asking(std::string_view server) {
    dns::resolver_options options;
    options.servers = server;
    options.timeout = 5s;
    options.tries = 1;
    options.is_reachable = [](const io::address&) noexcept { return true; };
    return options;
}

inline dns::resolver_options asking(const dns_server& server) {
    return asking(server.address());
}

/// One that gives up soon: for who is not answered.
inline dns::resolver_options asking_briefly(const dns_server& server) {
    auto options = asking(server);
    options.timeout = 50ms;
    return options;
}

inline std::vector<std::string> texts_of(const std::vector<io::address>& addresses) {
    std::vector<std::string> texts;
    for (const auto& one : addresses) {
        texts.push_back(one.to_string());
    }
    return texts;
}

/// The system's, while it lives.
class search_domains {
 public:
    explicit search_domains(const char* list) { ::setenv("LOCALDOMAIN", list, 1); }
    search_domains(const search_domains&) = delete;
    search_domains& operator=(const search_domains&) = delete;
    ~search_domains() { ::unsetenv("LOCALDOMAIN"); }
};

inline bool says(const error& e, std::string_view what) {
    return e.to_string().find(what) != std::string::npos;
}

}  // namespace mongoro::test
