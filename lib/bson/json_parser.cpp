#include "bson/json_parser.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

// Our own parser, not bson_init_from_json: libbson 1.23 takes half of what the corpus calls parse
// errors (a bare `$date`, a NUL in a key), refuses a NUL in code, and says where an error is only
// by chance.

namespace mongoro::bson {

namespace detail {

wrapper wrapper_of(std::string_view key) noexcept {
    static constexpr std::array<std::pair<std::string_view, wrapper>, 17> names{{
        {"$oid", wrapper::oid},
        {"$symbol", wrapper::symbol},
        {"$numberInt", wrapper::number_int},
        {"$numberLong", wrapper::number_long},
        {"$numberDouble", wrapper::number_double},
        {"$numberDecimal", wrapper::number_decimal},
        {"$binary", wrapper::binary},
        {"$uuid", wrapper::uuid},
        {"$code", wrapper::code},
        {"$scope", wrapper::scope},
        {"$timestamp", wrapper::timestamp},
        {"$regularExpression", wrapper::regular_expression},
        {"$dbPointer", wrapper::db_pointer},
        {"$date", wrapper::date},
        {"$minKey", wrapper::min_key},
        {"$maxKey", wrapper::max_key},
        {"$undefined", wrapper::undefined},
    }};
    if (!key.empty() && key.front() == '$') {
        for (const auto& [name, kind] : names) {
            if (name == key) {
                return kind;
            }
        }
    }
    return wrapper::none;
}

bool json_parser::enter() {
    if (depth_ == std::min(options_.max_depth, 400U)) {  // each level is a frame of the stack
        return scan_.fail(errc::too_deep, scan_.offset(),
                          "nested in more than " + std::to_string(depth_) + " levels");
    }
    ++depth_;
    return true;
}

/// Errors of the writer are ours at the place of what was being written.
bool json_parser::written(const writer& out, std::size_t at) {
    return out.ok() || scan_.fail(out.code(), at, "the document cannot hold this value");
}

bool json_parser::document(writer& out) {
    if (!scan_.ok() || !enter()) {
        return false;
    }
    if (!scan_.take('{')) {
        return scan_.expected("'{'");
    }
    out.begin_document();
    if (!scan_.take('}')) {
        json_string first;
        if (!key(first) || !members(out, first, true)) {
            return false;
        }
    }
    out.end();
    return scan_.end() && written(out, 0);
}

bool json_parser::array(writer& out) {
    if (!scan_.ok() || !enter()) {
        return false;
    }
    if (!scan_.take('[')) {
        return scan_.expected("'['");
    }
    out.begin_document();
    if (!elements(out)) {
        return false;
    }
    out.end();
    return scan_.end() && written(out, 0);
}

bool json_parser::key(json_string& out) {
    return scan_.string(out, "a key in double quotes") && no_nul(out, "a NUL in a key");
}

/// The pairs of an object whose first key has been read, up to and with its '}'.
bool json_parser::members(writer& out, json_string& name, bool outermost) {
    for (;;) {
        if (!scan_.take(':')) {
            return scan_.expected("':' after a key");
        }
        if (!value(out, name.view())) {
            return false;
        }
        if (scan_.take('}')) {
            return true;
        }
        if (!scan_.take(',')) {
            return scan_.expected("',' or '}'");
        }
        if (!key(name)) {
            return false;
        }
        if (!outermost && options_.syntax == json_syntax::extended &&
            wrapper_of(name.view()) != wrapper::none) {
            return scan_.fail(errc::invalid_json, name.offset(),
                              "a key of a type wrapper beside keys that are not");
        }
    }
}

/// The values of an array, behind its '[', up to and with its ']'.
bool json_parser::elements(writer& out) {
    if (scan_.take(']')) {
        return true;
    }
    for (index_key index;; ++index) {
        if (!value(out, index)) {
            return false;
        }
        if (scan_.take(']')) {
            return true;
        }
        if (!scan_.take(',')) {
            return scan_.expected("',' or ']'");
        }
    }
}

bool json_parser::value(writer& out, std::string_view key) {
    const char next = scan_.peek();
    const std::size_t at = scan_.offset();
    switch (next) {
        case '{':
            return object(out, key);
        case '[':
            (void)scan_.take('[');
            out.begin_array(key);
            if (!written(out, at) || !enter() || !elements(out)) {
                return false;
            }
            out.end();
            leave();
            return written(out, at);
        case '"':
            if (!scan_.string(text_, "a string")) {
                return false;
            }
            out.append_string(key, text_.view());
            return written(out, at);
        case 't':
        case 'f':
            if (!scan_.literal(next == 't' ? "true" : "false")) {
                break;
            }
            out.append_bool(key, next == 't');
            return written(out, at);
        case 'n':
            if (!scan_.literal("null")) {
                break;
            }
            out.append_null(key);
            return written(out, at);
        case '-':
        case '0':
        case '1':
        case '2':
        case '3':
        case '4':
        case '5':
        case '6':
        case '7':
        case '8':
        case '9':
            return number(out, key);
        default:
            break;
    }
    return scan_.expected("a value");
}

bool json_parser::object(writer& out, std::string_view name) {
    const std::size_t at = scan_.offset();
    if (!enter()) {
        return false;
    }
    (void)scan_.take('{');
    json_string first;
    const bool empty = scan_.take('}');
    if (!empty && !key(first)) {
        return false;
    }
    const auto kind =
        empty || options_.syntax == json_syntax::plain ? wrapper::none : wrapper_of(first.view());
    if (kind != wrapper::none) {
        if (!scan_.take(':')) {
            return scan_.expected("':' after a key");
        }
        if (!wrapped(out, name, kind)) {
            return false;
        }
    } else {
        out.begin_document(name);
        if (!written(out, at) || (!empty && !members(out, first, false))) {
            return false;
        }
        out.end();
    }
    leave();
    return written(out, at);
}

/// The smallest type that holds the number.
bool json_parser::number(writer& out, std::string_view key) {
    const std::size_t at = scan_.offset();
    std::string_view digits;
    if (!scan_.number(digits, "a number")) {
        return false;
    }
    std::int64_t whole = 0;
    if (parse_integer(digits, whole) == number_error::none) {
        if (std::in_range<std::int32_t>(whole)) {
            out.append_int32(key, static_cast<std::int32_t>(whole));
        } else {
            out.append_int64(key, whole);
        }
        return written(out, at);
    }
    double real = 0;
    if (parse_double(digits, real) != number_error::none) {
        return scan_.fail(errc::out_of_range, at, "a number that a double cannot hold");
    }
    out.append_double(key, real);
    return written(out, at);
}

}  // namespace detail

result<document> from_json(std::string_view text, json_parse_options options) {
    byte_buffer buffer;
    writer out(buffer);
    detail::json_parser parser(text, options);
    if (!parser.document(out)) {
        return parser.why();
    }
    return document(std::move(buffer));
}

result<array> array_from_json(std::string_view text, json_parse_options options) {
    byte_buffer buffer;
    writer out(buffer);
    detail::json_parser parser(text, options);
    if (!parser.array(out)) {
        return parser.why();
    }
    return array(std::move(buffer));
}

}  // namespace mongoro::bson
