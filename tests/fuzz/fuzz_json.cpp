#include "deep_walk.hpp"

#include <mongoro/bson/document.hpp>
#include <mongoro/bson/json.hpp>
#include <mongoro/bson/validate.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Extended JSON both ways: any text into a document, any bytes into text. The first byte says
// which.

namespace {

namespace bson = mongoro::bson;
namespace fuzz = mongoro::fuzz;
using bson::document_view;
using bson::json_mode;
using mongoro::errc;

// More than any text can be that was written of what had been read: wrappers add levels.
constexpr unsigned deepest = 400;

bson::json_options in(json_mode mode) {
    return {.mode = mode, .max_depth = deepest};
}

/// Whether some key may be that of a type wrapper: for such documents the format has no escape.
bool has_dollar(document_view document) {
    for (const auto& element : document) {
        const auto& value = element.value();
        bson::code_with_scope_view code;
        if (element.key().starts_with('$') ||
            (value.read(code) == errc{} && has_dollar(code.scope)) ||
            ((value.type() == bson::type::document || value.type() == bson::type::array) &&
             has_dollar({value.raw().data(), value.raw().size()}))) {
            return true;
        }
    }
    return false;
}

/// What is written of a valid document is read again, and is the same when it is written once more.
void check_text(document_view document, json_mode mode) {
    const auto text = bson::try_to_json(document, in(mode));
    fuzz::require(text.has_value(), "what is valid has a text");
    if (has_dollar(document)) {
        return;
    }
    const auto read = bson::from_json(*text, {.max_depth = deepest});
    fuzz::require(read.has_value(), "what was written is read");
    fuzz::require(bson::validate(*read).has_value(), "what was read is valid");
    fuzz::require(bson::try_to_json(*read, in(mode)).value() == *text, "the text is the same");
}

void check_document(document_view document) {
    check_text(document, json_mode::canonical);
    check_text(document, json_mode::relaxed);
}

void read_text(std::string_view text, bson::json_syntax syntax) {
    static_cast<void>(bson::array_from_json(text, {.syntax = syntax}));
    if (const auto read = bson::from_json(text, {.syntax = syntax})) {
        fuzz::require(bson::validate(*read).has_value(), "what was read is valid");
        check_document(*read);
    }
}

void read_bytes(std::span<const std::uint8_t> bytes) {
    const auto document = document_view::from_bytes(bytes);
    if (!document) {
        return;
    }
    static_cast<void>(bson::try_to_json(*document));
    if (bson::validate(*document)) {
        check_document(*document);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    // Of their own size, so that reading behind them is seen.
    const std::vector<std::uint8_t> rest(data + 1, data + size);
    const std::string text(rest.begin(), rest.end());
    switch (data[0] % 3) {
        case 0:
            read_text(text, bson::json_syntax::extended);
            break;
        case 1:
            read_text(text, bson::json_syntax::plain);
            break;
        default:
            read_bytes(rest);
            break;
    }
    return 0;
}
