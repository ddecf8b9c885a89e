#include "bson/json_scanner.hpp"

#include <mongoro/bson/validate.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mongoro::bson::detail {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Where text that is not UTF-8 stops being so.
std::size_t first_bad_byte(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (!is_utf8(text.substr(at, length))) {
            break;
        }
        at += length;
    }
    return at;
}

void append_utf8(std::string& out, unsigned code_point) {
    const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0U | code_point >> 6U);
        put(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        put(0xE0U | code_point >> 12U);
        put(0x80U | (code_point >> 6U & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    } else {
        put(0xF0U | code_point >> 18U);
        put(0x80U | (code_point >> 12U & 0x3FU));
        put(0x80U | (code_point >> 6U & 0x3FU));
        put(0x80U | (code_point & 0x3FU));
    }
}

}  // namespace

json_string::~json_string() {
    if (secret_) {
        storage_.resize(storage_.capacity());  // with what a longer string has left behind
        ::explicit_bzero(storage_.data(), storage_.size());
    }
}

json_scanner::json_scanner(std::string_view text) : text_(text) {
    if (!is_utf8(text)) {
        fail(errc::invalid_utf8, first_bad_byte(text), "bytes that are not UTF-8");
    }
}

bool json_scanner::fail(errc code, std::size_t at, std::string_view what) {
    if (error_) {
        return false;
    }
    const auto before = text_.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto last = before.rfind('\n');
    const auto column = last == std::string_view::npos ? at + 1 : at - last;
    error_ = error(make_error_code(code), "line " + std::to_string(line) + ", column " +
                                              std::to_string(column) + ": " + std::string(what));
    return false;
}

bool json_scanner::expected(std::string_view what) {
    (void)peek();
    return fail(errc::invalid_json, at_, "expected " + std::string(what));
}

char json_scanner::peek() noexcept {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return c;
        }
        ++at_;
    }
    return '\0';
}

bool json_scanner::take(char c) noexcept {
    if (peek() != c || at_ == text_.size()) {
        return false;
    }
    ++at_;
    return true;
}

bool json_scanner::string(json_string& out, std::string_view what) {
    if (peek() != '"') {
        return expected(what);
    }
    out.offset_ = at_++;
    out.decoded_ = false;
    const std::size_t start = at_;
    for (; at_ < text_.size(); ++at_) {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c == '"') {
            out.plain_ = text_.substr(start, at_ - start);
            ++at_;
            return true;
        }
        if (c == '\\') {
            out.decoded_ = true;
            if (secret_) {
                out.secret_ = true;
                out.storage_.reserve(text_.size());  // decoded, no string is longer
            }
            out.storage_.assign(text_.substr(start, at_ - start));
            return decode(out);
        }
        if (c < 0x20) {
            return fail(errc::invalid_json, at_,
                        "a control character in a string: it must be escaped");
        }
    }
    return fail(errc::invalid_json, out.offset_, "a string without its closing quote");
}

/// The rest of a string, from its first escape on.
bool json_scanner::decode(json_string& out) {
    std::size_t copied = at_;
    while (at_ < text_.size()) {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c < 0x20) {
            return fail(errc::invalid_json, at_,
                        "a control character in a string: it must be escaped");
        }
        if (c != '"' && c != '\\') {
            ++at_;
            continue;
        }
        out.storage_ += text_.substr(copied, at_ - copied);
        if (c == '"') {
            ++at_;
            return true;
        }
        if (!escape(out.storage_)) {
            return false;
        }
        copied = at_;
    }
    return fail(errc::invalid_json, out.offset_, "a string without its closing quote");
}

bool json_scanner::escape(std::string& out) {
    const std::size_t start = at_;
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    at_ += 2;
    switch (c) {
        case '"':
        case '\\':
        case '/':
            out += c;
            return true;
        case 'b':
            out += '\b';
            return true;
        case 'f':
            out += '\f';
            return true;
        case 'n':
            out += '\n';
            return true;
        case 'r':
            out += '\r';
            return true;
        case 't':
            out += '\t';
            return true;
        case 'u':
            break;
        default:
            return fail(errc::invalid_json, start, "an escape that JSON does not have");
    }
    unsigned code_point = 0;
    if (!unicode_escape(code_point)) {
        return false;
    }
    if (code_point >= 0xD800 && code_point <= 0xDFFF) {
        unsigned low = 0;
        if (code_point >= 0xDC00 || text_.substr(at_, 2) != "\\u") {
            return fail(errc::invalid_json, start, "half of a surrogate pair");
        }
        at_ += 2;
        if (!unicode_escape(low)) {
            return false;
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return fail(errc::invalid_json, start, "half of a surrogate pair");
        }
        code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
    }
    append_utf8(out, code_point);
    return true;
}

bool json_scanner::unicode_escape(unsigned& out) {
    const auto digits = text_.substr(at_, 4);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
    if (digits.size() < 4 || parsed.ec != std::errc{} || parsed.ptr != digits.data() + 4) {
        return fail(errc::invalid_json, at_, "expected four hexadecimal digits after \\u");
    }
    at_ += 4;
    return true;
}

bool json_scanner::number(std::string_view& out, std::string_view what) {
    const char first = peek();
    if (first != '-' && !is_digit(first)) {
        return expected(what);
    }
    const std::size_t start = at_;
    const auto digits = [this] {
        const std::size_t from = at_;
        while (at_ < text_.size() && is_digit(text_[at_])) {
            ++at_;
        }
        return at_ - from;
    };
    const auto next = [this](std::string_view any_of) {
        const bool found = at_ < text_.size() && any_of.find(text_[at_]) != std::string_view::npos;
        at_ += found ? 1 : 0;
        return found;
    };
    (void)next("-");
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const std::size_t whole = digits();
    bool right = whole == 1 || (whole > 1 && !zero);
    if (right && next(".")) {
        right = digits() > 0;
    }
    if (right && next("eE")) {
        (void)next("+-");
        right = digits() > 0;
    }
    if (!right) {
        return fail(errc::invalid_json, start, "a number that JSON does not have");
    }
    out = text_.substr(start, at_ - start);
    return true;
}

bool json_scanner::literal(std::string_view word) noexcept {
    (void)peek();
    if (!text_.substr(at_).starts_with(word)) {
        return false;
    }
    at_ += word.size();
    return true;
}

bool json_scanner::end() {
    (void)peek();
    return at_ == text_.size() || expected("the end of the text");
}

}  // namespace mongoro::bson::detail
