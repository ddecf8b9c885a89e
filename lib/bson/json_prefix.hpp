#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <string>

namespace mongoro::bson {

/// Appends the beginning of a document's relaxed Extended JSON to `text`: at least `enough` bytes
/// of it, or the whole if that is shorter. The rest of the document is not looked at, so that the
/// cost is that of what is written.
///
/// Errors: those of `append_json`; `text` is then as before.
result<void> append_json_prefix(std::string& text, document_view document, std::size_t enough);

}  // namespace mongoro::bson
