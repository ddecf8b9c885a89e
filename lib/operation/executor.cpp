#include "operation/executor.hpp"

#include "wire/message.hpp"
#include "wire/server_error.hpp"

#include <string>

namespace mongoro::operation {

bool is_network_error(const error& e) noexcept {
    return e == errc::network_error || e == errc::connection_closed ||
           e == errc::malformed_message || e == errc::message_too_large ||
           e == errc::checksum_mismatch || e == errc::unexpected_reply;
}

namespace {

/// The command is ready to be sent, and a connection is there for it.
task<result<pool::lease>> check_out(pool::connection_pool& pool, wire::command& c) {
    c.finish();
    if (c.failure()) {
        co_return c.failure();
    }
    if (auto idle = pool.try_check_out()) {
        co_return std::move(idle);
    }
    co_return co_await pool.check_out();
}

}  // namespace

task<result<detail::reply>> execute(pool_ptr pool, detail::command_handle c) {
    if (pool->refuses()) {
        co_return error(errc::client_closed);
    }
    co_return co_await run(*pool, std::move(c));
}

task<result<detail::reply>> run(pool::connection_pool& pool, detail::command_handle c) {
    auto lease = co_await check_out(pool, *c);
    if (!lease) {
        co_return lease.error();
    }
    if (auto bad = c->check_size((*lease)->limits())) {
        co_return bad;
    }
    const bool acknowledged = c->acknowledged();
    auto reply = co_await (*lease)->run(c, 0, c->document_count());
    if (!reply) {
        if (is_network_error(reply.error())) {
            pool.clear();
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

}  // namespace mongoro::operation
