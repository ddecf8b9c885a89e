#pragma once

#include <mongoro/bson/types.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// Vectors of numbers in one binary value (subtype 9), as vector search takes them: two bytes that
// say what and how, then the numbers, packed. Follows: specifications, bson-binary-vector.

namespace mongoro::bson {

/// What a vector is made of; the values are those of the wire.
enum class vector_type : std::uint8_t {
    int8 = 0x03,
    packed_bit = 0x10,  ///< eight bits a byte, the first one in the most significant place
    float32 = 0x27,
};

/// A vector inside a document's bytes: nothing is copied, nothing is owned.
///
/// Only `from` makes one, so that what it points to is always right. Safe to copy and to read from
/// any thread while the document lives.
class binary_vector_view {
 public:
    /// Checks `value` against every rule of the specification.
    ///
    /// `errc::wrong_type` for another subtype than 9; `errc::malformed_bson` for fewer than two
    /// bytes, an unknown element type, half a float, padding where there can be none (int8,
    /// float32, an empty vector) or of more than 7 bits, and ignored bits that are not zero.
    [[nodiscard]] static result<binary_vector_view> from(binary_view value);

    [[nodiscard]] vector_type type() const noexcept { return static_cast<vector_type>(bytes_[0]); }
    /// How many bits at the end of the last byte do not count: 0 to 7, and 0 unless `packed_bit`.
    [[nodiscard]] unsigned padding() const noexcept { return bytes_[1]; }
    /// How many elements: numbers, or single bits.
    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    /// The packed elements, without the two bytes before them: floats in little-endian order, not
    /// aligned.
    [[nodiscard]] std::span<const std::uint8_t> packed() const noexcept {
        return bytes_.subspan(2);
    }

    /// The elements where they lie. Precondition: `type() == vector_type::int8`.
    [[nodiscard]] std::span<const std::int8_t> int8s() const noexcept;
    /// One element. Precondition: `type() == vector_type::float32 && index < size()`.
    [[nodiscard]] float float_at(std::size_t index) const noexcept;
    /// One bit. Precondition: `type() == vector_type::packed_bit && index < size()`.
    [[nodiscard]] bool bit_at(std::size_t index) const noexcept {
        return ((bytes_[2 + index / 8] >> (7 - index % 8)) & 1U) != 0;
    }

    /// Copies into aligned floats. `errc::wrong_type` unless `float32`.
    [[nodiscard]] result<std::vector<float>> to_floats() const;
    /// Copies. `errc::wrong_type` unless `int8`.
    [[nodiscard]] result<std::vector<std::int8_t>> to_int8s() const;
    /// One element a bit. `errc::wrong_type` unless `packed_bit`.
    [[nodiscard]] result<std::vector<bool>> to_bits() const;

    /// The whole value, to be appended to another document.
    [[nodiscard]] binary_view value() const noexcept { return {binary_subtype::vector, bytes_}; }

    /// The same type, length and elements, bit by bit: NaN equals itself, 0.0 and -0.0 differ.
    friend bool operator==(const binary_vector_view& a, const binary_vector_view& b) noexcept {
        return a.value() == b.value();
    }

 private:
    explicit binary_vector_view(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}

    std::span<const std::uint8_t> bytes_;
};

/// A vector of floats as a binary value: `document.append("embedding", make_vector(floats))`.
[[nodiscard]] binary make_vector(std::span<const float> elements);
[[nodiscard]] binary make_vector(std::span<const std::int8_t> elements);

/// A vector of bits that are packed already, eight in each byte, of which the last `padding` do not
/// count. `errc::invalid_argument` for more than 7, for any without a byte, and for bits that do
/// not count but are not zero.
[[nodiscard]] result<binary> make_packed_vector(std::span<const std::uint8_t> bytes,
                                                unsigned padding = 0);

/// A vector of bits, one an element; the padding follows from their number.
[[nodiscard]] binary make_bit_vector(const std::vector<bool>& bits);

/// A vector from numbers whose type is only known when the program runs (read from JSON, say).
///
/// The numbers of a `packed_bit` vector are its bytes. `errc::out_of_range` for a number that an
/// element cannot hold: a fraction or anything beyond -128..127 in int8, beyond 0..255 in a packed
/// byte, a finite number above the largest float. `errc::invalid_argument` for padding as in
/// `make_packed_vector`, or where there can be none, or an unknown type.
[[nodiscard]] result<binary> make_vector(vector_type type, std::span<const double> numbers,
                                         int padding = 0);

}  // namespace mongoro::bson
