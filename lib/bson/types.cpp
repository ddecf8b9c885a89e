#include "bson/hex.hpp"

#include <mongoro/bson/types.hpp>

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace mongoro::bson {

namespace {

/// Unlike any other at least: of time, process and a count, mixed as by splitmix64.
void fill_without_kernel(std::array<std::uint8_t, 16>& bytes) noexcept {
    static std::atomic<std::uint64_t> count{0};
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::uint64_t state = static_cast<std::uint64_t>(now.tv_nsec) ^
                          static_cast<std::uint64_t>(now.tv_sec) << 30U ^
                          static_cast<std::uint64_t>(::getpid()) << 48U;
    state += count.fetch_add(1, std::memory_order_relaxed) * 2 * 0x9E3779B97F4A7C15U;
    for (std::size_t at = 0; at < bytes.size(); at += sizeof state) {
        state += 0x9E3779B97F4A7C15U;
        std::uint64_t word = state;
        word = (word ^ word >> 30U) * 0xBF58476D1CE4E5B9U;
        word = (word ^ word >> 27U) * 0x94D049BB133111EBU;
        word ^= word >> 31U;
        std::memcpy(bytes.data() + at, &word, sizeof word);
    }
}

}  // namespace

uuid uuid::generate() noexcept {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t have = 0;
    // Blocks only before the kernel's generator was ever ready; a signal may cut a call short.
    while (have < bytes.size()) {
        const auto n = ::getrandom(bytes.data() + have, bytes.size() - have, 0);
        if (n < 0 && errno != EINTR) [[unlikely]] {
            // The system call is refused or unknown.
            fill_without_kernel(bytes);
            break;
        }
        have += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
    return uuid(std::span<const std::uint8_t, 16>(bytes));
}

result<uuid> uuid::from_string(std::string_view text) {
    uuid out;
    std::size_t at = 0;
    bool good = text.size() == 36;
    for (std::size_t i = 0; good && i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            good = text[at++] == '-';
        }
        const int high = detail::hex_value(text[at]);
        const int low = detail::hex_value(text[at + 1]);
        good = good && high >= 0 && low >= 0;
        out.bytes_[i] = static_cast<std::uint8_t>((high & 15) << 4 | (low & 15));
        at += 2;
    }
    if (!good) {
        return error(errc::invalid_argument, "not a UUID");
    }
    return out;
}

std::string uuid::to_string() const {
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += detail::hex_digits[bytes_[i] >> 4];
        text += detail::hex_digits[bytes_[i] & 15];
    }
    return text;
}

}  // namespace mongoro::bson
