#pragma once

#include <algorithm>
#include <cstdint>

namespace mongoro::bson::detail {

/// Puts the options of a regular expression into alphabetical order, as BSON wants them. Not where
/// there are others than ASCII, which no server knows: their bytes alone are no characters.
template <typename Iterator>
void sort_regex_options(Iterator first, Iterator last) {
    if (std::all_of(first, last, [](auto c) { return static_cast<std::uint8_t>(c) < 0x80; })) {
        std::sort(first, last);
    }
}

}  // namespace mongoro::bson::detail
