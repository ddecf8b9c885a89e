#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// One element of a document as a program has it in memory, before it is BSON: what both libraries
/// are given to encode.
struct element_model {
    /// BSON's own code.
    std::uint8_t type = 0;
    std::string key;
    /// A string, code, a pattern, the bytes of a binary.
    std::string text;
    /// A regular expression's options.
    std::string options;
    double real = 0;
    /// int32, int64, boolean, date; the two halves of a timestamp.
    std::int64_t integer = 0;
    std::array<std::uint8_t, 12> id{};
    /// Of a document or an array, or of the scope of code.
    std::vector<element_model> children;
};

using document_model = std::vector<element_model>;

/// The elements of one BSON document. Throws `failure` for a type that no data set has.
document_model read_model(const std::string& bson);

/// The bytes of a file of Extended JSON.
std::string bson_of_json_file(const std::string& path);

}  // namespace bench
