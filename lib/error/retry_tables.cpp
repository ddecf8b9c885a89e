#include "error/retry_tables.hpp"

#include <algorithm>
#include <array>

namespace mongoro::detail {

namespace {

// Names as in the specifications; the server's source has them in error_codes.yml.
enum code : int {
    host_unreachable = 6,
    host_not_found = 7,
    network_timeout = 89,
    shutdown_in_progress = 91,
    read_concern_majority_not_available_yet = 134,
    primary_stepped_down = 189,
    exceeded_time_limit = 262,
    socket_exception = 9001,
    legacy_not_primary = 10058,
    not_writable_primary = 10107,
    interrupted_at_shutdown = 11600,
    interrupted_due_to_repl_state_change = 11602,
    not_primary_no_secondary_ok = 13435,
    not_primary_or_secondary = 13436,
};

constexpr std::array retryable_write_codes{
    host_unreachable,
    host_not_found,
    network_timeout,
    shutdown_in_progress,
    primary_stepped_down,
    exceeded_time_limit,
    socket_exception,
    not_writable_primary,
    interrupted_at_shutdown,
    interrupted_due_to_repl_state_change,
    not_primary_no_secondary_ok,
    not_primary_or_secondary,
};
constexpr std::array recovering_codes{
    shutdown_in_progress,     primary_stepped_down,
    interrupted_at_shutdown,  interrupted_due_to_repl_state_change,
    not_primary_or_secondary,
};
constexpr std::array not_writable_primary_codes{
    legacy_not_primary,
    not_writable_primary,
    not_primary_no_secondary_ok,
};
constexpr std::array shutting_down_codes{shutdown_in_progress, interrupted_at_shutdown};

template <typename Table>
bool among(const Table& table, int wanted) noexcept {
    return std::find(table.begin(), table.end(), wanted) != table.end();
}

bool contains(std::string_view text, std::string_view part) noexcept {
    return text.find(part) != std::string_view::npos;
}

void classify(state_change& state, int code, std::string_view message) noexcept {
    if (code != 0) {
        state.recovering |= is_node_recovering_code(code);
        state.not_writable_primary |= is_not_writable_primary_code(code);
        state.shutting_down |= is_node_shutting_down_code(code);
    } else if (contains(message, "node is recovering") ||
               contains(message, "not master or secondary")) {
        state.recovering = true;
    } else if (contains(message, "not master")) {
        state.not_writable_primary = true;
    }
}

// The top-level code of an error with writeErrors is that of a write, not of the command. What a
// server refuses of a hello or of a login, it may refuse since it is shutting down.
bool is_command_error(const error& e) noexcept {
    return e == errc::command_failed || e == errc::handshake_failed ||
           e == errc::authentication_failed;
}

}  // namespace

bool is_retryable_read_code(int code) noexcept {
    return code == read_concern_majority_not_available_yet || among(retryable_write_codes, code);
}

bool is_retryable_write_code(int code) noexcept {
    return among(retryable_write_codes, code);
}

bool is_node_recovering_code(int code) noexcept {
    return among(recovering_codes, code);
}

bool is_not_writable_primary_code(int code) noexcept {
    return among(not_writable_primary_codes, code);
}

bool is_node_shutting_down_code(int code) noexcept {
    return among(shutting_down_codes, code);
}

state_change state_change_of(const error& e) noexcept {
    state_change state;
    if (is_command_error(e)) {
        classify(state, e.server_code(), e.server_message());
    }
    if (const auto* concern = e.write_concern()) {
        classify(state, concern->code, concern->message);
    }
    return state;
}

bool is_network_error(const error& e) noexcept {
    return e == errc::network_error || e == errc::connection_closed || e == errc::connect_failed ||
           e == errc::connect_timed_out || e == errc::socket_timed_out ||
           e == errc::name_resolution_failed || e == errc::proxy_failed || e == errc::tls_failed;
}

bool is_retryable_read_error(const error& e) noexcept {
    return is_network_error(e) || e == errc::pool_cleared ||
           (is_command_error(e) && is_retryable_read_code(e.server_code()));
}

bool needs_retryable_write_label(const error& e, int max_wire_version, bool from_mongos) noexcept {
    if (is_network_error(e) || e == errc::pool_cleared) {
        return true;
    }
    if (max_wire_version >= 9) {
        return false;
    }
    if (is_command_error(e) && is_retryable_write_code(e.server_code())) {
        return true;
    }
    const auto* concern = e.write_concern();
    return !from_mongos && concern != nullptr && is_retryable_write_code(concern->code);
}

}  // namespace mongoro::detail
