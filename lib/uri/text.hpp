#pragma once

#include <mongoro/result.hpp>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mongoro::detail {

/// `errc::invalid_uri`. The message goes into logs: it names options, never values.
[[nodiscard]] error bad_uri(std::string message);

/// Nothing if a percent sign is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// The same of what becomes a string of BSON or of C: also UTF-8, and without a NUL. `what` says in
/// the error where it stands.
[[nodiscard]] result<std::string> decode_text(std::string_view text, std::string_view what);

/// The other way, so that text of a user's can stand in one line of a log: all but letters, digits,
/// `-._~` and what is not ASCII.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// ASCII only: other letters stay as they are.
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Nothing unless all of the text is the number, in decimal digits.
template <typename Number>
[[nodiscard]] std::optional<Number> number(std::string_view text) noexcept {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// Takes what stands before the first `separator` off the front of `text`, and the separator.
[[nodiscard]] std::string_view take_until(std::string_view& text, char separator) noexcept;

/// The pieces of a connection string, not decoded but for who logs in.
struct uri_parts {
    bool srv = false;
    std::optional<std::string> username;  ///< given, if only an at-sign stands before the hosts
    std::optional<std::string> password;
    std::string_view hosts;
    std::string_view database;
    std::string_view options;
};

/// Errors: `errc::invalid_uri` for the scheme, the user name and the password, and for what can
/// only be one of them that is not percent-encoded.
[[nodiscard]] result<uri_parts> split_uri(std::string_view text);

using option_pairs = std::vector<std::pair<std::string, std::string>>;

/// The options of a connection string or a TXT record, decoded, in their order.
///
/// Errors: `errc::invalid_uri` for one that is not of the form name=value, and as `decode_text`.
[[nodiscard]] result<option_pairs> split_options(std::string_view text);

}  // namespace mongoro::detail
