#include <mongoro/bson/binary_vector.hpp>
#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <vector>

using namespace mongoro::bson;
using mongoro::errc;

namespace {

using bytes = std::vector<std::uint8_t>;

bytes bytes_of(const binary& value) {
    return {value.bytes().begin(), value.bytes().end()};
}

/// A vector from its raw bytes.
mongoro::result<binary_vector_view> decoded(const bytes& raw,
                                            binary_subtype subtype = binary_subtype::vector) {
    return binary_vector_view::from({subtype, raw});
}

}  // namespace

TEST_CASE("a vector of floats is packed in little-endian order and read back") {
    const std::vector<float> floats{127.0F, -7.5F, std::numeric_limits<float>::infinity()};
    const auto value = make_vector(floats);
    CHECK(value.subtype() == binary_subtype::vector);
    CHECK(bytes_of(value) == bytes{0x27, 0, 0, 0, 0xFE, 0x42, 0, 0, 0xF0, 0xC0, 0, 0, 0x80, 0x7F});
    const auto view = binary_vector_view::from(value).value();
    CHECK(view.type() == vector_type::float32);
    CHECK(view.size() == 3);
    CHECK(view.float_at(1) == -7.5F);
    CHECK(view.to_floats().value() == floats);
    CHECK(view.to_int8s().error() == errc::wrong_type);
    CHECK(view.to_bits().error() == errc::wrong_type);
}

TEST_CASE("a vector of int8 lies in the document as it is") {
    const std::vector<std::int8_t> numbers{-128, -1, 0, 127};
    const document stored = document().append("v", make_vector(numbers));
    const auto view = binary_vector_view::from(stored["v"].get<binary_view>()).value();
    CHECK(view.int8s().data() == static_cast<const void*>(stored.data() + stored.size() - 5));
    CHECK(view.to_int8s().value() == numbers);
    CHECK(view.to_floats().error() == errc::wrong_type);
    CHECK(document().append("v", view.value()) == stored);
}

TEST_CASE("bits count from the most significant, without the padding") {
    const auto view_of = [](const binary& value) {
        return binary_vector_view::from(value).value();
    };
    const bytes packed{0b11101110, 0b11100000};
    const auto twelve = make_packed_vector(packed, 4).value();
    CHECK(bytes_of(twelve) == bytes{0x10, 4, 0xEE, 0xE0});
    CHECK(view_of(twelve).size() == 12);
    CHECK(view_of(twelve).padding() == 4);
    CHECK(view_of(twelve).bit_at(2));
    CHECK_FALSE(view_of(twelve).bit_at(3));
    const std::vector<bool> bits{1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0};
    CHECK(view_of(twelve).to_bits().value() == bits);
    CHECK(make_bit_vector(bits) == twelve);
    for (std::size_t n = 0; n < 20; ++n) {
        const std::vector<bool> ones(n, true);
        const auto value = make_bit_vector(ones);
        CHECK(view_of(value).to_bits().value() == ones);
        CHECK(value.bytes().size() == 2 + (n + 7) / 8);
    }
}

TEST_CASE("empty vectors of every type are right") {
    for (const auto type : {vector_type::int8, vector_type::float32, vector_type::packed_bit}) {
        const auto value = make_vector(type, {}).value();
        const auto view = binary_vector_view::from(value);
        REQUIRE(view);
        CHECK(view->type() == type);
        CHECK(view->empty());
        CHECK(view->packed().empty());
    }
}

TEST_CASE("what breaks a rule is refused when it is read") {
    CHECK(decoded({0x03, 0, 1}, binary_subtype::generic).error() == errc::wrong_type);
    for (const auto& raw : {
             bytes{},                          // nothing
             bytes{0x03},                      // no padding
             bytes{0x00, 0},                   // unknown types
             bytes{0x11, 0, 1},                //
             bytes{0x27, 0, 1, 2, 3},          // half a float
             bytes{0x27, 0, 1, 2, 3, 4, 5},    //
             bytes{0x27, 3, 0, 0, 0, 0},       // padding where there is none
             bytes{0x03, 1, 7},                //
             bytes{0x10, 1},                   // padding of nothing
             bytes{0x10, 8, 0},                // more than a byte
             bytes{0x10, 255, 0},              //
             bytes{0x10, 7, 0xFF},             // ignored bits that are not zero
             bytes{0x10, 3, 0x00, 0b00000100}  //
         }) {
        CAPTURE(raw.size());
        CHECK(decoded(raw).error() == errc::malformed_bson);
    }
    CHECK(decoded({0x10, 7, 0x80}));
}

TEST_CASE("what breaks a rule is refused when it is written") {
    CHECK(make_packed_vector(bytes{0xFF}, 7).error() == errc::invalid_argument);
    CHECK(make_packed_vector(bytes{0x80}, 7));
    CHECK(make_packed_vector(bytes{0x00}, 8).error() == errc::invalid_argument);
    CHECK(make_packed_vector(bytes{0x00}, 4294967295U).error() == errc::invalid_argument);
    CHECK(make_packed_vector({}, 1).error() == errc::invalid_argument);

    const auto numbers = [](vector_type type, std::vector<double> list, int padding = 0) {
        return make_vector(type, list, padding).error();
    };
    CHECK(numbers(vector_type::int8, {128}) == errc::out_of_range);
    CHECK(numbers(vector_type::int8, {-129}) == errc::out_of_range);
    CHECK(numbers(vector_type::int8, {0.5}) == errc::out_of_range);
    CHECK(numbers(vector_type::int8, {std::numeric_limits<double>::quiet_NaN()}) ==
          errc::out_of_range);
    CHECK(numbers(vector_type::int8, {1}, 1) == errc::invalid_argument);
    CHECK(numbers(vector_type::packed_bit, {256}) == errc::out_of_range);
    CHECK(numbers(vector_type::packed_bit, {-1}) == errc::out_of_range);
    CHECK(numbers(vector_type::packed_bit, {1}, -1) == errc::invalid_argument);
    CHECK(numbers(vector_type::packed_bit, {1}, 8) == errc::invalid_argument);
    CHECK(numbers(vector_type::packed_bit, {255}, 7) == errc::invalid_argument);
    CHECK(numbers(vector_type::float32, {1e39}) == errc::out_of_range);
    CHECK(numbers(vector_type::float32, {1}, 3) == errc::invalid_argument);
    CHECK(numbers(static_cast<vector_type>(0x11), {1}) == errc::invalid_argument);
    const std::vector<double> right{std::numeric_limits<float>::max(),
                                    -std::numeric_limits<double>::infinity()};
    CHECK(make_vector(vector_type::float32, right).has_value());
}

TEST_CASE("vectors are equal when their bytes are") {
    const bytes first{0x10, 7, 0x80};
    const auto same = make_packed_vector(bytes{0x80}, 7).value();
    const auto other = make_packed_vector(bytes{0x80}, 6).value();
    CHECK(decoded(first).value() == binary_vector_view::from(same).value());
    CHECK_FALSE(decoded(first).value() == binary_vector_view::from(other).value());
}
