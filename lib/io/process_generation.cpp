#include "io/process_generation.hpp"

#include <pthread.h>

namespace mongoro::io {

constinit std::atomic<std::uint32_t> process_generation{0};

std::uint32_t watch_forks() noexcept {
    static const int registered = ::pthread_atfork(
        nullptr, nullptr, [] { process_generation.fetch_add(1, std::memory_order_relaxed); });
    static_cast<void>(registered);
    return process_generation.load(std::memory_order_relaxed);
}

}  // namespace mongoro::io
