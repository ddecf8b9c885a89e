#include <mongoro/bson/codec_context.hpp>
#include <mongoro/bson/codec_read.hpp>

#include "error/shown_text.hpp"

namespace mongoro::bson {

bool decode_context::fail(errc code, std::string_view what) {
    code_ = code;
    path_.clear();
    what_ = what;
    return false;
}

bool decode_context::fail(errc code, bson::type expected, bson::type got) {
    switch (code) {
        case errc::malformed_bson:
            return fail(code, "malformed BSON");
        case errc::out_of_range:
            fail(code, "out of range for ");
            what_ += type_name(expected);
            return false;
        default:
            break;
    }
    fail(code, "expected ");
    what_ += type_name(expected);
    what_ += ", got ";
    what_ += type_name(got);
    return false;
}

bool decode_context::missing(std::string_view key) {
    fail(errc::key_not_found, "key not found");
    prepend(key);
    return false;
}

void decode_context::prepend(std::string_view key) {
    std::string path(key);
    if (!path_.empty()) {
        path += '.';
        path += path_;
    }
    path_ = std::move(path);
}

void decode_context::prepend(std::size_t index) {
    prepend(std::to_string(index));
}

error decode_context::error() const {
    if (!failed()) {
        return {};
    }
    return {make_error_code(code_),
            path_.empty() ? what_ : mongoro::detail::shown_text(path_) + ": " + what_};
}

namespace detail {

value_view view_of(position at) {
    // The walk looks at nothing before the fifth byte; an element has at least a document's first
    // four bytes before it.
    const document_view from(at.element - 4, static_cast<std::size_t>(at.end + 1 - at.element) + 4);
    return element_iterator(from)->value();
}

const std::uint8_t* refuse(decode_context& context, position at, bson::type expected) {
    const value_view v = view_of(at);
    if (v.malformed()) {
        context.fail(errc::malformed_bson, "malformed BSON");
    } else {
        // Of the right type, yet refused: its length or its terminator was wrong.
        context.fail(v.type() == expected ? errc::malformed_bson : errc::wrong_type, expected,
                     v.type());
    }
    return nullptr;
}

const std::uint8_t* malformed(decode_context& context) {
    context.fail(errc::malformed_bson, "malformed BSON");
    return nullptr;
}

bool next_element(decode_context& context, const std::uint8_t* element, const std::uint8_t* end,
                  element_place& out) {
    const std::uint8_t* const key = element + 1;
    const std::uint8_t* const nul = key_end(key, end);
    if (nul == end) {
        return context.fail(errc::malformed_bson, "malformed BSON");
    }
    out.key = {reinterpret_cast<const char*>(key), static_cast<std::size_t>(nul - key)};
    out.at = {element, nul + 1, end};
    return true;
}

const std::uint8_t* skip_value(decode_context& context, position at) {
    const std::ptrdiff_t n =
        value_size(*at.element, at.value, static_cast<std::size_t>(at.end - at.value));
    return n < 0 ? malformed(context) : at.value + n;
}

bool skip_element(decode_context& context, const std::uint8_t*& element, const std::uint8_t* end) {
    element_place place;
    if (!next_element(context, element, end, place)) {
        return false;
    }
    element = skip_value(context, place.at);
    if (element == nullptr) {
        context.prepend(place.key);
        return false;
    }
    return true;
}

const std::uint8_t* skip_others(const std::uint8_t* element, const std::uint8_t* end,
                                std::uint64_t filter) noexcept {
    while (element != end) {
        const std::uint8_t* const name = element + 1;
        const std::uint8_t* const nul = key_end(name, end);
        if (nul == end || (filter & key_filter(static_cast<std::size_t>(nul - name), *name)) != 0) {
            break;
        }
        const std::uint8_t* const data = nul + 1;
        const std::ptrdiff_t n = value_size(*element, data, static_cast<std::size_t>(end - data));
        if (n < 0) [[unlikely]] {
            break;
        }
        element = data + n;
    }
    return element;
}

}  // namespace detail

}  // namespace mongoro::bson
