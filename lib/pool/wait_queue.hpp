#pragma once

#include "io/wait_queue.hpp"

namespace mongoro::pool {

using io::wait_queue;

}  // namespace mongoro::pool
