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

namespace {

const std::uint8_t* bytes_of(std::string_view text) noexcept {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

/// The slot of a key, looked for from `expected` on; the number of slots if there is none.
std::size_t slot_of(std::span<const member_slot> slots, std::string_view key,
                    std::size_t expected) noexcept {
    for (std::size_t tried = 0, i = expected; tried < slots.size(); ++tried, ++i) {
        i = i == slots.size() ? 0 : i;
        const std::string_view own = slots[i].key;
        if (own.size() == key.size() && same_bytes(bytes_of(own), bytes_of(key), key.size()) &&
            slots[i].read != nullptr) {
            return i;
        }
    }
    return slots.size();
}

struct found_element {
    const std::uint8_t* element;
    const std::uint8_t* nul;  // of its key; the end of the document if there is none
};

/// Over the elements whose keys are no member's: to one that may be, that is malformed, or `end`.
/// A function of its own, so that all it needs stays in registers.
[[gnu::noinline]] found_element skip_others(const std::uint8_t* element, const std::uint8_t* end,
                                            std::uint64_t filter) noexcept {
    while (element != end) {
        const std::uint8_t* const name = element + 1;
        const std::uint8_t* const nul = key_end(name, end);
        if (nul == end || (filter & key_filter(static_cast<std::size_t>(nul - name), *name)) != 0) {
            return {element, nul};
        }
        const std::uint8_t* const data = nul + 1;
        const std::ptrdiff_t n = value_size(*element, data, static_cast<std::size_t>(end - data));
        if (n < 0) [[unlikely]] {
            return {element, nul};
        }
        element = data + n;
    }
    return {end, end};
}

}  // namespace

bool read_in_any_order(decode_context& context, std::span<const member_slot> slots,
                       std::uint64_t filter, void* const* members, const std::uint8_t* element,
                       const std::uint8_t* end, std::uint64_t& seen) {
    const std::uint64_t all = slots.empty() ? 0 : ~std::uint64_t{0} >> (64 - slots.size());
    std::size_t expected = 0;
    while (seen != all) {
        const auto [from, nul] = skip_others(element, end, filter);
        if (from == end) {
            break;
        }
        if (nul == end) [[unlikely]] {
            malformed(context);
            return false;
        }
        const std::string_view key(reinterpret_cast<const char*>(from) + 1,
                                   static_cast<std::size_t>(nul - from) - 1);
        const position at{from, nul + 1, end};
        // Documents keep the order of the struct that wrote them, so the next member comes first.
        const std::size_t found = slot_of(slots, key, expected);
        if (found != slots.size() && (seen >> found & 1U) == 0) {
            element = slots[found].read(context, at, members[found]);
            seen |= std::uint64_t{1} << found;
            expected = found + 1 == slots.size() ? 0 : found + 1;
        } else {
            element = skip_value(context, at);
        }
        if (element == nullptr) [[unlikely]] {
            context.prepend(key);
            return false;
        }
    }
    return true;
}

}  // namespace detail

}  // namespace mongoro::bson
