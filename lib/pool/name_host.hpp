#pragma once

#include <mongoro/error.hpp>
#include <mongoro/uri.hpp>

namespace mongoro::pool {

/// What is wrong with something that a server sent, and which server it was.
[[nodiscard]] inline error name_host(const host_address& host, const error& e) {
    return {e.code(), host.to_string(), e};
}

}  // namespace mongoro::pool
