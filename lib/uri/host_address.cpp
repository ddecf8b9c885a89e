#include "uri/text.hpp"

#include <mongoro/bson/validate.hpp>
#include <mongoro/uri.hpp>

#include <algorithm>
#include <utility>

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

/// The percent sign before a zone is "%25" in a URI, and the zone is percent-encoded (RFC 6874);
/// one that stands for itself is taken, too.
constexpr std::string_view encoded_percent = "%25";

bool has_encoded_zone(std::string_view zone) noexcept {
    return zone.starts_with(encoded_percent) && zone.size() > encoded_percent.size();
}

/// What stands in the brackets.
result<std::string> ipv6_of(std::string_view text) {
    if (!looks_like_ipv6(text)) {
        return bad_uri("what stands in brackets is not an IPv6 address");
    }
    const auto percent = text.find('%');
    if (percent == std::string_view::npos) {
        return std::string(text);
    }
    auto zone = std::string(text.substr(percent + 1));
    if (has_encoded_zone(text.substr(percent))) {
        auto decoded = percent_decode(text.substr(percent + encoded_percent.size()));
        if (!decoded) {
            return bad_uri("a host has a malformed percent escape");
        }
        zone = std::move(*decoded);
    }
    if (zone.empty() || zone.find_first_of("/[]") != std::string::npos ||
        std::ranges::any_of(zone, is_control) || !bson::is_utf8(zone)) {
        return bad_uri("the zone of an IPv6 address is not the name of a network interface");
    }
    return std::string(text.substr(0, percent + 1)) + zone;
}

}  // namespace

std::string host_address::to_string() const {
    if (is_unix()) {
        return host;
    }
    std::string text = host;
    if (host.find(':') != std::string::npos) {
        const auto percent = host.find('%');
        if (percent != std::string::npos &&
            has_encoded_zone(std::string_view(host).substr(percent))) {
            // It would be read as encoded, and so it is.
            text.resize(percent);
            text += encoded_percent;
            for (const char c : std::string_view(host).substr(percent + 1)) {
                c == '%' ? text += encoded_percent : text += c;
            }
        }
        text = "[" + text + "]";
    }
    return text + ":" + std::to_string(port);
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
        auto v6 = ipv6_of(text.substr(1, close - 1));
        if (!v6) {
            return v6.error();
        }
        address.host = std::move(*v6);
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
        // A path is any bytes, a name is not.
        if (decoded->front() != '/' && !bson::is_utf8(*decoded)) {
            return bad_uri("a host is not UTF-8");
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
