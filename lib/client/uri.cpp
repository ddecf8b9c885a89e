#include <mongoro/uri.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace mongoro {

namespace {

error bad_uri(std::string message) {
    return {errc::invalid_uri, std::move(message)};
}

error unsupported(std::string message) {
    return {errc::not_supported, std::move(message)};
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (i + 2 >= text.size()) {
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

template <typename Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return result;
}

/// Reads `a=b&c=d`. Only `connectTimeoutMS` is known so far.
result<void> read_options(std::string_view text, std::chrono::milliseconds& connect_timeout) {
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return bad_uri("an option of the connection string is not of the form name=value");
        }
        const auto name = percent_decode(pair.substr(0, equals));
        const auto value = percent_decode(pair.substr(equals + 1));
        if (!name || !value) {
            return bad_uri("an option of the connection string has a malformed percent escape");
        }
        // The name is safe to quote: no option's name is a secret, only its value can be.
        if (lower(*name) != "connecttimeoutms") {
            return unsupported("the connection string option " + *name + " is not supported yet");
        }
        const auto milliseconds = number<std::int64_t>(*value);
        if (!milliseconds || *milliseconds < 0 || *milliseconds > 0x7fffffff) {
            return bad_uri("connectTimeoutMS must be an integer from 0 to 2147483647");
        }
        connect_timeout = std::chrono::milliseconds(*milliseconds);
    }
    return {};
}

/// What looks like one; the system's own parser has the last word when the address is used.
bool looks_like_ipv6(std::string_view text) noexcept {
    const auto zone = text.find('%');
    return zone != 0 && text.find(':') < zone &&
           text.substr(0, zone).find_first_not_of("0123456789abcdefABCDEF:.") ==
               std::string_view::npos;
}

bool valid_database(std::string_view name) noexcept {
    return name.find_first_of(std::string_view("/\\ \"$\0", 6)) == std::string_view::npos;
}

}  // namespace

std::string host_address::to_string() const {
    if (is_unix()) {
        return host;
    }
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<host_address> host_address::parse(std::string_view text) {
    host_address address;
    std::string_view rest;
    if (text.empty()) {
        return bad_uri("an empty host");
    }
    if (text.front() == '/') {
        return bad_uri("a Unix-domain socket path must be percent-encoded");
    }
    if (text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos || close == 1) {
            return bad_uri("an IPv6 address must stand in brackets: [::1]");
        }
        address.host = text.substr(1, close - 1);
        if (!looks_like_ipv6(address.host)) {
            return bad_uri("what stands in brackets is not an IPv6 address");
        }
        rest = text.substr(close + 1);
        if (!rest.empty() && rest.front() != ':') {
            return bad_uri("only a port may follow an IPv6 address");
        }
    } else {
        const auto colon = text.find(':');
        if (colon != text.rfind(':')) {
            return bad_uri("an IPv6 address must stand in brackets: [::1]");
        }
        const auto decoded = percent_decode(text.substr(0, colon));
        if (!decoded) {
            return bad_uri("a host has a malformed percent escape");
        }
        if (decoded->empty()) {
            return bad_uri("an empty host");
        }
        if (decoded->find('\0') != std::string::npos) {
            return bad_uri("a host has an embedded NUL");
        }
        address.host = *decoded;
        rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
        if (address.is_unix()) {
            if (!rest.empty()) {
                return bad_uri("a Unix-domain socket has no port");
            }
            if (!address.host.ends_with(".sock")) {
                return bad_uri("a Unix-domain socket path must end in .sock");
            }
            return address;
        }
        address.host = lower(address.host);
    }
    if (!rest.empty()) {
        const auto port = number<std::uint32_t>(rest.substr(1));
        if (!port || *port == 0 || *port > 65535) {
            return bad_uri("a port must be an integer from 1 to 65535");
        }
        address.port = static_cast<std::uint16_t>(*port);
    }
    return address;
}

result<uri> uri::parse(std::string_view text) {
    constexpr std::string_view scheme = "mongodb://";
    if (text.starts_with("mongodb+srv://")) {
        return unsupported("mongodb+srv connection strings are not supported yet");
    }
    if (!text.starts_with(scheme)) {
        return bad_uri("a connection string must start with mongodb://");
    }
    text.remove_prefix(scheme.size());

    std::string_view options;
    std::string_view database;
    std::string_view hosts = text;
    // A slash may only end the hosts: socket paths are percent-encoded. A question mark can also
    // stand without the slash (connection-string-spec, 2023).
    if (const auto end = text.find_first_of("/?"); end != std::string_view::npos) {
        hosts = text.substr(0, end);
        database = text[end] == '/' ? text.substr(end + 1) : std::string_view();
        const auto question = text.find('?', end);
        if (question != std::string_view::npos) {
            options = text.substr(question + 1);
            database = database.substr(0, database.find('?'));
        }
    }
    if (text.find('@') != std::string_view::npos) {
        return unsupported("credentials in a connection string are not supported yet");
    }
    if (hosts.find(',') != std::string_view::npos) {
        return unsupported("a connection string with several hosts is not supported yet");
    }

    if (hosts.empty() && database.find('/') != std::string_view::npos) {
        return bad_uri("an empty host; a Unix-domain socket path must be percent-encoded");
    }

    uri parsed;
    auto host = host_address::parse(hosts);
    if (!host) {
        return host.error();
    }
    parsed.host_ = std::move(*host);
    auto decoded = percent_decode(database);
    if (!decoded) {
        return bad_uri("the database has a malformed percent escape");
    }
    if (!valid_database(*decoded)) {
        return bad_uri("the database has a character that no database name may have");
    }
    parsed.database_ = std::move(*decoded);
    if (auto read = read_options(options, parsed.connect_timeout_); !read) {
        return read.error();
    }
    return parsed;
}

}  // namespace mongoro
