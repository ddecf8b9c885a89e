#pragma once

#include "pool/connection_pool.hpp"

#include <stop_token>

namespace mongoro::pool {

/// A connection that is being opened. The coroutine that opens it shares it with the pool.
struct connection_pool::opening {
    connection_record record;
    std::stop_source stop;
    bool abandoned = false;  ///< the pool has let go of it
};

}  // namespace mongoro::pool
