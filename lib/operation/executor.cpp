#include "operation/executor.hpp"

#include "operation/monitored.hpp"
#include "operation/waiting_place.hpp"
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
    waiting_place waiting;  // goes first: a reply that is given up is drained before the check-in
    if (!connection) {
        if (pool->closed()) {
            co_return error(errc::client_closed);
        }
        if (!pool->reserve()) {
            auto& turn = waiting.in_line(*pool);
            if (auto failed = co_await turn) {
                co_return failed;
            }
            connection = turn.take();
        }
        if (!connection) {
            auto opened = co_await pool->open();
            if (!opened) {
                co_return opened.error();
            }
            connection = std::move(*opened);
        }
    }
    if (auto bad = c->check_size(connection->limits())) {
        co_return bad;
    }
    const bool acknowledged = c->acknowledged();
    monitored_command monitored;
    monitored.started(pool->settings().commands, 0, *connection, *c, 0, c->document_count());
    // By name: g++ 12 would copy what a call in co_await gives.
    auto& exchange = waiting.for_reply(*connection, c, 0, c->document_count());
    auto reply = co_await exchange;
    monitored.ended(reply);
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
