#include "uri/text.hpp"

#include "uri/wipe.hpp"

#include <mongoro/bson/validate.hpp>

#include <algorithm>

namespace mongoro::detail {

namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char letter = lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// RFC 3986.
bool is_unreserved(char c) noexcept {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("-._~").find(c) != std::string_view::npos;
}

/// Userinfo: also sub-delims and the percent sign of an escape.
bool may_stand_in_userinfo(char c) noexcept {
    return is_unreserved(c) || std::string_view("!$&'()*+,;=%").find(c) != std::string_view::npos;
}

result<std::string> decode_userinfo(std::string_view text) {
    if (!std::ranges::all_of(text, may_stand_in_userinfo)) {
        return bad_uri("the user name and the password must be percent-encoded");
    }
    return decode_text(text, "the user name or the password");
}

}  // namespace

error bad_uri(std::string message) {
    return {errc::invalid_uri, std::move(message)};
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (text.size() - i < 3) {
            return std::nullopt;
        }
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_unreserved(c) || byte >= 0x80) {
            encoded += c;
        } else {
            encoded += {'%', digits[byte / 16], digits[byte % 16]};
        }
    }
    return encoded;
}

result<std::string> decode_text(std::string_view text, std::string_view what) {
    auto decoded = percent_decode(text);
    if (!decoded) {
        return bad_uri(std::string(what) + " has a malformed percent escape");
    }
    if (decoded->find('\0') != std::string::npos) {
        return bad_uri(std::string(what) + " has an embedded NUL");
    }
    if (!bson::is_utf8(*decoded)) {
        return bad_uri(std::string(what) + " is not UTF-8");
    }
    result<std::string> given = std::move(*decoded);
    wipe(*decoded);  // what the move has left in a short string
    return given;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        c = lower(c);
    }
    return result;
}

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view take_until(std::string_view& text, char separator) noexcept {
    const auto end = std::min(text.find(separator), text.size());
    const auto taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
}

result<uri_parts> split_uri(std::string_view text) {
    uri_parts parts;
    constexpr std::string_view plain_scheme = "mongodb://";
    constexpr std::string_view srv_scheme = "mongodb+srv://";
    if (text.starts_with(srv_scheme)) {
        parts.srv = true;
        text.remove_prefix(srv_scheme.size());
    } else if (text.starts_with(plain_scheme)) {
        text.remove_prefix(plain_scheme.size());
    } else {
        return bad_uri("a connection string must start with mongodb:// or mongodb+srv://");
    }

    parts.hosts = text;
    // A slash may only end the hosts: socket paths are percent-encoded. A question mark can also
    // stand without the slash.
    if (const auto end = text.find_first_of("/?"); end != std::string_view::npos) {
        parts.hosts = text.substr(0, end);
        parts.options = text.substr(end);
        parts.database = take_until(parts.options, '?');
        if (parts.database.starts_with('/')) {
            parts.database.remove_prefix(1);
        }
    }
    if (parts.database.find('@') != std::string_view::npos) {
        // What was taken for the hosts may be the front half of a password.
        return bad_uri(
            "an at-sign after the hosts: a user name or a password with a slash, or a "
            "database, must be percent-encoded");
    }
    if (const auto at = parts.hosts.rfind('@'); at != std::string_view::npos) {
        const auto userinfo = parts.hosts.substr(0, at);
        parts.hosts.remove_prefix(at + 1);
        const auto colon = userinfo.find(':');
        auto username = decode_userinfo(userinfo.substr(0, colon));
        if (!username) {
            return username.error();
        }
        parts.username = std::move(*username);
        if (colon != std::string_view::npos) {
            auto password = decode_userinfo(userinfo.substr(colon + 1));
            if (!password) {
                return password.error();
            }
            parts.password = std::move(*password);
            wipe(*password);
        }
    }
    return parts;
}

result<option_pairs> split_options(std::string_view text) {
    option_pairs pairs;
    while (!text.empty()) {
        const auto pair = take_until(text, '&');
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return bad_uri("an option is not of the form name=value");
        }
        auto name = decode_text(pair.substr(0, equals), "the name of an option");
        if (!name) {
            return name.error();
        }
        auto value = decode_text(pair.substr(equals + 1), "the value of an option");
        if (!value) {
            return value.error();
        }
        pairs.emplace_back(std::move(*name), std::move(*value));
        wipe(*value);
    }
    return pairs;
}

}  // namespace mongoro::detail
