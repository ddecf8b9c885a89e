#pragma once

#include <mongoro/result.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace mongoro::bson {

/// A 12-byte identifier: 4 bytes of seconds, 5 random ones of the process, a 3-byte counter.
///
/// A regular value, ordered as the server orders it (by bytes). The default one is all zeros.
/// Spec: source/bson-objectid/objectid.md
class object_id {
 public:
    static constexpr std::size_t size_bytes = 12;

    constexpr object_id() noexcept = default;
    constexpr explicit object_id(std::span<const std::uint8_t, size_bytes> bytes) noexcept {
        for (std::size_t i = 0; i < size_bytes; ++i) {
            bytes_[i] = bytes[i];
        }
    }

    /// A new id: unique among all processes, for 2^24 ids a second in each.
    ///
    /// Thread-safe and lock-free; no system call but the clock that the vDSO answers. A forked
    /// child has random bytes of its own.
    [[nodiscard]] static object_id generate() noexcept;

    /// 24 hexadecimal digits of either case; anything else is `errc::invalid_argument`.
    [[nodiscard]] static result<object_id> from_string(std::string_view hex);

    /// 24 lower-case hexadecimal digits.
    [[nodiscard]] std::string to_string() const;

    /// Seconds since 1970 as the unsigned 32-bit number that the spec asks for: up to the year
    /// 2106.
    [[nodiscard]] std::chrono::sys_seconds time() const noexcept {
        const std::uint32_t seconds = std::uint32_t{bytes_[0]} << 24 |
                                      std::uint32_t{bytes_[1]} << 16 |
                                      std::uint32_t{bytes_[2]} << 8 | std::uint32_t{bytes_[3]};
        return std::chrono::sys_seconds{std::chrono::seconds{seconds}};
    }

    [[nodiscard]] constexpr std::span<const std::uint8_t, size_bytes> bytes() const noexcept {
        return bytes_;
    }

    friend constexpr bool operator==(const object_id&, const object_id&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const object_id&,
                                                      const object_id&) noexcept = default;

 private:
    std::array<std::uint8_t, size_bytes> bytes_{};
};

}  // namespace mongoro::bson

template <>
struct std::hash<mongoro::bson::object_id> {
    std::size_t operator()(const mongoro::bson::object_id& id) const noexcept {
        // Time and counter are what differs between the ids of one process; both words take part.
        std::uint64_t front = 0;
        std::uint32_t back = 0;
        std::memcpy(&front, id.bytes().data(), sizeof front);
        std::memcpy(&back, id.bytes().data() + sizeof front, sizeof back);
        std::uint64_t h = (front ^ back) * 0x9E3779B97F4A7C15U;
        h ^= h >> 32;
        return static_cast<std::size_t>(h * 0xD6E8FEB86659FD93U ^ (h >> 29));
    }
};

namespace mongoro {
using bson::object_id;
}
