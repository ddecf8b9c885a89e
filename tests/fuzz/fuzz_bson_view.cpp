#include "deep_walk.hpp"

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/document.hpp>
#include <mongoro/bson/validate.hpp>
#include <mongoro/bson/writer.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// Documents from outside: views of any bytes, validation, comparison, and writing again what
// validates.

namespace {

namespace bson = mongoro::bson;
namespace fuzz = mongoro::fuzz;
using bson::document_view;

// Writes the elements one by one, the nested ones by a level of their own.
void copy_elements(bson::writer& to, document_view from) {
    for (const auto& element : from) {
        const auto& value = element.value();
        switch (value.type()) {
            case bson::type::document:
                to.begin_document(element.key());
                copy_elements(to, value.get<document_view>());
                to.end();
                break;
            case bson::type::array:
                to.begin_array(element.key());
                copy_elements(to, value.get<bson::array_view>().as_document());
                to.end();
                break;
            default:
                to.append(element.key(), value);
                break;
        }
    }
}

void check_valid(document_view document) {
    fuzz::walk_result seen;
    fuzz::walk(seen, document);
    fuzz::require(!seen.malformed, "what validates is read without a malformed value");

    bson::byte_buffer bytes;
    bson::writer to(bytes);
    to.begin_document();
    copy_elements(to, document);
    to.end();
    fuzz::require(to.ok(), "what validates can be written");
    fuzz::require(std::ranges::equal(bytes.bytes(), document.bytes()),
                  "what is written is what was read");
    fuzz::require(compare(document, document) == 0, "a document compares equal to itself");
}

bool check_document(document_view document) {
    fuzz::walk_result seen;
    fuzz::walk(seen, document);
    fuzz::look_up(seen, document);
    static_cast<void>(document.count());
    static_cast<void>(compare(document, document));
    const auto valid = bson::validate(document);
    const auto loose = bson::validate(document, {.max_depth = 1000, .utf8 = false});
    const auto strict = bson::validate(document, {.array_keys = true, .no_empty_keys = true});
    fuzz::require(!valid || loose, "what is valid stays so with fewer checks");
    fuzz::require(!strict || valid, "what passes more checks passes fewer");
    if (valid) {
        check_valid(document);
    }
    return valid.has_value();
}

void check_pair(document_view a, document_view b) {
    const auto ab = compare(a, b);
    const auto ba = compare(b, a);
    fuzz::require((ab < 0) == (ba > 0) && (ab == 0) == (ba == 0), "an order has two directions");
}

// The bytes with their frame made right, so that most inputs are worth a walk.
std::vector<std::uint8_t> framed(std::span<const std::uint8_t> bytes) {
    std::vector<std::uint8_t> out(bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < 4; ++i) {
        out[i] = static_cast<std::uint8_t>(out.size() >> (8 * i));
    }
    out.back() = 0;
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    if (const auto document = document_view::from_bytes(bytes)) {
        check_document(*document);
    }
    if (size < 5) {
        return 0;
    }
    const auto whole = framed(bytes);
    check_document({whole.data(), whole.size()});
    // Two documents, cut where the first byte says.
    const std::size_t cut = data[0] % size;
    if (cut >= 5 && size - cut >= 5) {
        const auto first = framed(bytes.first(cut));
        const auto second = framed(bytes.subspan(cut));
        const document_view a(first.data(), first.size());
        const document_view b(second.data(), second.size());
        if (bson::validate(a) && bson::validate(b)) {
            check_pair(a, b);
        } else {
            static_cast<void>(compare(a, b));
        }
    }
    return 0;
}
