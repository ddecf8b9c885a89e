#include "bson/json_parser.hpp"

#include <limits>
#include <utility>

namespace mongoro::bson::detail {

bool json_parser::text(json_string& out, std::string_view what) {
    return scan_.string(out, what);
}

bool json_parser::no_nul(const json_string& s, std::string_view what) {
    return s.view().find('\0') == std::string_view::npos ||
           scan_.fail(errc::embedded_nul, s.offset(), what);
}

bool json_parser::bad_number(number_error e, std::size_t at, std::string_view what) {
    const std::string text = "expected " + std::string(what);
    return e == number_error::none ||
           scan_.fail(e == number_error::range ? errc::out_of_range : errc::invalid_json, at, text);
}

/// The object of two fields, both of them there, in any order. `field(i)` reads the value of the
/// i-th.
template <typename Field>
bool json_parser::two_fields(std::string_view first, std::string_view second, std::string_view what,
                             Field field) {
    if (!enter()) {
        return false;
    }
    if (!scan_.take('{')) {
        return scan_.expected(what);
    }
    json_string name;
    bool seen[2] = {false, false};
    for (;;) {
        if (!scan_.string(name, what)) {
            return false;
        }
        const int index = name.view() == first ? 0 : 1;
        if ((index == 1 && name.view() != second) || seen[index]) {
            return scan_.fail(errc::invalid_json, name.offset(), "expected " + std::string(what));
        }
        seen[index] = true;
        if (!scan_.take(':')) {
            return scan_.expected("':' after a key");
        }
        if (!field(index)) {
            return false;
        }
        if (seen[0] && seen[1]) {
            leave();
            return scan_.take('}') || scan_.expected("'}' after " + std::string(what));
        }
        if (!scan_.take(',')) {
            return scan_.expected(what);
        }
    }
}

bool json_parser::wrapped(writer& out, std::string_view key, wrapper kind) {
    bool right = false;
    switch (kind) {
        case wrapper::oid:
        case wrapper::symbol:
        case wrapper::uuid:
            right = wrapped_text(out, key, kind);
            break;
        case wrapper::number_int:
        case wrapper::number_long:
        case wrapper::number_double:
        case wrapper::number_decimal:
            right = wrapped_number(out, key, kind);
            break;
        case wrapper::binary:
            right = wrapped_binary(out, key);
            break;
        // These two have one key or two: they read the '}' themselves.
        case wrapper::code:
            return wrapped_code(out, key, false);
        case wrapper::scope:
            return wrapped_code(out, key, true);
        case wrapper::timestamp:
            right = wrapped_timestamp(out, key);
            break;
        case wrapper::regular_expression:
            right = wrapped_regex(out, key);
            break;
        case wrapper::db_pointer:
            right = wrapped_db_pointer(out, key);
            break;
        case wrapper::date:
            right = wrapped_date(out, key);
            break;
        case wrapper::min_key:
        case wrapper::max_key:
        case wrapper::undefined:
            right = wrapped_one(out, key, kind);
            break;
        case wrapper::none:
            break;
    }
    return right && (scan_.take('}') || scan_.expected("'}': a type wrapper has no other keys"));
}

bool json_parser::wrapped_text(writer& out, std::string_view key, wrapper kind) {
    if (kind == wrapper::symbol) {
        if (!text(text_, "a string in $symbol")) {
            return false;
        }
        out.append_text(type::symbol, key, text_.view());
        return true;
    }
    if (kind == wrapper::oid) {
        object_id id;
        if (!text(text_, "24 hexadecimal digits in $oid") || !oid(id)) {
            return false;
        }
        out.append(key, id);
        return true;
    }
    if (!text(text_, "a UUID in $uuid")) {
        return false;
    }
    const auto id = uuid::from_string(text_.view());
    if (!id) {
        return scan_.fail(errc::invalid_json, text_.offset(),
                          "expected a UUID of 8-4-4-4-12 hexadecimal digits in $uuid");
    }
    out.append_binary(key, binary_subtype::uuid, id->bytes());
    return true;
}

/// The digits that are in `text_`.
bool json_parser::oid(object_id& out) {
    const auto id = object_id::from_string(text_.view());
    if (!id) {
        return scan_.fail(errc::invalid_json, text_.offset(),
                          "expected 24 hexadecimal digits in $oid");
    }
    out = *id;
    return true;
}

bool json_parser::wrapped_number(writer& out, std::string_view key, wrapper kind) {
    if (!text(text_, "a number in double quotes")) {
        return false;
    }
    const auto digits = text_.view();
    const auto at = text_.offset();
    if (kind == wrapper::number_int) {
        std::int32_t number = 0;
        const auto e = parse_integer(digits, number);
        out.append_int32(key, number);
        return bad_number(e, at, "a 32-bit integer in $numberInt");
    }
    if (kind == wrapper::number_long) {
        std::int64_t number = 0;
        const auto e = parse_integer(digits, number);
        out.append_int64(key, number);
        return bad_number(e, at, "a 64-bit integer in $numberLong");
    }
    if (kind == wrapper::number_decimal) {
        const auto number = decimal128::from_string(digits);
        if (!number) {
            return scan_.fail(
                errc::invalid_json, at,
                "expected a number in $numberDecimal that a decimal128 holds exactly");
        }
        out.append(key, *number);
        return true;
    }
    double number = 0;
    if (digits == "Infinity" || digits == "-Infinity") {
        number = std::numeric_limits<double>::infinity() * (digits.front() == '-' ? -1 : 1);
    } else if (digits == "NaN") {
        number = std::numeric_limits<double>::quiet_NaN();
    } else if (!bad_number(parse_double(digits, number), at, "a double in $numberDouble")) {
        return false;
    }
    out.append_double(key, number);
    return true;
}

bool json_parser::wrapped_binary(writer& out, std::string_view key) {
    std::vector<std::uint8_t> bytes;
    std::uint8_t subtype = 0;
    const bool right = two_fields(
        "base64", "subType", "an object of base64 and subType in $binary", [&](int index) {
            if (index == 0) {
                return text(text_, "a string in base64") &&
                       (decode_base64(text_.view(), bytes) ||
                        scan_.fail(errc::invalid_json, text_.offset(), "expected padded base64"));
            }
            if (!text(text_, "a string in subType")) {
                return false;
            }
            const auto parsed = parse_subtype(text_.view());
            subtype = parsed.value_or(0);
            return parsed.has_value() || scan_.fail(errc::invalid_json, text_.offset(),
                                                    "expected one or two hexadecimal digits");
        });
    if (right) {
        out.append_binary(key, static_cast<binary_subtype>(subtype), bytes);
    }
    return right;
}

bool json_parser::scope(byte_buffer& out) {
    if (!enter()) {
        return false;
    }
    if (!scan_.take('{')) {
        return scan_.expected("an object in $scope");
    }
    writer inner(out);
    inner.begin_document();
    if (!scan_.take('}')) {
        json_string first;
        if (!key(first)) {
            return false;
        }
        if (wrapper_of(first.view()) != wrapper::none) {
            return scan_.fail(errc::invalid_json, first.offset(),
                              "expected a document in $scope, not a type wrapper");
        }
        if (!members(inner, first, false)) {
            return false;
        }
    }
    inner.end();
    leave();
    return written(inner, scan_.offset());
}

/// Code alone, or with a scope before or behind it; up to and with the '}'. The scope goes through
/// bytes of its own, as the code's text stands before it in BSON.
bool json_parser::wrapped_code(writer& out, std::string_view key, bool scope_first) {
    byte_buffer scope_bytes;
    json_string code;  // not text_: the scope is read after it
    json_string name;
    const char* const what = "a string in $code";
    if (scope_first ? !scope(scope_bytes) : !text(code, what)) {
        return false;
    }
    if (scan_.take('}')) {
        if (scope_first) {
            return scan_.fail(errc::invalid_json, scan_.offset() - 1,
                              "expected $code beside $scope");
        }
        out.append_text(type::code, key, code.view());
        return true;
    }
    if (!scan_.take(',')) {
        return scan_.expected("',' or '}'");
    }
    if (!scan_.string(name, "a key in double quotes")) {
        return false;
    }
    if (name.view() != (scope_first ? "$code" : "$scope")) {
        return scan_.fail(errc::invalid_json, name.offset(),
                          "expected no other keys beside $code and $scope");
    }
    if (!scan_.take(':')) {
        return scan_.expected("':' after a key");
    }
    if (scope_first ? !text(code, what) : !scope(scope_bytes)) {
        return false;
    }
    out.append_code_with_scope(key, code.view(),
                               document_view(scope_bytes.data(), scope_bytes.size()));
    return scan_.take('}') || scan_.expected("'}': a type wrapper has no other keys");
}

bool json_parser::wrapped_timestamp(writer& out, std::string_view key) {
    std::uint32_t parts[2] = {0, 0};
    const bool right = two_fields("t", "i", "an object of t and i in $timestamp", [&](int index) {
        constexpr std::string_view what = "an integer from 0 to 4294967295 in $timestamp";
        std::string_view digits;
        (void)scan_.peek();
        const std::size_t at = scan_.offset();
        return scan_.number(digits, what) &&
               bad_number(parse_integer(digits, parts[index]), at, what);
    });
    if (right) {
        out.append(key, timestamp{parts[0], parts[1]});
    }
    return right;
}

bool json_parser::wrapped_regex(writer& out, std::string_view key) {
    json_string parts[2];
    const bool right =
        two_fields("pattern", "options", "an object of pattern and options in $regularExpression",
                   [&](int index) {
                       return text(parts[index], "a string in $regularExpression") &&
                              no_nul(parts[index], "a NUL in a regular expression");
                   });
    if (right) {
        out.append_regex(key, parts[0].view(), parts[1].view());
    }
    return right;
}

bool json_parser::wrapped_db_pointer(writer& out, std::string_view key) {
    json_string collection;
    object_id id;
    const bool right =
        two_fields("$ref", "$id", "an object of $ref and $id in $dbPointer", [&](int index) {
            if (index == 0) {
                return text(collection, "a string in $ref");
            }
            constexpr std::string_view what = "an $oid in $id";
            json_string name;
            if (!enter()) {
                return false;
            }
            if (!scan_.take('{')) {
                return scan_.expected(what);
            }
            if (!scan_.string(name, what)) {
                return false;
            }
            if (name.view() != "$oid" || !scan_.take(':')) {
                return scan_.expected(what);
            }
            leave();
            return text(text_, "24 hexadecimal digits in $oid") && oid(id) &&
                   (scan_.take('}') || scan_.expected("'}': a type wrapper has no other keys"));
        });
    if (right) {
        out.append_db_pointer(key, collection.view(), id);
    }
    return right;
}

bool json_parser::wrapped_date(writer& out, std::string_view key) {
    std::int64_t milliseconds = 0;
    if (scan_.peek() == '"') {
        if (!text(text_, "a date")) {
            return false;
        }
        const auto parsed = parse_iso_date(text_.view());
        if (!parsed) {
            return scan_.fail(errc::invalid_json, text_.offset(),
                              "expected a date as 2012-12-24T12:15:30.501Z in $date");
        }
        milliseconds = *parsed;
    } else {
        constexpr std::string_view what = "a string or a $numberLong in $date";
        json_string name;
        if (!scan_.take('{')) {
            return scan_.expected(what);
        }
        if (!enter() || !scan_.string(name, what)) {
            return false;
        }
        if (name.view() != "$numberLong") {
            return scan_.fail(errc::invalid_json, name.offset(), "expected " + std::string(what));
        }
        if (!scan_.take(':')) {
            return scan_.expected("':' after a key");
        }
        if (!text(text_, "a number in double quotes") ||
            !bad_number(parse_integer(text_.view(), milliseconds), text_.offset(),
                        "a 64-bit integer in $numberLong")) {
            return false;
        }
        leave();
        if (!scan_.take('}')) {
            return scan_.expected("'}': a type wrapper has no other keys");
        }
    }
    out.append(key, date(std::chrono::milliseconds(milliseconds)));
    return true;
}

/// The wrappers whose value is always the same: 1, or true.
bool json_parser::wrapped_one(writer& out, std::string_view key, wrapper kind) {
    if (kind == wrapper::undefined) {
        if (!scan_.literal("true")) {
            return scan_.expected("true in $undefined");
        }
        out.append_empty(type::undefined, key);
        return true;
    }
    std::string_view digits;
    (void)scan_.peek();
    const std::size_t at = scan_.offset();
    if (!scan_.number(digits, "1")) {
        return false;
    }
    if (digits != "1") {
        return scan_.fail(errc::invalid_json, at, "expected 1");
    }
    out.append_empty(kind == wrapper::min_key ? type::min_key : type::max_key, key);
    return true;
}

}  // namespace mongoro::bson::detail
