#include "uri/text.hpp"

#include <mongoro/uri.hpp>

#include <algorithm>

namespace mongoro {

using detail::bad_uri;
using detail::lower;
using detail::number;
using detail::percent_decode;

namespace {

/// What looks like one; the system's own parser has the last word when the address is used.
bool looks_like_ipv6(std::string_view text) noexcept {
    const auto zone = text.find('%');
    return zone != 0 && text.find(':') < zone &&
           text.substr(0, zone).find_first_not_of("0123456789abcdefABCDEF:.") ==
               std::string_view::npos;
}

bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
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
    if (text.find('/') != std::string_view::npos) {
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
        if (std::ranges::any_of(*decoded, is_control)) {
            return bad_uri("a host has a control character");
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
        if (address.host.find(':') != std::string::npos) {
            return bad_uri("an IPv6 address must stand in brackets: [::1]");
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

}  // namespace mongoro
