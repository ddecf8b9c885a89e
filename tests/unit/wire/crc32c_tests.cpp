#include "wire/crc32c.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string_view>
#include <vector>

namespace wire = mongoro::wire;

namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void check_both(std::span<const std::uint8_t> bytes, std::uint32_t expected) {
    CHECK(wire::crc32c(bytes) == expected);
    CHECK(wire::crc32c_portable(bytes) == expected);
}

}  // namespace

TEST_CASE("CRC-32C gives the published values") {
    check_both({}, 0);
    check_both(bytes_of("123456789"), 0xE3069283U);
    check_both(bytes_of("a"), 0xC1D04330U);
    // RFC 3720 (iSCSI), appendix B.4.
    std::vector<std::uint8_t> bytes(32, 0x00);
    check_both(bytes, 0x8A9136AAU);
    bytes.assign(32, 0xFF);
    check_both(bytes, 0x62A8AB43U);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    check_both(bytes, 0x46DD794EU);
    std::iota(bytes.rbegin(), bytes.rend(), std::uint8_t{0});
    check_both(bytes, 0x113FDB5CU);
}

TEST_CASE("CRC-32C goes on over pieces of any size and at any alignment") {
    std::vector<std::uint8_t> bytes(257);
    std::uint32_t state = 1;
    for (auto& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::uint8_t>(state >> 24);
    }
    const std::span all(bytes);
    for (std::size_t start = 0; start < 9; ++start) {
        const auto whole = all.subspan(start);
        const std::uint32_t expected = wire::crc32c(whole);
        CHECK(wire::crc32c_portable(whole) == expected);
        for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
            const std::uint32_t first = wire::crc32c(whole.first(cut));
            CHECK(wire::crc32c(whole.subspan(cut), first) == expected);
            CHECK(wire::crc32c_portable(whole.subspan(cut), first) == expected);
        }
    }
}
