// Spec: source/bson-binary-vector/tests/README.md.

#include "area.hpp"
#include "hex.hpp"

#include <mongoro/bson/binary_vector.hpp>
#include <mongoro/bson/document.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::spec {

namespace {

using bson::binary_vector_view;
using bson::document_view;
using bson::vector_type;

/// The elements of a decoded vector as the files write them: for packed bits their bytes.
std::vector<double> numbers_of(const binary_vector_view& vector) {
    std::vector<double> out;
    switch (vector.type()) {
        case vector_type::int8:
            for (const auto element : vector.int8s()) {
                out.push_back(element);
            }
            break;
        case vector_type::float32:
            for (std::size_t i = 0; i < vector.size(); ++i) {
                out.push_back(vector.float_at(i));
            }
            break;
        case vector_type::packed_bit:
            for (const auto byte : vector.packed()) {
                out.push_back(byte);
            }
            break;
    }
    return out;
}

/// Encoded from the C++ type of its elements, as a program would that has them.
result<bson::binary> encode_typed(vector_type type, const std::vector<double>& numbers,
                                  unsigned padding) {
    switch (type) {
        case vector_type::int8: {
            std::vector<std::int8_t> elements;
            for (const double number : numbers) {
                elements.push_back(static_cast<std::int8_t>(number));
            }
            return bson::make_vector(elements);
        }
        case vector_type::float32: {
            std::vector<float> elements;
            for (const double number : numbers) {
                elements.push_back(static_cast<float>(number));
            }
            return bson::make_vector(elements);
        }
        case vector_type::packed_bit:
            break;
    }
    std::vector<std::uint8_t> elements;
    for (const double number : numbers) {
        elements.push_back(static_cast<std::uint8_t>(number));
    }
    return bson::make_packed_vector(elements, padding);
}

struct test_case {
    test_case(document_view test, std::string_view test_key)
        : key(test_key),
          type(static_cast<vector_type>(
              from_hex(test["dtype_hex"].get<std::string_view>().substr(2)).at(0))),
          padding(test["padding"].get_or(0)) {
        if (const auto list = test["vector"].get<std::optional<bson::array_view>>()) {
            numbers.emplace();
            for (const auto& element : *list) {
                numbers->push_back(element.value().get<double>());
            }
        }
        if (const auto hex = test["canonical_bson"].get<std::optional<std::string_view>>()) {
            canonical = from_hex(*hex);
        }
    }

    [[nodiscard]] result<binary_vector_view> decode() const {
        const auto document = document_view::from_bytes(*canonical);
        if (!document) {
            return document.error();
        }
        return binary_vector_view::from((*document)[key].get<bson::binary_view>());
    }

    std::string_view key;
    vector_type type;
    int padding;
    std::optional<std::vector<double>> numbers;
    std::optional<std::vector<std::uint8_t>> canonical;
};

void valid(const test_case& test, checks& made) {
    if (!made.expect(test.numbers && test.canonical, "a valid case without a vector or bytes")) {
        return;
    }
    const auto encoded = [&](std::string_view how, const result<bson::binary>& value) {
        if (!made.expect(value.has_value(), std::string(how) + value.error().to_string())) {
            return;
        }
        const auto document = bson::document().append(test.key, *value);
        made.expect(std::ranges::equal(document.bytes(), *test.canonical),
                    std::string(how) + "got " + to_hex(document.bytes()));
    };
    encoded("encoded: ", bson::make_vector(test.type, *test.numbers, test.padding));
    encoded("encoded from its own type: ",
            encode_typed(test.type, *test.numbers, static_cast<unsigned>(test.padding)));

    const auto vector = test.decode();
    if (!made.expect(vector.has_value(), "decoded: " + vector.error().to_string())) {
        return;
    }
    made.expect(vector->type() == test.type, "decoded: another element type");
    made.expect(static_cast<int>(vector->padding()) == test.padding, "decoded: another padding");
    // A float32 of the file is written with fewer digits than a double has.
    auto wanted = *test.numbers;
    if (test.type == vector_type::float32) {
        for (auto& number : wanted) {
            number = static_cast<float>(number);
        }
    }
    made.expect(numbers_of(*vector) == wanted, "decoded: other numbers");
}

void invalid(const test_case& test, checks& made) {
    if (test.numbers) {
        made.expect(!bson::make_vector(test.type, *test.numbers, test.padding),
                    "encoded all the same");
    }
    if (test.canonical) {
        made.expect(!test.decode(), "decoded all the same");
    }
}

class bson_binary_vector final : public area {
 public:
    void run(file_run& run) override {
        const auto content = run.content();
        const auto key = content["test_key"].get<std::string_view>();
        for (const auto& element : content["tests"].get<bson::array_view>()) {
            const auto one = element.value().get<document_view>();
            run.test(one["description"].get<std::string_view>(), [&](checks& made) {
                const test_case test(one, key);
                if (one["valid"].get<bool>()) {
                    valid(test, made);
                } else {
                    invalid(test, made);
                }
            });
        }
    }
};

}  // namespace

std::unique_ptr<area> make_bson_binary_vector(const settings& /*s*/) {
    return std::make_unique<bson_binary_vector>();
}

}  // namespace mongoro::spec
