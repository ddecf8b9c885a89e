#include "bson/json_scalar.hpp"

#include "bson/hex.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>

namespace mongoro::bson::detail {

namespace {

constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_base64_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}

constexpr auto base64_values = make_base64_values();

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads exactly `count` digits from `text` at `at` and moves past them.
bool take_digits(std::string_view text, std::size_t& at, std::size_t count, int& out) {
    if (text.size() - at < count) {
        return false;
    }
    out = 0;
    for (std::size_t end = at + count; at < end; ++at) {
        if (!is_digit(text[at])) {
            return false;
        }
        out = out * 10 + (text[at] - '0');
    }
    return true;
}

bool take_char(std::string_view text, std::size_t& at, std::string_view any_of) {
    if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) {
        return false;
    }
    ++at;
    return true;
}

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const auto length = static_cast<std::size_t>(end - digits.data());
    out.append(width > length ? width - length : 0, '0');
    out.append(digits.data(), length);
}

/// Whether a number of valid syntax is below the smallest double rather than above the largest:
/// `std::from_chars` reports both as out of range. Looks at the power of ten of the first digit
/// that is not zero.
bool is_tiny(std::string_view text) {
    std::int64_t power = 0;
    bool after_point = false;
    bool seen = false;
    std::size_t i = 0;
    for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
        if (text[i] == '.') {
            after_point = true;
        } else if (is_digit(text[i])) {
            if (seen) {
                power += after_point ? 0 : 1;
            } else {
                seen = text[i] != '0';
                power -= after_point ? 1 : 0;
            }
        }
    }
    if (i < text.size()) {
        ++i;
        const bool negative = text[i] == '-';
        i += negative || text[i] == '+' ? 1 : 0;
        std::int64_t exponent = 0;
        for (; i < text.size(); ++i) {
            exponent = std::min<std::int64_t>(exponent * 10 + (text[i] - '0'), 1LL << 40);
        }
        power += negative ? -exponent : exponent;
    }
    return power < 0;
}

/// [sign] digits with an optional point, at least one digit, optional exponent.
bool is_decimal(std::string_view text) {
    std::size_t i = 0;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) {
        ++i;
    }
    std::size_t digits = 0;
    bool point = false;
    for (; i < text.size() && (is_digit(text[i]) || (text[i] == '.' && !point)); ++i) {
        point = point || text[i] == '.';
        digits += text[i] == '.' ? 0 : 1;
    }
    if (digits == 0) {
        return false;
    }
    if (i == text.size()) {
        return true;
    }
    if (text[i] != 'e' && text[i] != 'E') {
        return false;
    }
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) {
        ++i;
    }
    return i < text.size() &&
           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), is_digit);
}

}  // namespace

void append_double(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
        return;
    }
    if (std::isinf(value)) {
        out += value < 0 ? "-Infinity" : "Infinity";
        return;
    }
    // The shortest digits that read back the same, as d[.ddd]e[+-]xx; where the point goes is ours:
    // the corpus has 1.0 and 1.2345678921232E+18, where std::to_chars would write 1 and a row of
    // digits.
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::scientific)
                         .ptr;
    std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
    if (text.front() == '-') {
        out += '-';
        text.remove_prefix(1);
    }
    const auto e = text.find('e');
    int exponent = 0;
    const auto* digits_of_exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(digits_of_exponent, text.data() + text.size(), exponent);
    std::array<char, 24> digits;
    std::size_t count = 0;
    for (const char c : text.substr(0, e)) {
        if (c != '.') {
            digits[count++] = c;
        }
    }
    const std::string_view all(digits.data(), count);
    if (exponent < -5 || exponent > 15) {
        out += all.front();
        if (count > 1) {
            out += '.';
            out += all.substr(1);
        }
        out += 'E';
        out += exponent < 0 ? '-' : '+';
        append_padded(out, exponent < 0 ? -exponent : exponent, 1);
        return;
    }
    if (exponent < 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-exponent - 1), '0');
        out += all;
        return;
    }
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (count <= whole) {
        out += all;
        out.append(whole - count, '0');
        out += ".0";
        return;
    }
    out += all.substr(0, whole);
    out += '.';
    out += all.substr(whole);
}

void append_base64(std::string& out, std::span<const std::uint8_t> bytes) {
    const auto put = [&out](std::uint32_t group, int characters) {
        for (int i = 0; i < 4; ++i) {
            out += i < characters ? base64_alphabet[(group >> (18 - 6 * i)) & 63U] : '=';
        }
    };
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        put(std::uint32_t{bytes[i]} << 16U | std::uint32_t{bytes[i + 1]} << 8U | bytes[i + 2], 4);
    }
    if (bytes.size() - i == 1) {
        put(std::uint32_t{bytes[i]} << 16U, 2);
    } else if (bytes.size() - i == 2) {
        put(std::uint32_t{bytes[i]} << 16U | std::uint32_t{bytes[i + 1]} << 8U, 3);
    }
}

bool decode_base64(std::string_view text, std::vector<std::uint8_t>& out) {
    out.clear();
    if (text.size() % 4 != 0) {
        return false;
    }
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::size_t characters = 4;
        if (i + 4 == text.size() && text[i + 3] == '=') {
            characters = text[i + 2] == '=' ? 2 : 3;
        }
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const int value =
                j < characters ? base64_values[static_cast<unsigned char>(text[i + j])] : 0;
            if (value < 0) {
                return false;
            }
            group = group << 6U | static_cast<std::uint32_t>(value);
        }
        const std::size_t bytes = characters - 1;
        if (bytes < 3 && (group & (0xFFFFFFU >> (8U * bytes))) != 0) {
            return false;
        }
        for (std::size_t j = 0; j < bytes; ++j) {
            out.push_back(static_cast<std::uint8_t>(group >> (16U - 8U * j)));
        }
    }
    return true;
}

bool has_iso_form(std::int64_t milliseconds) noexcept {
    return milliseconds >= 0 && milliseconds < 253402300800000;
}

void append_iso_date(std::string& out, std::int64_t milliseconds) {
    using namespace std::chrono;
    const sys_time<std::chrono::milliseconds> when{std::chrono::milliseconds(milliseconds)};
    const auto day = floor<days>(when);
    const year_month_day date(day);
    const hh_mm_ss time(when - day);
    append_padded(out, static_cast<int>(date.year()), 4);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_padded(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_padded(out, time.hours().count(), 2);
    out += ':';
    append_padded(out, time.minutes().count(), 2);
    out += ':';
    append_padded(out, time.seconds().count(), 2);
    if (const auto rest = time.subseconds().count(); rest != 0) {
        out += '.';
        append_padded(out, rest, 3);
    }
    out += 'Z';
}

std::optional<std::int64_t> parse_iso_date(std::string_view text) noexcept {
    using namespace std::chrono;
    std::size_t at = 0;
    int y = 0;
    int mo = 0;
    int d = 0;
    int h = 0;
    int mi = 0;
    int s = 0;
    int ms = 0;
    if (!take_digits(text, at, 4, y) || !take_char(text, at, "-") ||
        !take_digits(text, at, 2, mo) || !take_char(text, at, "-") ||
        !take_digits(text, at, 2, d) || !take_char(text, at, "Tt") ||
        !take_digits(text, at, 2, h) || !take_char(text, at, ":") ||
        !take_digits(text, at, 2, mi) || !take_char(text, at, ":") ||
        !take_digits(text, at, 2, s)) {
        return std::nullopt;
    }
    if (take_char(text, at, ".")) {
        int scale = 100;
        const std::size_t first = at;
        for (; at < text.size() && is_digit(text[at]); ++at) {
            ms += (text[at] - '0') * scale;
            scale /= 10;
        }
        if (at == first || at - first > 3) {
            return std::nullopt;
        }
    }
    int offset = 0;
    if (!take_char(text, at, "Zz")) {
        const bool west = at < text.size() && text[at] == '-';
        int offset_hours = 0;
        int offset_minutes = 0;
        if (!take_char(text, at, "+-") || !take_digits(text, at, 2, offset_hours) ||
            !take_char(text, at, ":") || !take_digits(text, at, 2, offset_minutes) ||
            offset_hours > 23 || offset_minutes > 59) {
            return std::nullopt;
        }
        offset = (offset_hours * 60 + offset_minutes) * (west ? -1 : 1);
    }
    const year_month_day date(year(y), month(static_cast<unsigned>(mo)),
                              day(static_cast<unsigned>(d)));
    // A leap second (s == 60) has no place in milliseconds since the epoch.
    if (at != text.size() || !date.ok() || h > 23 || mi > 59 || s > 59) {
        return std::nullopt;
    }
    const auto when =
        sys_days(date) + hours(h) + minutes(mi - offset) + seconds(s) + milliseconds(ms);
    return when.time_since_epoch().count();
}

number_error parse_double(std::string_view text, double& out) noexcept {
    if (!is_decimal(text)) {
        return number_error::syntax;
    }
    const bool negative = text.front() == '-';
    if (text.front() == '+') {
        text.remove_prefix(1);  // std::from_chars takes no '+'
    }
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    if (parsed.ec == std::errc{}) {
        return number_error::none;
    }
    if (parsed.ec == std::errc::result_out_of_range && is_tiny(text)) {
        out = negative ? -0.0 : 0.0;
        return number_error::none;
    }
    return number_error::range;
}

template <typename Integer>
number_error parse_integer(std::string_view text, Integer& out) noexcept {
    const auto digits = text.substr(!text.empty() && text.front() == '-' ? 1 : 0);
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
        return number_error::syntax;
    }
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    if (parsed.ec == std::errc{}) {
        // An unsigned type stops at the '-': a negative number does not fit.
        return parsed.ptr == text.data() + text.size() ? number_error::none : number_error::range;
    }
    return number_error::range;
}

template number_error parse_integer(std::string_view, std::int32_t&) noexcept;
template number_error parse_integer(std::string_view, std::int64_t&) noexcept;
template number_error parse_integer(std::string_view, std::uint32_t&) noexcept;

std::optional<std::uint8_t> parse_subtype(std::string_view text) noexcept {
    if (text.empty() || text.size() > 2) {
        return std::nullopt;
    }
    int value = 0;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0) {
            return std::nullopt;
        }
        value = value * 16 + digit;
    }
    return static_cast<std::uint8_t>(value);
}

}  // namespace mongoro::bson::detail
