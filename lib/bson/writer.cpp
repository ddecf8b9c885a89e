#include <mongoro/bson/validate.hpp>
#include <mongoro/bson/writer.hpp>

#include "bson/regex_options.hpp"

#include <algorithm>

namespace mongoro::bson {

bool writer::key_is_valid(std::string_view key) noexcept {
    return key.find('\0') == std::string_view::npos && is_utf8(key);
}

errc writer::bad_key(std::string_view key) noexcept {
    return key.find('\0') != std::string_view::npos ? errc::embedded_nul : errc::invalid_utf8;
}

void writer::append_binary(std::string_view key, binary_subtype subtype,
                           std::span<const std::uint8_t> bytes) {
    if (bytes.size() >= max_size - 8) {
        return fail(errc::document_too_large);
    }
    const bool old = subtype == binary_subtype::binary_old;
    const std::size_t head = old ? 9 : 5;
    std::uint8_t* const p = open_element(bson::type::binary, key, bytes.size() + head);
    if (p == nullptr) {
        return;
    }
    const auto outer = static_cast<std::int32_t>(bytes.size() + head - 5);
    std::memcpy(p, &outer, 4);
    p[4] = static_cast<std::uint8_t>(subtype);
    if (old) {
        const auto inner = static_cast<std::int32_t>(bytes.size());
        std::memcpy(p + 5, &inner, 4);
    }
    if (!bytes.empty()) {
        std::memcpy(p + head, bytes.data(), bytes.size());
    }
}

void writer::append_regex(std::string_view key, std::string_view pattern,
                          std::string_view options) {
    constexpr auto none = std::string_view::npos;
    if (pattern.find('\0') != none || options.find('\0') != none) {
        return fail(errc::embedded_nul);
    }
    if (pattern.size() >= max_size / 4 || options.size() >= max_size / 4) {
        return fail(errc::document_too_large);
    }
    std::uint8_t* const p =
        open_element(bson::type::regex, key, pattern.size() + options.size() + 2);
    if (p == nullptr) {
        return;
    }
    std::ranges::copy(pattern, p);
    p[pattern.size()] = 0;
    std::uint8_t* const at = p + pattern.size() + 1;
    std::ranges::copy(options, at);
    detail::sort_regex_options(at, at + options.size());
    at[options.size()] = 0;
}

void writer::append_code_with_scope(std::string_view key, std::string_view code,
                                    document_view scope) {
    if (code.size() >= max_size / 4 || scope.size() >= max_size / 4) {
        return fail(errc::document_too_large);
    }
    const std::size_t size = 4 + 4 + code.size() + 1 + scope.size();
    std::uint8_t* const p = open_element(bson::type::code_with_scope, key, size);
    if (p == nullptr) {
        return;
    }
    const std::int32_t lengths[2] = {static_cast<std::int32_t>(size),
                                     static_cast<std::int32_t>(code.size() + 1)};
    std::memcpy(p, lengths, 8);
    std::ranges::copy(code, p + 8);
    p[8 + code.size()] = 0;
    std::memcpy(p + 9 + code.size(), scope.data(), scope.size());
}

void writer::append_db_pointer(std::string_view key, std::string_view collection,
                               const object_id& id) {
    if (collection.size() >= max_size / 2) {
        return fail(errc::document_too_large);
    }
    const std::size_t n = collection.size();
    std::uint8_t* const p =
        open_element(bson::type::db_pointer, key, n + 5 + object_id::size_bytes);
    if (p == nullptr) {
        return;
    }
    const auto length = static_cast<std::int32_t>(n + 1);
    std::memcpy(p, &length, 4);
    std::ranges::copy(collection, p + 4);
    p[4 + n] = 0;
    std::ranges::copy(id.bytes(), p + 5 + n);
}

}  // namespace mongoro::bson
