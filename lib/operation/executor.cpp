#include "operation/executor.hpp"

#include "operation/waiting_place.hpp"
#include "wire/server_error.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace mongoro::operation {

void note_error(pool::connection_pool& pool, const pool::connection& c, const error& e) noexcept {
    // Of an older generation: the pool has been cleared for it, or for the like, already.
    if (is_network_error(e) && c.generation() == pool.generation()) {
        pool.clear(e, std::nullopt, false);
        pool.ready();
    }
}

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
    if (pool->core().forked()) [[unlikely]] {
        co_return error(errc::used_after_fork);
    }
    c->finish();
    if (c->failure()) {
        co_return c->failure();
    }
    auto connection = pool->try_check_out();
    waiting_place waiting;  // goes first: a reply that is given up is drained before the check-in
    if (!connection) {
        auto& turn = waiting.in_line(*pool);
        if (auto failed = co_await turn) {
            co_return failed;
        }
        connection = turn.take();
    }
    if (auto bad = c->check_size(connection->limits())) {
        co_return bad;
    }
    const bool acknowledged = c->acknowledged();
    // By name: g++ 12 would copy what a call in co_await gives.
    auto& exchange = waiting.for_reply(*connection, c, 0, c->document_count());
    auto reply = co_await exchange;
    if (!reply) {
        note_error(*pool, *connection, reply.error());
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
