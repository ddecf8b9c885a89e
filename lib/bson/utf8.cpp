#include <mongoro/bson/validate.hpp>

#include <cstring>

namespace mongoro::bson {

// Our own: bson_utf8_validate looks at every byte alone, which costs ten times as much on ASCII,
// and 1.23 lets some sequences pass that the corpus wants refused.
bool is_utf8(std::string_view text) noexcept {
    const auto* p = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto* const end = p + text.size();
    while (p != end) {
        while (end - p >= 8) {
            std::uint64_t w;
            std::memcpy(&w, p, sizeof w);
            if ((w & 0x8080808080808080U) != 0) {
                break;
            }
            p += 8;
        }
        while (p != end && *p < 0x80) {
            ++p;
        }
        if (p == end) {
            return true;
        }
        const std::uint8_t lead = *p;
        const auto left = end - p;
        const auto tail = [p](int i) { return (p[i] & 0xC0) == 0x80; };
        if (lead >= 0xC2 && lead <= 0xDF) {
            if (left < 2 || !tail(1)) {
                return false;
            }
            p += 2;
        } else if ((lead & 0xF0) == 0xE0) {
            if (left < 3 || !tail(1) || !tail(2) || (lead == 0xE0 && p[1] < 0xA0) ||
                (lead == 0xED && p[1] > 0x9F)) {  // overlong; a surrogate
                return false;
            }
            p += 3;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            if (left < 4 || !tail(1) || !tail(2) || !tail(3) || (lead == 0xF0 && p[1] < 0x90) ||
                (lead == 0xF4 && p[1] > 0x8F)) {  // overlong; above U+10FFFF
                return false;
            }
            p += 4;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace mongoro::bson
