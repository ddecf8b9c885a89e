#include "monitoring/log_text.hpp"

#include "bson/json_prefix.hpp"

#include <mongoro/bson/validate.hpp>

#include <charconv>

namespace mongoro::monitoring {

namespace {

constexpr std::string_view ellipsis = "...";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// How many bytes the character at the start of `text` has; 0 if there is none in UTF-8.
std::size_t character_size(std::string_view text) noexcept {
    const auto lead = static_cast<std::uint8_t>(text.front());
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    return size <= text.size() && bson::is_utf8(text.substr(0, size)) ? size : 0;
}

}  // namespace

std::string shortened(std::string_view text, std::size_t length) {
    std::string shown;
    while (!text.empty()) {
        if (length-- == 0) {
            return shown += ellipsis;
        }
        const auto size = character_size(text);
        shown += size != 0 ? text.substr(0, size) : replacement;
        text.remove_prefix(size != 0 ? size : 1);
    }
    return shown;
}

std::string shortened(bson::document_view document, std::size_t length) {
    // A character has at most four bytes, and one more than are shown tells that there are more.
    constexpr std::size_t most = SIZE_MAX / 4 - 1;
    const std::size_t enough = 4 * ((length < most ? length : most) + 1);
    std::string text;
    if (auto written = bson::append_json_prefix(text, document, enough); !written) {
        return "(a document that cannot be read: " + written.error().to_string() + ')';
    }
    return text.size() <= length ? text : shortened(std::string_view(text), length);
}

std::string describe(const error& e, std::size_t length) {
    std::string text = e.to_string();
    if (const auto labels = e.labels(); !labels.empty()) {
        text += ". Labels: ";
        const char* between = "";
        for (const auto& label : labels) {
            text += between + label;
            between = ", ";
        }
    }
    // What a server said stands in the error that was made of it, perhaps below the one of the
    // step that failed.
    for (const error* at = &e; at != nullptr; at = at->cause()) {
        if (const auto reply = at->raw_reply(); !reply.empty()) {
            return text +
                   ". Reply: " + shortened(bson::document_view(reply.data(), reply.size()), length);
        }
        if (!at->server_message().empty()) {
            return text + ". The server: " + shortened(at->server_message(), length);
        }
    }
    return text;
}

endpoint split(std::string_view address) noexcept {
    const auto colon = address.rfind(':');
    if (address.find('/') != std::string_view::npos || colon == std::string_view::npos) {
        return {address, std::nullopt};
    }
    std::int32_t port = 0;
    const auto* const end = address.data() + address.size();
    const auto [stopped, failed] = std::from_chars(address.data() + colon + 1, end, port);
    if (failed != std::errc{} || stopped != end) {
        return {address, std::nullopt};
    }
    auto host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    return {host, port};
}

}  // namespace mongoro::monitoring
