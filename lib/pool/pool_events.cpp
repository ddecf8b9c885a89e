#include <mongoro/events/pool.hpp>

namespace mongoro {

std::string_view to_string(connection_closed_reason reason) noexcept {
    switch (reason) {
        case connection_closed_reason::stale:
            return "stale";
        case connection_closed_reason::idle:
            return "idle";
        case connection_closed_reason::error:
            return "error";
        case connection_closed_reason::pool_closed:
            return "poolClosed";
    }
    return "error";
}

std::string_view to_string(check_out_failed_reason reason) noexcept {
    switch (reason) {
        case check_out_failed_reason::pool_closed:
            return "poolClosed";
        case check_out_failed_reason::timeout:
            return "timeout";
        case check_out_failed_reason::connection_error:
            return "connectionError";
    }
    return "connectionError";
}

}  // namespace mongoro
