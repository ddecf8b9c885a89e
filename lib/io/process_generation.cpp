#include "io/process_generation.hpp"

#include <pthread.h>

namespace mongoro::io {

constinit std::atomic<std::uint32_t> process_generation::now_{0};

process_generation::process_generation() noexcept {
    static const int registered =
        ::pthread_atfork(nullptr, nullptr, [] { now_.fetch_add(1, std::memory_order_relaxed); });
    static_cast<void>(registered);
    mine_ = now_.load(std::memory_order_relaxed);
}

}  // namespace mongoro::io
