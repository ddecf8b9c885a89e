#pragma once

#include <cstddef>
#include <cstdint>

namespace mongoro::bson::detail {

/// The most that `write_decimal128` writes: "-0.00000" and 34 digits.
inline constexpr std::size_t longest_decimal128 = 42;

/// The canonical text of a decimal128, without a NUL; gives its end. Whatever the bits are: a
/// coefficient of more than 34 digits, or one in the form that is kept for such, is a zero.
char* write_decimal128(std::uint64_t high, std::uint64_t low, char* to) noexcept;

}  // namespace mongoro::bson::detail
