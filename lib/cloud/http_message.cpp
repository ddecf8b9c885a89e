#include "cloud/http_message.hpp"

#include "uri/text.hpp"

#include <algorithm>
#include <charconv>

namespace mongoro::cloud {

namespace {

constexpr std::uint16_t port_of(bool tls) noexcept {
    return tls ? 443 : 80;
}

/// tchar of RFC 9110.
bool is_token_character(char c) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, is_token_character);
}

/// What may stand in a line.
bool is_field_character(char c) noexcept {
    return c == '\t' || (c >= ' ' && c != '\x7f') || static_cast<signed char>(c) < 0;
}

bool is_field(std::string_view text) noexcept {
    return std::ranges::all_of(text, is_field_character);
}

bool is_target(std::string_view text) noexcept {
    return text.starts_with('/') &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

error malformed(const char* what) {
    return {errc::malformed_reply, std::string("HTTP: ") + what};
}

error too_large(const char* what) {
    return {errc::message_too_large, std::string("HTTP: ") + what};
}

/// Nothing but digits of that base.
bool read_number(std::string_view text, int base, std::uint64_t& value) noexcept {
    const auto* const end = text.data() + text.size();
    const auto [at, failed] = std::from_chars(text.data(), end, value, base);
    return failed == std::errc() && at == end;
}

}  // namespace

std::string http_origin::to_string() const {
    std::string text = host.find(':') == std::string::npos ? host : '[' + host + ']';
    if (port != port_of(tls)) {
        text += ':' + std::to_string(port);
    }
    return text;
}

result<http_url> http_url::parse(std::string_view text) {
    const error bad(errc::invalid_argument, "not a URL of the form http://host[:port][/path]");
    http_url out;
    if (text.starts_with("https://")) {
        out.origin.tls = true;
        text.remove_prefix(8);
    } else if (text.starts_with("http://")) {
        text.remove_prefix(7);
    } else {
        return bad;
    }
    out.origin.port = port_of(out.origin.tls);
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    auto where = text.substr(0, end);
    const auto target = text.substr(end);
    if (where.starts_with('[')) {
        const auto close = where.find(']');
        if (close == std::string_view::npos) {
            return bad;
        }
        out.origin.host = where.substr(1, close - 1);
        where.remove_prefix(close + 1);
    } else {
        const auto colon = std::min(where.find(':'), where.size());
        out.origin.host = where.substr(0, colon);
        where.remove_prefix(colon);
    }
    if (!where.empty()) {
        const auto port = detail::number<std::uint16_t>(where.substr(1));
        if (where.front() != ':' || !port || *port == 0) {
            return bad;
        }
        out.origin.port = *port;
    }
    const auto of_host = [](char c) { return c > ' ' && c < '\x7f' && c != '@' && c != '\\'; };
    if (out.origin.host.empty() || !std::ranges::all_of(out.origin.host, of_host)) {
        return bad;
    }
    out.target = target.starts_with('/') ? std::string(target) : '/' + std::string(target);
    if (!is_target(out.target) || out.target.find('#') != std::string::npos) {
        return bad;
    }
    return out;
}

result<auth::secret> write_http_request(const http_origin& to, const http_request& request) {
    const error bad(errc::invalid_argument, "HTTP: a character that a request may not have");
    const std::string host = to.to_string();
    if (!is_token(request.method) || !is_target(request.target) || !is_field(host)) {
        return bad;
    }
    std::string text;
    // Enough for all of it, so that no secret is left where it was.
    std::size_t room = 512 + request.target.size() + host.size() + request.body.size();
    for (const auto& [name, value] : request.headers) {
        room += name.size() + value.size() + 4;
    }
    text.reserve(room);
    text.append(request.method).append(1, ' ').append(request.target).append(" HTTP/1.1\r\nHost: ");
    text.append(host).append("\r\nConnection: close\r\n");
    if (!request.body.empty() || request.method != "GET") {
        text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    }
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name) || !is_field(value)) {
            auth::wipe(text);
            return bad;
        }
        text.append(name).append(": ").append(value).append("\r\n");
    }
    text.append("\r\n").append(request.body);
    return auth::secret(std::move(text));
}

const std::string* http_response::header(std::string_view name) const noexcept {
    const auto found =
        std::ranges::find(headers, name, [](const auto& h) -> std::string_view { return h.first; });
    return found == headers.end() ? nullptr : &found->second;
}

bool http_response_parser::in_line() const noexcept {
    return state_ != state::sized_body && state_ != state::body_to_end && state_ != state::chunk;
}

result<bool> http_response_parser::feed(std::string_view bytes) {
    while (!bytes.empty() && state_ != state::done) {
        if (in_line()) {
            const auto end = bytes.find('\n');
            const auto piece = bytes.substr(0, end);
            lines_size_ += piece.size() + 1;
            if (lines_size_ > max_head) {
                return too_large("headers of more than 64 KiB");
            }
            line_.append(piece);
            if (end == std::string_view::npos) {
                --lines_size_;  // the end of the line is still to come
                return false;
            }
            bytes.remove_prefix(end + 1);
            if (line_.ends_with('\r')) {
                line_.pop_back();
            }
            if (!is_field(line_)) {
                return malformed("a control character in a header");
            }
            if (auto taken = take_line(); !taken) {
                return taken.error();
            }
            line_.clear();
            continue;
        }
        const auto piece =
            state_ == state::body_to_end ? bytes : bytes.substr(0, std::min(left_, bytes.size()));
        if (auto taken = append_body(piece); !taken) {
            return taken.error();
        }
        bytes.remove_prefix(piece.size());
        if (state_ != state::body_to_end) {
            left_ -= piece.size();
            if (left_ == 0) {
                state_ = state_ == state::chunk ? state::chunk_end : state::done;
            }
        }
    }
    return state_ == state::done;
}

result<void> http_response_parser::finish() {
    if (state_ == state::body_to_end) {
        state_ = state::done;
    }
    if (state_ != state::done) {
        return error(errc::connection_closed, "in the middle of an HTTP response");
    }
    return {};
}

result<void> http_response_parser::take_line() {
    switch (state_) {
        case state::status_line:
            return read_status_line();
        case state::header:
            return line_.empty() ? begin_body() : read_header();
        case state::chunk_size:
            return read_chunk_size();
        case state::chunk_end:
            if (!line_.empty()) {
                return malformed("a chunk that is longer than it says");
            }
            state_ = state::chunk_size;
            return {};
        case state::trailer:
            if (line_.empty()) {
                state_ = state::done;
            }
            return {};
        default:
            return malformed("a line where none can be");
    }
}

result<void> http_response_parser::read_status_line() {
    const std::string_view line = line_;
    std::uint64_t status = 0;
    const bool right = line.size() >= 12 && line.starts_with("HTTP/1.") &&
                       (line[7] == '0' || line[7] == '1') && line[8] == ' ' &&
                       read_number(line.substr(9, 3), 10, status) && status >= 100 &&
                       status <= 599 && (line.size() == 12 || line[12] == ' ');
    if (!right) {
        return malformed("not a status line");
    }
    response_.status = static_cast<int>(status);
    state_ = state::header;
    return {};
}

result<void> http_response_parser::read_header() {
    const std::string_view line = line_;
    const auto colon = std::min(line.find(':'), line.size());
    // A line that is folded begins with a blank, which no name has.
    if (colon == line.size() || !is_token(line.substr(0, colon))) {
        return malformed("not a header");
    }
    response_.headers.emplace_back(detail::lower(line.substr(0, colon)),
                                   trimmed(line.substr(colon + 1)));
    return {};
}

result<void> http_response_parser::begin_body() {
    if (response_.status == 101) {
        return malformed("another protocol than the one that was asked for");
    }
    if (response_.status < 200) {
        response_.headers.clear();
        state_ = state::status_line;
        return {};
    }
    if (response_.status == 204 || response_.status == 304) {
        state_ = state::done;
        return {};
    }
    const auto* const coding = response_.header("transfer-encoding");
    const auto* const length = response_.header("content-length");
    if (coding != nullptr && length != nullptr) {
        return malformed("a length beside a transfer coding");
    }
    const auto count = [&](std::string_view name) {
        return std::ranges::count(response_.headers, name,
                                  [](const auto& h) -> std::string_view { return h.first; });
    };
    if (coding != nullptr) {
        if (count("transfer-encoding") != 1 || detail::lower(*coding) != "chunked") {
            return malformed("a transfer coding that is not known");
        }
        state_ = state::chunk_size;
        return {};
    }
    if (length == nullptr) {
        state_ = state::body_to_end;
        return {};
    }
    std::uint64_t size = 0;
    if (count("content-length") != 1 || !read_number(*length, 10, size)) {
        return malformed("a length that is none");
    }
    if (size > max_body) {
        return too_large("a body of more than 1 MiB");
    }
    left_ = static_cast<std::size_t>(size);
    response_.body.reserve(left_);
    state_ = left_ == 0 ? state::done : state::sized_body;
    return {};
}

result<void> http_response_parser::read_chunk_size() {
    // What stands behind a semicolon is an extension, which nobody has to know.
    const auto text = trimmed(std::string_view(line_).substr(0, line_.find(';')));
    std::uint64_t size = 0;
    if (!read_number(text, 16, size)) {
        return malformed("the size of a chunk that is none");
    }
    if (size > max_body) {
        return too_large("a chunk of more than 1 MiB");
    }
    left_ = static_cast<std::size_t>(size);
    state_ = left_ == 0 ? state::trailer : state::chunk;
    return {};
}

result<void> http_response_parser::append_body(std::string_view bytes) {
    if (bytes.size() > max_body - response_.body.size()) {
        return too_large("a body of more than 1 MiB");
    }
    auth::append_secret(response_.body, bytes);
    return {};
}

}  // namespace mongoro::cloud
