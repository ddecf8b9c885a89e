#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mongoro::detail {

/// What a server or its data said, for a line of a log: control characters as `\x1b`, so that one
/// line stays one and a terminal obeys nothing of it; and cut behind `most` bytes, with `...`.
[[nodiscard]] std::string shown_text(std::string_view text, std::size_t most = 256);

}  // namespace mongoro::detail
