#include <mongoro/bson/decimal128.hpp>

#include "bson/decimal_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mongoro::bson {

namespace {

constexpr std::size_t most_digits = 34;
constexpr std::int64_t least_exponent = -6176;
constexpr std::int64_t most_exponent = 6111;
// More than any number of digits in memory can make up for, and far from overflow.
constexpr std::int64_t endless_exponent = 1'000'000'000'000'000;

constexpr std::uint64_t sign_bit = 0x8000000000000000U;
constexpr std::uint64_t infinity_bits = 0x7800000000000000U;
constexpr std::uint64_t nan_bits = 0x7C00000000000000U;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool same(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

bool take_sign(std::string_view& text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    return negative;
}

/// The digits of a number, without leading zeros, and the power of ten of the last of them.
struct number {
    char digits[most_digits] = {};
    std::size_t count = 0;
    std::int64_t exponent = 0;
};

/// False if `text`, whose sign is taken, is no number or has more digits than there is room for.
/// A zero has no digits.
bool read_number(std::string_view text, number& out) noexcept {
    bool any = false;
    bool point = false;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c)) {
            break;
        }
        any = true;
        out.exponent -= point ? 1 : 0;
        if (out.count == most_digits) {
            if (c != '0') {
                return false;
            }
            ++out.exponent;
        } else if (out.count != 0 || c != '0') {
            out.digits[out.count++] = c;
        }
    }
    if (!any || i == text.size()) {
        return any;
    }
    if (text[i] != 'e' && text[i] != 'E') {
        return false;
    }
    text.remove_prefix(i + 1);
    const bool negative = take_sign(text);
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
        return false;
    }
    std::int64_t power = 0;
    for (const char c : text) {
        power = std::min(power * 10 + (c - '0'), endless_exponent);
    }
    out.exponent += negative ? -power : power;
    return true;
}

/// Brings the exponent into its range where that does not change the number.
bool fit(number& n) noexcept {
    if (n.count == 0) {
        n.exponent = std::clamp(n.exponent, least_exponent, most_exponent);
        return true;
    }
    for (; n.exponent > most_exponent && n.count < most_digits; --n.exponent) {
        n.digits[n.count++] = '0';
    }
    for (; n.exponent < least_exponent && n.digits[n.count - 1] == '0'; ++n.exponent) {
        --n.count;  // ends at the first digit, which is no zero
    }
    return n.exponent >= least_exponent && n.exponent <= most_exponent;
}

}  // namespace

// Not with libbson: its parser takes an exponent for another one where it overflows an int, and
// rounds some numbers that have more digits than fit.
result<decimal128> decimal128::from_string(std::string_view text) {
    const std::uint64_t sign = take_sign(text) ? sign_bit : 0;
    if (same(text, "infinity") || same(text, "inf")) {
        return decimal128(sign | infinity_bits, 0);
    }
    if (same(text, "nan")) {
        return decimal128(nan_bits, 0);
    }
    number n;
    if (!read_number(text, n) || !fit(n)) {
        return error(errc::invalid_argument, "not a decimal128");
    }
    // The digits as one integer of 128 bits; 34 of them take 113.
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    for (const char digit : std::string_view(n.digits, n.count)) {
        const std::uint64_t lower = (low & 0xFFFFFFFFU) * 10 + static_cast<unsigned>(digit - '0');
        const std::uint64_t upper = (low >> 32U) * 10 + (lower >> 32U);
        low = upper << 32U | (lower & 0xFFFFFFFFU);
        high = high * 10 + (upper >> 32U);
    }
    const auto biased = static_cast<std::uint64_t>(n.exponent - least_exponent);
    return decimal128(sign | biased << 49U | high, low);
}

std::string decimal128::to_string() const {
    std::array<char, detail::longest_decimal128> text;
    const char* const end = detail::write_decimal128(high_, low_, text.data());
    return {text.data(), static_cast<std::size_t>(end - text.data())};
}

namespace detail {

namespace {

/// Divides the number of 128 bits by ten, and gives the rest.
unsigned take_digit(std::uint64_t& high, std::uint64_t& low) noexcept {
    std::uint64_t rest = high % 10;
    high /= 10;
    const std::uint64_t upper = rest << 32U | low >> 32U;
    rest = upper % 10;
    const std::uint64_t lower = rest << 32U | (low & 0xFFFFFFFFU);
    low = upper / 10 << 32U | lower / 10;
    return static_cast<unsigned>(lower % 10);
}

char* write(std::string_view text, char* to) noexcept {
    return std::copy(text.begin(), text.end(), to);
}

}  // namespace

// Not with libbson: it takes coefficients above 10^34 - 1 for numbers of 35 digits, for which
// its buffer has no room.
char* write_decimal128(std::uint64_t high, std::uint64_t low, char* to) noexcept {
    constexpr std::uint64_t large_form = 0x6000000000000000U;
    constexpr std::uint64_t coefficient_bits = 0x0001FFFFFFFFFFFFU;
    constexpr std::uint64_t most_high = 0x0001ED09BEAD87C0U;  // of 10^34 - 1
    constexpr std::uint64_t most_low = 0x378D8E63FFFFFFFFU;

    if ((high & nan_bits) == nan_bits) {
        return write("NaN", to);
    }
    if ((high & sign_bit) != 0) {
        *to++ = '-';
    }
    if ((high & nan_bits) == infinity_bits) {
        return write("Infinity", to);
    }
    const bool large = (high & large_form) == large_form;
    const auto biased = high >> (large ? 47U : 49U) & 0x3FFFU;
    std::uint64_t upper = high & coefficient_bits;
    if (large || upper > most_high || (upper == most_high && low > most_low)) {
        upper = 0;
        low = 0;
    }
    std::array<char, most_digits> reversed;
    std::size_t count = 0;
    do {
        reversed[count++] = static_cast<char>('0' + take_digit(upper, low));
    } while ((upper | low) != 0);
    const auto put = [&](std::size_t digits) {
        for (; digits != 0; --digits) {
            *to++ = reversed[--count];
        }
    };

    const std::int64_t exponent = static_cast<std::int64_t>(biased) + least_exponent;
    const std::int64_t adjusted = exponent + static_cast<std::int64_t>(count) - 1;
    if (exponent > 0 || adjusted < -6) {
        put(1);
        if (count != 0) {
            *to++ = '.';
            put(count);
        }
        *to++ = 'E';
        *to++ = adjusted < 0 ? '-' : '+';
        return std::to_chars(to, to + 4, adjusted < 0 ? -adjusted : adjusted).ptr;
    }
    if (exponent == 0) {
        put(count);
        return to;
    }
    if (adjusted >= 0) {
        put(static_cast<std::size_t>(adjusted) + 1);
        *to++ = '.';
    } else {
        to = write("0.", to);
        to = std::fill_n(to, -adjusted - 1, '0');
    }
    put(count);
    return to;
}

}  // namespace detail

}  // namespace mongoro::bson
