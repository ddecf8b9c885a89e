#include "wire/crc32c.hpp"

#include "wire/little_endian.hpp"

#include <array>
#include <cstddef>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace mongoro::wire {

namespace {

constexpr std::uint32_t polynomial = 0x82F63B78U;

using table_set = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b]: what byte b does to the CRC when k more bytes follow it, so that eight bytes are
// eight independent look-ups instead of a chain of eight.
constexpr table_set make_tables() {
    table_set tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? polynomial : 0U);
        }
        tables[0][byte] = crc;
    }
    for (std::size_t k = 1; k < tables.size(); ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[k - 1][byte];
            tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFFU];
        }
    }
    return tables;
}

constexpr table_set tables = make_tables();

#if defined(__x86_64__)

// The attribute, not a compiler option: the file must run on a processor without SSE4.2.
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::span<const std::uint8_t> bytes,
                                                             std::uint32_t crc) noexcept {
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t state = static_cast<std::uint32_t>(~crc);
    for (; left >= 8; at += 8, left -= 8) {
        state = _mm_crc32_u64(state, load_u64(at));
    }
    auto narrow = static_cast<std::uint32_t>(state);
    for (; left != 0; ++at, --left) {
        narrow = _mm_crc32_u8(narrow, *at);
    }
    return ~narrow;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(std::span<const std::uint8_t> bytes, std::uint32_t crc) noexcept {
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    crc = ~crc;
    for (; left >= 8; at += 8, left -= 8) {
        const std::uint32_t low = load_u32(at) ^ crc;
        const std::uint32_t high = load_u32(at + 4);
        crc = tables[7][low & 0xFFU] ^ tables[6][(low >> 8) & 0xFFU] ^
              tables[5][(low >> 16) & 0xFFU] ^ tables[4][low >> 24] ^ tables[3][high & 0xFFU] ^
              tables[2][(high >> 8) & 0xFFU] ^ tables[1][(high >> 16) & 0xFFU] ^
              tables[0][high >> 24];
    }
    for (; left != 0; ++at, --left) {
        crc = (crc >> 8) ^ tables[0][(crc ^ *at) & 0xFFU];
    }
    return ~crc;
}

std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t crc) noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return crc32c_sse42(bytes, crc);
    }
#endif
    return crc32c_portable(bytes, crc);
}

}  // namespace mongoro::wire
