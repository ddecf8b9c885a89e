#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The text forms of single values in Extended JSON: plain functions, no JSON syntax, no locale.
namespace mongoro::bson::detail {

/// As many digits as it takes to read the same number back, always with a fraction or an exponent
/// so that it is not taken for an integer: 1.0, 0.1, 1.5E+300. Infinity, -Infinity and NaN as the
/// specification writes them.
void append_double(std::string& out, double value);

void append_base64(std::string& out, std::span<const std::uint8_t> bytes);

/// Padded base64 and nothing else: no white space, no missing '=', no bits beside the value.
[[nodiscard]] bool decode_base64(std::string_view text, std::vector<std::uint8_t>& out);

/// RFC 3339 in UTC, with three decimals or none. Only for the years 1970 to 9999.
void append_iso_date(std::string& out, std::int64_t milliseconds);

/// 1970-01-01T00:00:00 to 9999-12-31T23:59:59.999, the dates that relaxed mode writes as text.
[[nodiscard]] bool has_iso_form(std::int64_t milliseconds) noexcept;

/// RFC 3339 with at most three decimals, of any year from 0000, with Z or an offset.
[[nodiscard]] std::optional<std::int64_t> parse_iso_date(std::string_view text) noexcept;

enum class number_error : std::uint8_t { none, syntax, range };

/// A decimal number as JSON writes it, or more freely (".1", "+1", "1."); no hexadecimal, no "inf".
/// What is too small for a double is zero; what is too large is `number_error::range`.
[[nodiscard]] number_error parse_double(std::string_view text, double& out) noexcept;

/// Digits with an optional '-', as JSON writes an integer.
template <typename Integer>
[[nodiscard]] number_error parse_integer(std::string_view text, Integer& out) noexcept;

/// One or two hexadecimal digits.
[[nodiscard]] std::optional<std::uint8_t> parse_subtype(std::string_view text) noexcept;

}  // namespace mongoro::bson::detail
