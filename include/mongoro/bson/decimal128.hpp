#pragma once

#include <mongoro/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace mongoro::bson {

/// An IEEE 754 128-bit decimal: a value to store and to show, without arithmetic.
///
/// The default one is +0. Equality is that of the bits, so `1.0` and `1.00` differ, as they do in
/// BSON; `bson::compare` orders by number.
/// Spec: source/bson-decimal128/decimal128.md
class decimal128 {
 public:
    constexpr decimal128() noexcept = default;
    constexpr decimal128(std::uint64_t high, std::uint64_t low) noexcept : high_(high), low_(low) {}

    /// Reads `1.5`, `-1E+10`, `NaN`, `Infinity`. `errc::invalid_argument` for text that is no
    /// number or that 34 digits and the exponent's range cannot hold exactly.
    [[nodiscard]] static result<decimal128> from_string(std::string_view text);
    /// The canonical text of the spec.
    [[nodiscard]] std::string to_string() const;

    [[nodiscard]] constexpr std::uint64_t high() const noexcept { return high_; }
    [[nodiscard]] constexpr std::uint64_t low() const noexcept { return low_; }

    friend constexpr bool operator==(const decimal128&, const decimal128&) noexcept = default;

 private:
    std::uint64_t high_ = 0x3040000000000000U;
    std::uint64_t low_ = 0;
};

}  // namespace mongoro::bson

namespace mongoro {
using bson::decimal128;
}
