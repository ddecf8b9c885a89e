#include "bson/hex.hpp"

#include <mongoro/bson/object_id.hpp>

#include <bson/bson.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace mongoro::bson {

namespace {

// Generation is our own: bson_oid_init takes a context and, in a process that forks, asks getpid()
// for every id, a system call each. The spec wants one random value and one counter a process,
// hence the only global state of the library: three atomics.
constexpr std::uint64_t seeded_bit = std::uint64_t{1} << 63;

std::atomic<std::uint64_t> process_random{0};  // 40 bits, and seeded_bit once they are there
std::atomic<std::uint32_t> counter{0};

std::uint64_t random_word() noexcept {
    std::uint64_t word = 0;
    if (::getrandom(&word, sizeof word, GRND_NONBLOCK) != sizeof word) {
        // No entropy yet, early at boot. The spec allows time and process id instead.
        timespec now{};
        ::clock_gettime(CLOCK_REALTIME, &now);
        word = static_cast<std::uint64_t>(now.tv_nsec) ^
               static_cast<std::uint64_t>(now.tv_sec) << 30 ^
               static_cast<std::uint64_t>(::getpid()) * 0x9E3779B97F4A7C15U;
        word = (word ^ word >> 31) * 0xBF58476D1CE4E5B9U;
        word ^= word >> 27;
    }
    return word;
}

// A child's bytes must differ from its parent's.
void forget_in_child() noexcept {
    process_random.store(0, std::memory_order_relaxed);
}

std::uint64_t seed() noexcept {
    static const int registered = ::pthread_atfork(nullptr, nullptr, &forget_in_child);
    (void)registered;
    const std::uint64_t fresh = random_word() | seeded_bit;
    std::uint64_t expected = 0;
    // Several threads may come here at once: the first one's value holds. The counter's start may
    // be set after another thread took from it: no harm, since seconds and counter together stay
    // unique only if it does not go back; so it is advanced, never set.
    if (!process_random.compare_exchange_strong(expected, fresh, std::memory_order_relaxed)) {
        return expected;
    }
    counter.fetch_add(static_cast<std::uint32_t>(random_word()) & 0xFFFFFFU,
                      std::memory_order_relaxed);
    return fresh;
}

}  // namespace

[[gnu::hot]] object_id object_id::generate() noexcept {
    std::uint64_t random = process_random.load(std::memory_order_relaxed);
    if (random == 0) [[unlikely]] {
        random = seed();
    }
    const std::uint32_t count = counter.fetch_add(1, std::memory_order_relaxed);
    // The coarse clock is read from the vDSO without touching the counter of cycles; seconds are
    // all we need.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    const auto seconds = static_cast<std::uint32_t>(now.tv_sec);

    // Big-endian: four bytes of time, five of the process, three of the counter.
    const std::uint64_t high = std::uint64_t{seconds} << 32 | (random >> 8 & 0xFFFFFFFFU);
    const auto low = static_cast<std::uint32_t>(random << 24 | (count & 0xFFFFFFU));
    const std::uint64_t first = __builtin_bswap64(high);
    const std::uint32_t last = __builtin_bswap32(low);
    object_id id;
    std::memcpy(id.bytes_.data(), &first, sizeof first);
    std::memcpy(id.bytes_.data() + sizeof first, &last, sizeof last);
    return id;
}

result<object_id> object_id::from_string(std::string_view hex) {
    // bson_oid_is_valid also takes a length of 12 for raw bytes: only text is meant here.
    if (hex.size() != 24 || !bson_oid_is_valid(hex.data(), hex.size())) {
        return error(errc::invalid_argument, "an ObjectId is 24 hexadecimal digits");
    }
    char text[25] = {};
    hex.copy(text, 24);
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, text);
    return object_id(std::span<const std::uint8_t, size_bytes>(oid.bytes));
}

std::string object_id::to_string() const {
    std::string text;
    text.reserve(24);
    for (const std::uint8_t byte : bytes_) {
        text += detail::hex_digits[byte >> 4];
        text += detail::hex_digits[byte & 15];
    }
    return text;
}

}  // namespace mongoro::bson
