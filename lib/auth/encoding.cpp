#include "auth/encoding.hpp"

#include "bson/hex.hpp"
#include "bson/json_scalar.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace mongoro::auth {

namespace {

bool is_unreserved(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const auto byte : bytes) {
        text += bson::detail::hex_digits[byte >> 4];
        text += bson::detail::hex_digits[byte & 15];
    }
    return text;
}

std::string to_base64(std::span<const std::uint8_t> bytes) {
    std::string text;
    bson::detail::append_base64(text, bytes);
    return text;
}

std::string percent_encoded(std::string_view text, std::string_view kept) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    // Exactly: it may be a secret, and must not move.
    const auto stays = [kept](char c) {
        return is_unreserved(c) || kept.find(c) != std::string_view::npos;
    };
    const auto staying = static_cast<std::size_t>(std::ranges::count_if(text, stays));
    out.reserve(3 * text.size() - 2 * staying);
    for (const char c : text) {
        if (stays(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

std::string amz_date(std::chrono::sys_seconds when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(when - day);
    std::array<char, 32> text{};
    const int n = std::snprintf(
        text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()));
    return {text.data(), static_cast<std::size_t>(n)};
}

std::optional<std::chrono::sys_seconds> parse_moment(std::string_view text) noexcept {
    // Some services write microseconds. A date has milliseconds, and here only seconds count.
    std::array<char, 40> shorter;
    const auto point = text.find('.');
    const auto end = std::min(text.find_first_not_of("0123456789", point + 1), text.size());
    if (point != std::string_view::npos && end > point + 4) {
        const auto rest = text.substr(end);
        const std::size_t size = point + 4 + rest.size();
        if (size > shorter.size()) {
            return std::nullopt;
        }
        std::ranges::copy(text.substr(0, point + 4), shorter.begin());
        std::copy(rest.begin(), rest.end(), shorter.data() + point + 4);
        text = {shorter.data(), size};
    }
    const auto milliseconds = bson::detail::parse_iso_date(text);
    if (!milliseconds) {
        return std::nullopt;
    }
    return std::chrono::floor<std::chrono::seconds>(
        std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(*milliseconds)));
}

}  // namespace mongoro::auth
