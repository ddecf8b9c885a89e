#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// splitmix64: small, and the same everywhere, which std::uniform_int_distribution is not.
class generator {
 public:
    explicit generator(std::uint64_t seed)
        : state_(seed * 0x9E3779B97F4A7C15U + 0x6D6F6E676F726FU) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    }
    std::int32_t number(std::uint32_t below) { return static_cast<std::int32_t>(next() % below); }
    std::string letters(std::size_t count) {
        static constexpr std::string_view alphabet =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        std::string made(count, '\0');
        for (char& letter : made) {
            letter = alphabet[next() % alphabet.size()];
        }
        return made;
    }
    std::string sentence(std::size_t count) {
        std::string made = letters(count);
        for (std::size_t at = 5; at < count; at += 4 + next() % 6) {
            made[at] = ' ';
        }
        return made;
    }
    std::string colour() {
        static constexpr std::string_view digits = "0123456789abcdef";
        std::string made(6, '\0');
        for (char& digit : made) {
            digit = digits[next() % digits.size()];
        }
        return made;
    }

 private:
    std::uint64_t state_;
};

}  // namespace bench
