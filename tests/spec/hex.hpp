#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

/// The bytes that the specifications write as hexadecimal digits of either case.
[[nodiscard]] inline std::vector<std::uint8_t> from_hex(std::string_view text) {
    const auto digit = [](char c) -> unsigned {
        const auto place = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
        if (place == std::string_view::npos) {
            throw std::invalid_argument("a character that is no hexadecimal digit");
        }
        return static_cast<unsigned>(place % 16);
    };
    if (text.size() % 2 != 0) {
        throw std::invalid_argument("half of a byte in hexadecimal digits");
    }
    std::vector<std::uint8_t> bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4U | digit(text[i + 1])));
    }
    return bytes;
}

[[nodiscard]] inline std::string to_hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const auto byte : bytes) {
        text += "0123456789ABCDEF"[byte >> 4U];
        text += "0123456789ABCDEF"[byte & 0xFU];
    }
    return text;
}

}  // namespace mongoro::spec
