#pragma once

#include <cstdint>
#include <string_view>

#include "common/op_msg.hpp"

namespace bench {

struct element {
    char type = 0;
    std::string_view key;
    std::string_view value;
};

/// Walks the elements of one document; `broken()` once a length does not hold.
class elements {
 public:
    explicit elements(std::string_view document) {
        if (document.size() < 5 || load<std::int32_t>(document.data()) < 5 ||
            static_cast<std::size_t>(load<std::int32_t>(document.data())) > document.size()) {
            broken_ = true;
            return;
        }
        rest_ = document.substr(4, load<std::int32_t>(document.data()) - 5);
    }

    bool broken() const { return broken_; }

    bool next(element& found) {
        if (broken_ || rest_.empty()) {
            return false;
        }
        const std::size_t key_end = rest_.find('\0', 1);
        if (key_end == std::string_view::npos) {
            return fail();
        }
        found.type = rest_.front();
        found.key = rest_.substr(1, key_end - 1);
        rest_.remove_prefix(key_end + 1);
        const std::size_t size = value_size(found.type);
        if (size > rest_.size()) {
            return fail();
        }
        found.value = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

 private:
    static constexpr std::size_t impossible = static_cast<std::size_t>(-1);

    bool fail() {
        broken_ = true;
        return false;
    }
    std::size_t prefixed(std::size_t extra) const {
        if (rest_.size() < 4 || load<std::int32_t>(rest_.data()) < 0) {
            return impossible;
        }
        return static_cast<std::size_t>(load<std::int32_t>(rest_.data())) + extra;
    }
    std::size_t value_size(char type) const {
        switch (static_cast<unsigned char>(type)) {
            case 1:
            case 9:
            case 17:
            case 18:
                return 8;
            case 2:
            case 13:
            case 14:
                return prefixed(4);
            case 3:
            case 4:
            case 15:
                return prefixed(0) < 5 ? impossible : prefixed(0);
            case 5:
                return prefixed(5);
            case 6:
            case 10:
            case 127:
            case 255:
                return 0;
            case 7:
                return 12;
            case 8:
                return 1;
            case 11: {
                const std::size_t pattern = rest_.find('\0');
                const std::size_t options =
                    pattern == std::string_view::npos ? pattern : rest_.find('\0', pattern + 1);
                return options == std::string_view::npos ? impossible : options + 1;
            }
            case 12:
                return prefixed(16);
            case 16:
                return 4;
            case 19:
                return 16;
            default:
                return impossible;
        }
    }

    std::string_view rest_;
    bool broken_ = false;
};

inline std::string_view text(const element& from) {
    return from.type == 2 && from.value.size() > 4 ? from.value.substr(4, from.value.size() - 5)
                                                   : std::string_view();
}

inline std::int64_t number(const element& from) {
    switch (from.type) {
        case 1:
            return static_cast<std::int64_t>(load<double>(from.value.data()));
        case 16:
            return load<std::int32_t>(from.value.data());
        case 18:
            return load<std::int64_t>(from.value.data());
        default:
            return 0;
    }
}

/// The bytes of a binary value.
inline std::string_view bytes(const element& from) {
    return from.type == 5 ? from.value.substr(5) : std::string_view();
}

}  // namespace bench
