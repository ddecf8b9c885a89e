#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace mongoro::wire {

/// The wire protocol and BSON are little-endian; these compile to one move on x86 and ARM.
///
/// The caller has checked that the bytes are there.
[[nodiscard]] inline std::uint32_t load_u32(const std::uint8_t* from) noexcept {
    std::uint32_t value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (std::endian::native == std::endian::big) {
        value = __builtin_bswap32(value);
    }
    return value;
}

[[nodiscard]] inline std::int32_t load_i32(const std::uint8_t* from) noexcept {
    return static_cast<std::int32_t>(load_u32(from));
}

[[nodiscard]] inline std::uint64_t load_u64(const std::uint8_t* from) noexcept {
    std::uint64_t value;
    std::memcpy(&value, from, sizeof value);
    if constexpr (std::endian::native == std::endian::big) {
        value = __builtin_bswap64(value);
    }
    return value;
}

inline void store_u32(std::uint8_t* to, std::uint32_t value) noexcept {
    if constexpr (std::endian::native == std::endian::big) {
        value = __builtin_bswap32(value);
    }
    std::memcpy(to, &value, sizeof value);
}

inline void store_i32(std::uint8_t* to, std::int32_t value) noexcept {
    store_u32(to, static_cast<std::uint32_t>(value));
}

}  // namespace mongoro::wire
