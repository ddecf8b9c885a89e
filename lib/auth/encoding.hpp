#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The text forms that cloud services ask for: plain functions, no locale.
namespace mongoro::auth {

/// Lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

/// Padded base64.
[[nodiscard]] std::string to_base64(std::span<const std::uint8_t> bytes);

/// All but letters, digits and `-._~`, and what is in `kept`, as %XX, byte by byte (RFC 3986): for
/// a value in a query or a form, or a part of a path.
[[nodiscard]] std::string percent_encoded(std::string_view text, std::string_view kept = {});

/// `20150830T123600Z`, as AWS writes a moment.
[[nodiscard]] std::string amz_date(std::chrono::sys_seconds when);

/// A moment as the credential services write it: `2014-10-24T23:00:23Z`, a fraction of a second,
/// of any number of digits, and an offset allowed. Nothing for another text.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_moment(std::string_view text) noexcept;

}  // namespace mongoro::auth
