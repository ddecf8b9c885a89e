#pragma once

#include <string>
#include <string_view>

namespace mongoro::spec {

/// JSON text in one form of the many that mean the same: no white space between its words, strings
/// with every escape that they need and no other. Order of keys and spelling of numbers stay.
///
/// Apart from the library's own reader on purpose: that one is what is tested. The text must be
/// right; what it is not comes out as it went in, and compares unequal.
[[nodiscard]] std::string normal_json(std::string_view text);

}  // namespace mongoro::spec
