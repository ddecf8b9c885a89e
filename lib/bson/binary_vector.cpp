#include <mongoro/bson/binary_vector.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace mongoro::bson {

namespace {

constexpr std::size_t header_size = 2;

error wrong(errc code, const char* message) {
    return error(make_error_code(code), message);
}

/// What is wrong with the padding of a vector, or null. Used both ways: the rules are the same for
/// what is read and what is written.
const char* padding_fault(vector_type type, int padding, std::span<const std::uint8_t> packed) {
    if (type != vector_type::packed_bit) {
        return padding == 0 ? nullptr : "padding in a vector whose elements fill their bytes";
    }
    if (padding < 0 || padding > 7) {
        return "padding of a packed_bit vector that is not in 0..7";
    }
    if (padding == 0) {
        return nullptr;
    }
    if (packed.empty()) {
        return "padding in an empty packed_bit vector";
    }
    // The specification lets older drivers pass these; a new one refuses them, so that equal
    // vectors have equal bytes.
    if ((packed.back() & ((1U << static_cast<unsigned>(padding)) - 1U)) != 0) {
        return "bits of a packed_bit vector that do not count but are not zero";
    }
    return nullptr;
}

std::vector<std::uint8_t> start(vector_type type, unsigned padding, std::size_t packed_size) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(header_size + packed_size);
    bytes.push_back(static_cast<std::uint8_t>(type));
    bytes.push_back(static_cast<std::uint8_t>(padding));
    return bytes;
}

void push_float(std::vector<std::uint8_t>& bytes, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
    }
}

binary finish(std::vector<std::uint8_t> bytes) {
    return binary(std::move(bytes), binary_subtype::vector);
}

/// A finite number beyond the largest float would turn into an infinity (and is undefined
/// behaviour).
bool fits_float(double number) {
    return !std::isfinite(number) || std::abs(number) <= std::numeric_limits<float>::max();
}

}  // namespace

result<binary_vector_view> binary_vector_view::from(binary_view value) {
    if (value.subtype != binary_subtype::vector) {
        return wrong(errc::wrong_type, "expected a binary vector (subtype 9), got another subtype");
    }
    if (value.bytes.size() < header_size) {
        return wrong(errc::malformed_bson, "a binary vector without its two leading bytes");
    }
    const auto kind = static_cast<vector_type>(value.bytes[0]);
    const auto packed = value.bytes.subspan(header_size);
    switch (kind) {
        case vector_type::int8:
        case vector_type::packed_bit:
            break;
        case vector_type::float32:
            if (packed.size() % sizeof(float) != 0) {
                return wrong(errc::malformed_bson, "a float32 vector that ends inside a number");
            }
            break;
        default:
            return wrong(errc::malformed_bson, "a binary vector of an unknown element type");
    }
    if (const char* fault = padding_fault(kind, value.bytes[1], packed)) {
        return wrong(errc::malformed_bson, fault);
    }
    return binary_vector_view(value.bytes);
}

std::size_t binary_vector_view::size() const noexcept {
    const std::size_t bytes = bytes_.size() - header_size;
    switch (type()) {
        case vector_type::float32:
            return bytes / sizeof(float);
        case vector_type::packed_bit:
            return bytes * 8 - padding();
        case vector_type::int8:
            break;
    }
    return bytes;
}

std::span<const std::int8_t> binary_vector_view::int8s() const noexcept {
    const auto bytes = packed();
    return {reinterpret_cast<const std::int8_t*>(bytes.data()), bytes.size()};
}

float binary_vector_view::float_at(std::size_t index) const noexcept {
    const auto bytes = packed().subspan(index * sizeof(float), sizeof(float));
    std::uint32_t bits = 0;
    for (unsigned i = 0; i < 4; ++i) {
        bits |= std::uint32_t{bytes[i]} << (8 * i);
    }
    return std::bit_cast<float>(bits);
}

result<std::vector<float>> binary_vector_view::to_floats() const {
    if (type() != vector_type::float32) {
        return wrong(errc::wrong_type, "expected a vector of float32");
    }
    std::vector<float> out(size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = float_at(i);
    }
    return out;
}

result<std::vector<std::int8_t>> binary_vector_view::to_int8s() const {
    if (type() != vector_type::int8) {
        return wrong(errc::wrong_type, "expected a vector of int8");
    }
    const auto elements = int8s();
    return std::vector<std::int8_t>(elements.begin(), elements.end());
}

result<std::vector<bool>> binary_vector_view::to_bits() const {
    if (type() != vector_type::packed_bit) {
        return wrong(errc::wrong_type, "expected a vector of packed_bit");
    }
    std::vector<bool> out(size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = bit_at(i);
    }
    return out;
}

binary make_vector(std::span<const float> elements) {
    auto bytes = start(vector_type::float32, 0, elements.size_bytes());
    for (const float element : elements) {
        push_float(bytes, element);
    }
    return finish(std::move(bytes));
}

binary make_vector(std::span<const std::int8_t> elements) {
    auto bytes = start(vector_type::int8, 0, elements.size());
    for (const std::int8_t element : elements) {
        bytes.push_back(static_cast<std::uint8_t>(element));
    }
    return finish(std::move(bytes));
}

result<binary> make_packed_vector(std::span<const std::uint8_t> packed, unsigned padding) {
    const int checked = padding > 7 ? 8 : static_cast<int>(padding);
    if (const char* fault = padding_fault(vector_type::packed_bit, checked, packed)) {
        return wrong(errc::invalid_argument, fault);
    }
    auto bytes = start(vector_type::packed_bit, padding, packed.size());
    bytes.insert(bytes.end(), packed.begin(), packed.end());
    return finish(std::move(bytes));
}

binary make_bit_vector(const std::vector<bool>& bits) {
    const std::size_t packed_size = (bits.size() + 7) / 8;
    auto bytes = start(vector_type::packed_bit,
                       static_cast<unsigned>(packed_size * 8 - bits.size()), packed_size);
    bytes.resize(header_size + packed_size);
    for (std::size_t i = 0; i < bits.size(); ++i) {
        if (bits[i]) {
            bytes[header_size + i / 8] |= static_cast<std::uint8_t>(0x80U >> (i % 8));
        }
    }
    return finish(std::move(bytes));
}

result<binary> make_vector(vector_type type, std::span<const double> numbers, int padding) {
    double lowest = 0;
    double highest = 0;
    switch (type) {
        case vector_type::int8:
            lowest = -128;
            highest = 127;
            break;
        case vector_type::packed_bit:
            highest = 255;
            break;
        case vector_type::float32:
            break;
        default:
            return wrong(errc::invalid_argument, "an unknown element type");
    }
    auto bytes = start(type, 0, numbers.size());
    for (const double number : numbers) {
        if (type == vector_type::float32) {
            if (!fits_float(number)) {
                return wrong(errc::out_of_range, "a number that a float32 cannot hold");
            }
            push_float(bytes, static_cast<float>(number));
            continue;
        }
        // Written so that a NaN fails it.
        if (!(number >= lowest && number <= highest && number == std::trunc(number))) {
            return wrong(errc::out_of_range, "a number that the vector's element type cannot hold");
        }
        bytes.push_back(static_cast<std::uint8_t>(static_cast<int>(number)));
    }
    const auto packed = std::span<const std::uint8_t>(bytes).subspan(header_size);
    if (const char* fault = padding_fault(type, padding, packed)) {
        return wrong(errc::invalid_argument, fault);
    }
    bytes[1] = static_cast<std::uint8_t>(padding);
    return finish(std::move(bytes));
}

}  // namespace mongoro::bson
