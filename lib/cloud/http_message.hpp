#pragma once

#include "auth/wipe.hpp"

#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP/1.1 (RFC 9112) as bytes, as much as metadata and token services speak. Pure.
namespace mongoro::cloud {

using http_headers = std::vector<std::pair<std::string, std::string>>;

/// Whom to ask.
struct http_origin {
    bool tls = false;
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port = 80;

    /// As it stands in a `Host` header and in a message: without a port that goes without saying.
    [[nodiscard]] std::string to_string() const;
};

/// `http://host[:port][/path][?query]`, or https.
struct http_url {
    http_origin origin;
    std::string target = "/";  ///< the path and the query

    /// Errors: `invalid_argument` without the text: it may hold a secret.
    [[nodiscard]] static result<http_url> parse(std::string_view text);
};

/// A request; its headers' values and its body are wiped in the end, as they may hold a secret.
struct http_request {
    http_request() = default;
    http_request(http_request&&) noexcept = default;
    http_request& operator=(http_request&&) noexcept = default;
    ~http_request() {
        for (auto& header : headers) {
            auth::wipe(header.second);
        }
        auth::wipe(body);
    }

    std::string_view method = "GET";
    std::string target = "/";
    http_headers headers = {};
    std::string body = {};
};

/// The bytes of a request, after which the server is to close: with `Host`, `Connection` and, but
/// for a GET without a body, `Content-Length` of its own.
///
/// Errors: `invalid_argument` where a line break, a control character or a blank stands where it
/// would begin another header or another request.
[[nodiscard]] result<auth::secret> write_http_request(const http_origin& to,
                                                      const http_request& request);

/// An answer; its body is wiped in the end, as it may hold a secret.
struct http_response {
    http_response() = default;
    http_response(http_response&&) noexcept = default;
    http_response& operator=(http_response&&) noexcept = default;
    ~http_response() { auth::wipe(body); }

    int status = 0;
    http_headers headers;  ///< names in lower case
    std::string body;

    /// The first of that name, which is in lower case; null without one.
    [[nodiscard]] const std::string* header(std::string_view name) const noexcept;
};

/// Reads one response from pieces of any size.
///
/// Interim responses are passed over, trailers are read and dropped. Stricter than a browser: what
/// can be read in two ways (two lengths, a length beside chunks, a folded header) is an error.
class http_response_parser {
 public:
    static constexpr std::size_t max_head = std::size_t{64} << 10;  ///< of all lines together
    static constexpr std::size_t max_body = std::size_t{1} << 20;

    /// True once the response is whole; what comes behind it is not looked at.
    ///
    /// Errors: `malformed_reply`, `message_too_large`; the parser is of no use then.
    [[nodiscard]] result<bool> feed(std::string_view bytes);
    /// The peer has closed. `connection_closed` if the response is not whole.
    [[nodiscard]] result<void> finish();
    /// Once it is whole.
    [[nodiscard]] http_response take() noexcept { return std::move(response_); }

 private:
    enum class state : std::uint8_t {
        status_line,
        header,
        sized_body,
        body_to_end,
        chunk_size,
        chunk,
        chunk_end,
        trailer,
        done,
    };

    [[nodiscard]] result<void> take_line();
    [[nodiscard]] result<void> read_status_line();
    [[nodiscard]] result<void> read_header();
    [[nodiscard]] result<void> begin_body();
    [[nodiscard]] result<void> read_chunk_size();
    [[nodiscard]] result<void> append_body(std::string_view bytes);
    [[nodiscard]] bool in_line() const noexcept;

    http_response response_;
    state state_ = state::status_line;
    std::string line_;
    std::size_t lines_size_ = 0;
    std::size_t left_ = 0;  // of the body or of the chunk
};

}  // namespace mongoro::cloud
