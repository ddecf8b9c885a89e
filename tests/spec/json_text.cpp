#include "json_text.hpp"

#include <cstddef>

namespace mongoro::spec {

namespace {

void put_code_point(std::string& out, unsigned long c) {
    const auto put = [&out](unsigned long byte) { out += static_cast<char>(byte); };
    if (c < 0x20 || c == '"' || c == '\\') {
        constexpr std::string_view hex = "0123456789abcdef";
        out += "\\u00";
        out += hex[c >> 4U & 0xFU];
        out += hex[c & 0xFU];
    } else if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xC0U | c >> 6U);
        put(0x80U | (c & 0x3FU));
    } else if (c < 0x10000) {
        put(0xE0U | c >> 12U);
        put(0x80U | (c >> 6U & 0x3FU));
        put(0x80U | (c & 0x3FU));
    } else {
        put(0xF0U | c >> 18U);
        put(0x80U | (c >> 12U & 0x3FU));
        put(0x80U | (c >> 6U & 0x3FU));
        put(0x80U | (c & 0x3FU));
    }
}

/// The escape at `at`, which is behind its backslash; moves past it.
unsigned long take_escape(std::string_view text, std::size_t& at) {
    const char c = text[at++];
    switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'u': {
            const auto four = [&] {
                const auto value = std::stoul(std::string(text.substr(at, 4)), nullptr, 16);
                at += 4;
                return value;
            };
            const auto first = four();
            if (first < 0xD800 || first > 0xDBFF || text.substr(at, 2) != "\\u") {
                return first;
            }
            at += 2;
            return 0x10000 + ((first - 0xD800) << 10U) + (four() - 0xDC00);
        }
        default:
            return static_cast<unsigned char>(c);
    }
}

}  // namespace

std::string normal_json(std::string_view text) {
    std::string out;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at++];
        if (c == '"') {
            quoted = !quoted;
            out += c;
        } else if (!quoted) {
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                out += c;
            }
        } else if (c == '\\' && at < text.size()) {
            put_code_point(out, take_escape(text, at));
        } else if (static_cast<unsigned char>(c) < 0x20) {
            put_code_point(out, static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace mongoro::spec
