#include "error/retry_tables.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <set>

using mongoro::errc;
using mongoro::error;
namespace detail = mongoro::detail;

namespace {

error server_error(errc code, int number, const char* message = "") {
    error::details d;
    d.code = mongoro::make_error_code(code);
    d.server_code = number;
    d.server_message = message;
    return error(std::move(d));
}

error with_write_concern(errc code, int number, int concern, const char* message = "") {
    error::details d;
    d.code = mongoro::make_error_code(code);
    d.server_code = number;
    d.write_concern = std::make_unique<mongoro::write_concern_error>();
    d.write_concern->code = concern;
    d.write_concern->message = message;
    return error(std::move(d));
}

template <typename Predicate>
std::set<int> codes_of(Predicate predicate) {
    std::set<int> found;
    for (int code = -1; code < 20'000; ++code) {
        if (predicate(code)) {
            found.insert(code);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("the tables hold the codes of the specifications and no others") {
    CHECK(codes_of(detail::is_retryable_read_code) ==
          std::set<int>{6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436});
    CHECK(codes_of(detail::is_retryable_write_code) ==
          std::set<int>{6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436});
    CHECK(codes_of(detail::is_node_recovering_code) == std::set<int>{91, 189, 11600, 11602, 13436});
    CHECK(codes_of(detail::is_not_writable_primary_code) == std::set<int>{10058, 10107, 13435});
    CHECK(codes_of(detail::is_node_shutting_down_code) == std::set<int>{91, 11600});
}

TEST_CASE("a state change is told by the code alone where there is one") {
    CHECK(detail::state_change_of(server_error(errc::command_failed, 10107)).not_writable_primary);
    const auto shutdown = detail::state_change_of(server_error(errc::command_failed, 91));
    CHECK(shutdown.recovering);
    CHECK(shutdown.shutting_down);
    CHECK_FALSE(detail::state_change_of(server_error(errc::command_failed, 189)).shutting_down);
    CHECK_FALSE(detail::state_change_of(
        server_error(errc::command_failed, 1, "not master, node is recovering")));
    CHECK(detail::state_change_of(server_error(errc::handshake_failed, 11600)).recovering);
    CHECK(detail::state_change_of(server_error(errc::authentication_failed, 91)).shutting_down);
    CHECK_FALSE(detail::state_change_of(server_error(errc::authentication_failed, 18)));
    CHECK_FALSE(detail::state_change_of(error(errc::authentication_failed)));
}

TEST_CASE("without a code the message tells, recovering before not master") {
    const auto of = [](const char* message) {
        return detail::state_change_of(server_error(errc::command_failed, 0, message));
    };
    CHECK(of("node is recovering").recovering);
    CHECK(of("not master or secondary; cannot currently read").recovering);
    CHECK_FALSE(of("not master or secondary").not_writable_primary);
    CHECK(of("not master and slaveOk=false").not_writable_primary);
    CHECK_FALSE(of("anything else"));
}

TEST_CASE("a write concern error changes the state too, a write error never does") {
    CHECK(detail::state_change_of(with_write_concern(errc::write_concern_failed, 91, 91))
              .shutting_down);
    CHECK(detail::state_change_of(
              with_write_concern(errc::write_concern_failed, 0, 0, "node is recovering"))
              .recovering);
    CHECK_FALSE(detail::state_change_of(server_error(errc::write_failed, 10107)));
    CHECK_FALSE(detail::state_change_of(error(errc::network_error)));
}

TEST_CASE("a read is tried again after a network error, a cleared pool, or a listed code") {
    CHECK(detail::is_retryable_read_error(errc::network_error));
    CHECK(detail::is_retryable_read_error(errc::connection_closed));
    CHECK(detail::is_retryable_read_error(errc::proxy_failed));
    CHECK(detail::is_retryable_read_error(errc::tls_failed));
    CHECK(detail::is_retryable_read_error(errc::pool_cleared));
    CHECK(detail::is_retryable_read_error(server_error(errc::command_failed, 134)));
    CHECK(detail::is_retryable_read_error(server_error(errc::handshake_failed, 91)));
    CHECK(detail::is_retryable_read_error(server_error(errc::authentication_failed, 91)));
    CHECK_FALSE(detail::is_retryable_read_error(server_error(errc::authentication_failed, 18)));
    CHECK_FALSE(detail::is_retryable_read_error(server_error(errc::command_failed, 26)));
    CHECK_FALSE(detail::is_retryable_read_error(errc::operation_cancelled));
    CHECK_FALSE(detail::is_retryable_read_error(errc::malformed_message));
    CHECK_FALSE(detail::is_retryable_read_error(error{}));
    CHECK_FALSE(
        detail::is_retryable_read_error(with_write_concern(errc::write_concern_failed, 91, 91)));
}

TEST_CASE("the driver labels a write's error itself only for old servers and network errors") {
    CHECK(detail::needs_retryable_write_label(errc::network_error, 25, false));
    CHECK(detail::needs_retryable_write_label(errc::pool_cleared, 25, false));
    CHECK_FALSE(
        detail::needs_retryable_write_label(server_error(errc::command_failed, 91), 9, false));
    CHECK(detail::needs_retryable_write_label(server_error(errc::command_failed, 91), 8, false));
    CHECK(detail::needs_retryable_write_label(server_error(errc::command_failed, 91), 8, true));
    CHECK_FALSE(
        detail::needs_retryable_write_label(server_error(errc::command_failed, 134), 8, false));
    CHECK_FALSE(
        detail::needs_retryable_write_label(server_error(errc::write_failed, 91), 8, false));
    const auto concern = with_write_concern(errc::write_concern_failed, 91, 91);
    CHECK(detail::needs_retryable_write_label(concern, 8, false));
    CHECK_FALSE(detail::needs_retryable_write_label(concern, 8, true));
}
