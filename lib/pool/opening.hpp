#pragma once

#include "pool/connection_pool.hpp"
#include "pool/handshake.hpp"

#include <optional>
#include <stop_token>

namespace mongoro::pool {

/// A connection that is being opened. The coroutine that opens it shares it with the pool.
struct connection_pool::opening final : opening_watch {
    explicit opening(connection_pool& pool) noexcept : pool(pool) {}

    void hello_answered() override {
        answered = clock::now();
        if (!abandoned) {
            pool.state_.join(record);
        }
    }

    connection_pool& pool;  ///< there until it has let go of it
    std::stop_source stop;
    clock::time_point answered{};  ///< when hello was; the login comes after it
    bool waited_for = false;       ///< by a check-out when it began, and not only by `min_size`
    bool timed = false;            ///< and that is an operation's with a `timeoutMS`
    std::optional<deadline> wanted_by;  ///< the operation's
    bool abandoned = false;             ///< the pool has let go of it
};

}  // namespace mongoro::pool
