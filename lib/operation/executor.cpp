#include "operation/executor.hpp"

#include "wire/server_error.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace mongoro::operation {

bool is_network_error(const error& e) noexcept {
    return e == errc::network_error || e == errc::connection_closed ||
           e == errc::malformed_message || e == errc::message_too_large ||
           e == errc::checksum_mismatch || e == errc::unexpected_reply;
}

namespace {

/// One coroutine for both kinds of caller: a frame less for each operation.
template <typename Pool>
task<result<detail::reply>> round_trip(Pool pool, detail::command_handle c) {
    if constexpr (std::is_same_v<Pool, pool_ptr>) {
        if (pool->refuses()) {
            co_return error(errc::client_closed);
        }
    }
    c->finish();
    if (c->failure()) {
        co_return c->failure();
    }
    auto connection = pool->try_check_out();
    if (!connection) {
        auto waited = co_await pool->check_out();
        if (!waited) {
            co_return waited.error();
        }
        connection = std::move(*waited);
    }
    if (auto bad = c->check_size(connection->limits())) {
        co_return bad;
    }
    const bool acknowledged = c->acknowledged();
    auto reply = co_await connection->run(c, 0, c->document_count());
    if (!reply) {
        if (is_network_error(reply.error())) {
            pool->clear();
        }
        co_return reply.error();
    }
    if (acknowledged) {
        if (auto failed = detail::write_reply_error(reply->body)) {
            co_return failed;
        }
    }
    co_return std::move(*reply);
}

}  // namespace

task<result<detail::reply>> execute(pool_ptr pool, detail::command_handle c) {
    return round_trip(std::move(pool), std::move(c));
}

task<result<detail::reply>> run(pool::connection_pool& pool, detail::command_handle c) {
    return round_trip(&pool, std::move(c));
}

}  // namespace mongoro::operation
