#include "error/shown_text.hpp"

namespace mongoro::detail {

std::string shown_text(std::string_view text, std::size_t most) {
    constexpr char digits[] = "0123456789abcdef";
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const bool cut = text.size() > most;
    if (cut) {
        while (most != 0 && (byte(most) & 0xC0U) == 0x80U) {
            --most;  // not in the middle of a character
        }
        text = text.substr(0, most);
    }
    std::string out;
    out.reserve(text.size() + 3);
    const auto escape = [&](unsigned char c) {
        out += "\\x";
        out += digits[c >> 4U];
        out += digits[c & 15U];
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const unsigned char c = byte(i);
        // U+0080 to U+009F are control characters, too.
        if (c == 0xC2 && i + 1 < text.size() && byte(i + 1) >= 0x80 && byte(i + 1) < 0xA0) {
            escape(byte(++i));
        } else if (c < 0x20 || c == 0x7F) {
            escape(c);
        } else {
            out += text[i];
        }
    }
    return cut ? out + "..." : out;
}

}  // namespace mongoro::detail
