#pragma once

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/array_view.hpp>
#include <mongoro/bson/document.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/value_view.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mongoro::bson {

/// Which of the two formats of Extended JSON v2 is written; a reader takes both.
enum class json_mode : std::uint8_t {
    relaxed,    ///< numbers and dates as people write them; some types do not survive the way back
    canonical,  ///< every value with its exact type
};

/// How `to_json` writes.
struct json_options {
    json_mode mode = json_mode::relaxed;
    /// Spaces a level; 0 writes everything on one line. A type wrapper such as `{"$oid": "..."}`
    /// stays on its line.
    unsigned indent = 0;
    /// Nested documents and arrays that are followed; one more is `errc::too_deep`. 400 at most.
    unsigned max_depth = 200;
};

/// How `from_json` reads.
enum class json_syntax : std::uint8_t {
    extended,  ///< Extended JSON v2, canonical and relaxed, mixed as they come
    plain,     ///< JSON alone: `{"$oid": "..."}` is a document like any other
};

struct json_parse_options {
    json_syntax syntax = json_syntax::extended;
    /// Braces and brackets inside each other, type wrappers included; one more is `errc::too_deep`.
    /// 400 at most, of which 200 may be documents and arrays.
    unsigned max_depth = 200;
};

/// Writes Extended JSON v2.
///
/// Keys come in the document's order, text is UTF-8 with only quotes, backslashes and control
/// characters escaped, doubles have as many digits as it takes to read the same number back, and
/// the options of a regular expression are sorted. Nothing depends on the locale.
///
/// Lossy by the format's own rules: the payload of a NaN, the keys of an array; in relaxed mode
/// also the width of integers. A document whose own keys look like a type wrapper (`{"$oid": ...}`)
/// reads back as that type: the format has no escape.
///
/// Follows: specifications, extended-json, "Generators".
///
/// @throws mongoro::exception for bytes that are not BSON (`errc::malformed_bson`), text that is
/// not UTF-8 (`errc::invalid_utf8`), and too many levels (`errc::too_deep`). For bytes from
/// outside, `try_to_json` says the same without throwing. Documents that `validate` has passed
/// never throw; one that mongoro built may hold text that is not UTF-8, or more levels.
[[nodiscard]] std::string to_json(document_view document, json_options options = {});
[[nodiscard]] std::string to_json(document_view document, json_mode mode);
/// An array, as `[...]`.
[[nodiscard]] std::string to_json(array_view array, json_options options = {});
[[nodiscard]] std::string to_json(array_view array, json_mode mode);
/// One value, without its key. A value that is not there (`!value.exists()`) is
/// `errc::key_not_found`.
[[nodiscard]] std::string to_json(value_view value, json_options options = {});
[[nodiscard]] std::string to_json(value_view value, json_mode mode);

/// `to_json` for bytes from outside: the error instead of an exception.
[[nodiscard]] result<std::string> try_to_json(document_view document, json_options options = {});
[[nodiscard]] result<std::string> try_to_json(array_view array, json_options options = {});
[[nodiscard]] result<std::string> try_to_json(value_view value, json_options options = {});

/// Appends to `text`, which keeps its capacity from call to call. After an error `text` is as
/// before.
result<void> append_json(std::string& text, document_view document, json_options options = {});

/// Reads one document of Extended JSON v2, or of plain JSON.
///
/// Text goes straight into the document's bytes: one pass, no tree in between. Whole numbers become
/// the smallest of int32, int64 and double that holds them; numbers with a fraction or an exponent
/// become doubles. Repeated keys of a document are kept, as BSON allows them. Type wrappers are
/// recognised in any order of their keys, but not at the top level, where `{"$oid": ...}` is a
/// document.
///
/// Stricter than many readers, as the specification asks: a wrapper with a key too many, too few or
/// twice, a value of another type, or a number that does not fit is an error; so are legacy forms
/// (`{"$date": 42}`, `{"$binary": "...", "$type": "00"}`), comments, single quotes, trailing
/// commas, half of a surrogate pair, and bytes that are not UTF-8. Keys that begin with `$` and
/// belong to no wrapper (`$set`, `$regex`, `$ref`) stay as they are.
///
/// Follows: specifications, extended-json, "Parsers".
///
/// @return the document, or an error whose message says where and what was expected ("line 3,
/// column 14: expected ':' after a key"; columns count bytes from 1) but quotes nothing of the
/// text:
///   - `errc::invalid_json`: not JSON, or a type wrapper that is not right;
///   - `errc::invalid_utf8`, `errc::embedded_nul`: in a string; a NUL in a key or a regular
///   expression;
///   - `errc::out_of_range`: a number or a date that its type cannot hold;
///   - `errc::too_deep`: more levels than `max_depth`;
///   - `errc::document_too_large`: the BSON would be over 2 GiB.
[[nodiscard]] result<document> from_json(std::string_view text, json_parse_options options = {});

/// The same for text that is an array, `[...]`.
[[nodiscard]] result<array> array_from_json(std::string_view text, json_parse_options options = {});

}  // namespace mongoro::bson

namespace mongoro {
using bson::from_json;
using bson::json_mode;
using bson::to_json;
}  // namespace mongoro
