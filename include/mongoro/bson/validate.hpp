#pragma once

#include <mongoro/bson/document_view.hpp>

#include <cstdint>

namespace mongoro::bson {

/// What `validate` looks at beside the structure, which it always checks.
struct validate_options {
    /// Nesting deeper than this is `errc::too_deep`. 1 allows the document alone. At most 1,000.
    std::uint32_t max_depth = 200;
    /// Strings, keys, code, symbols and regular expressions must be UTF-8.
    bool utf8 = true;
    /// The keys of arrays must be "0", "1", and so on.
    bool array_keys = false;
    /// No key may be empty.
    bool no_empty_keys = false;
};

/// Checks a whole document from outside: every length, terminator, type byte, boolean (0 or 1), the
/// inner lengths of code with scope and of binary subtype 2, and what `options` says.
///
/// After it has passed, no read of the document can fail for its bytes. Reads each byte once; no
/// allocation but for the error, which names the path of the element (`malformed_bson`,
/// `invalid_utf8`, `too_deep`).
[[nodiscard]] result<void> validate(document_view view, const validate_options& options = {});

/// Whether the bytes are UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is
/// allowed.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace mongoro::bson
