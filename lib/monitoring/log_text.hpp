#pragma once

#include <mongoro/bson/document_view.hpp>
#include <mongoro/error.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How things look in a log. All of it is UTF-8, whatever came in.
namespace mongoro::monitoring {

/// The first `length` characters (code points) of a text, and "..." if there are more. What is not
/// UTF-8 becomes U+FFFD, a byte each.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t length);

/// A document as relaxed Extended JSON, shortened; its cost is that of what is shown. A document
/// that cannot be read is a text that says so.
[[nodiscard]] std::string shortened(bson::document_view document, std::size_t length);

/// All that an error knows: `error::to_string()`, the labels, the server's reply or text,
/// shortened.
[[nodiscard]] std::string describe(const error& e, std::size_t length);

/// The two halves of an address of events.
struct endpoint {
    std::string_view host;             ///< an IPv6 literal without its brackets
    std::optional<std::int32_t> port;  ///< none of a Unix-domain socket
};
[[nodiscard]] endpoint split(std::string_view address) noexcept;

}  // namespace mongoro::monitoring
