#include "bson/hex.hpp"

#include <mongoro/bson/types.hpp>

#include <sys/random.h>

namespace mongoro::bson {

uuid uuid::generate() noexcept {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t have = 0;
    // Blocks only before the kernel's generator was ever ready; a signal may cut a call short.
    while (have < bytes.size()) {
        const auto n = ::getrandom(bytes.data() + have, bytes.size() - have, 0);
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
