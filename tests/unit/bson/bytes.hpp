#pragma once

#include <mongoro/bson/document_view.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace mongoro::bson::test {

/// Bytes from hexadecimal text; spaces are for the reader.
inline std::vector<std::uint8_t> hex(std::string_view text) {
    std::vector<std::uint8_t> out;
    int high = -1;
    for (const char c : text) {
        if (c == ' ') {
            continue;
        }
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<std::uint8_t>(high << 4 | digit));
            high = -1;
        }
    }
    return out;
}

inline std::vector<std::uint8_t> bytes_of(document_view view) {
    return {view.bytes().begin(), view.bytes().end()};
}

/// Bytes in a block of exactly their size, so that a sanitizer sees the first access beyond them.
inline document_view view_of(const std::vector<std::uint8_t>& bytes) {
    return {bytes.data(), bytes.size()};
}

}  // namespace mongoro::bson::test
