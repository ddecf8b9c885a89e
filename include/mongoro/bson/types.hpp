#pragma once

#include <mongoro/bson/decimal128.hpp>
#include <mongoro/bson/object_id.hpp>
#include <mongoro/bson/type.hpp>
#include <mongoro/result.hpp>

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The C++ side of the BSON types that have no C++ type of their own. Where a value has bytes there
// is a view (`regex_view`), which points into a document and must not outlive it, and an owner
// (`regex`).

namespace mongoro::bson {

namespace detail {
// As std::ranges::equal, without <algorithm>, which takes longer to compile than this file.
[[nodiscard]] inline bool same_bytes(std::span<const std::uint8_t> a,
                                     std::span<const std::uint8_t> b) noexcept {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}
}  // namespace detail

/// Milliseconds since 1970, the resolution that BSON has.
using date = std::chrono::sys_time<std::chrono::milliseconds>;

struct null {
    friend constexpr bool operator==(null, null) noexcept = default;
};
/// Deprecated in BSON; read for old data.
struct undefined {
    friend constexpr bool operator==(undefined, undefined) noexcept = default;
};
/// Sorts before every other value.
struct min_key {
    friend constexpr bool operator==(min_key, min_key) noexcept = default;
};
/// Sorts after every other value.
struct max_key {
    friend constexpr bool operator==(max_key, max_key) noexcept = default;
};

/// The server's internal time: of the oplog, of sessions and change streams; not a date.
struct timestamp {
    std::uint32_t seconds = 0;
    std::uint32_t increment = 0;
    friend constexpr auto operator<=>(const timestamp&, const timestamp&) noexcept = default;
};

enum class binary_subtype : std::uint8_t {
    generic = 0x00,
    function = 0x01,
    binary_old = 0x02,  ///< deprecated: an inner length is part of the bytes on the wire, not here
    uuid_old = 0x03,    ///< deprecated
    uuid = 0x04,
    md5 = 0x05,
    encrypted = 0x06,
    column = 0x07,
    sensitive = 0x08,
    vector = 0x09,
    user_defined = 0x80,  ///< and all above
};

struct binary_view {
    binary_subtype subtype = binary_subtype::generic;
    std::span<const std::uint8_t> bytes;

    friend bool operator==(const binary_view& a, const binary_view& b) noexcept {
        return a.subtype == b.subtype && detail::same_bytes(a.bytes, b.bytes);
    }
};

/// Owning binary data.
class binary {
 public:
    binary() = default;
    binary(binary_subtype subtype, std::span<const std::uint8_t> bytes)
        : subtype_(subtype), bytes_(bytes.begin(), bytes.end()) {}
    explicit binary(std::vector<std::uint8_t> bytes,
                    binary_subtype subtype = binary_subtype::generic) noexcept
        : subtype_(subtype), bytes_(std::move(bytes)) {}
    explicit binary(binary_view v) : binary(v.subtype, v.bytes) {}

    [[nodiscard]] binary_subtype subtype() const noexcept { return subtype_; }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }
    operator binary_view() const noexcept { return {subtype_, bytes_}; }  // NOLINT

    friend bool operator==(const binary&, const binary&) = default;

 private:
    binary_subtype subtype_ = binary_subtype::generic;
    std::vector<std::uint8_t> bytes_;
};

/// A UUID: binary of subtype 4. The legacy byte orders of subtype 3 are read as `binary_view`.
class uuid {
 public:
    constexpr uuid() noexcept = default;
    constexpr explicit uuid(std::span<const std::uint8_t, 16> bytes) noexcept {
        for (std::size_t i = 0; i < 16; ++i) {
            bytes_[i] = bytes[i];
        }
    }

    /// A random one (version 4), from the kernel's generator.
    [[nodiscard]] static uuid generate() noexcept;
    /// `00112233-4455-6677-8899-aabbccddeeff`, either case; otherwise `errc::invalid_argument`.
    [[nodiscard]] static result<uuid> from_string(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] constexpr std::span<const std::uint8_t, 16> bytes() const noexcept {
        return bytes_;
    }

    friend constexpr bool operator==(const uuid&, const uuid&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const uuid&, const uuid&) noexcept = default;

 private:
    std::array<std::uint8_t, 16> bytes_{};
};

struct regex_view {
    std::string_view pattern;
    std::string_view options;
    friend bool operator==(const regex_view&, const regex_view&) noexcept = default;
};

/// A regular expression for the server; the driver never runs it. Options are stored in the order
/// given; BSON wants them in alphabetical order.
class regex {
 public:
    regex() = default;
    explicit regex(std::string pattern, std::string options = {})
        : pattern_(std::move(pattern)), options_(std::move(options)) {}
    explicit regex(regex_view v) : pattern_(v.pattern), options_(v.options) {}

    [[nodiscard]] const std::string& pattern() const noexcept { return pattern_; }
    [[nodiscard]] const std::string& options() const noexcept { return options_; }
    operator regex_view() const noexcept { return {pattern_, options_}; }  // NOLINT
    friend bool operator==(const regex&, const regex&) = default;

 private:
    std::string pattern_;
    std::string options_;
};

struct code_view {
    std::string_view code;
    friend bool operator==(const code_view&, const code_view&) noexcept = default;
};

/// JavaScript code without a scope. With one: `code_with_scope`.
class code {
 public:
    code() = default;
    explicit code(std::string text) : text_(std::move(text)) {}
    explicit code(code_view v) : text_(v.code) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    operator code_view() const noexcept { return {text_}; }  // NOLINT
    friend bool operator==(const code&, const code&) = default;

 private:
    std::string text_;
};

struct symbol_view {
    std::string_view symbol;
    friend bool operator==(const symbol_view&, const symbol_view&) noexcept = default;
};

/// Deprecated in BSON; read and written for old data.
class symbol {
 public:
    symbol() = default;
    explicit symbol(std::string text) : text_(std::move(text)) {}
    explicit symbol(symbol_view v) : text_(v.symbol) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    operator symbol_view() const noexcept { return {text_}; }  // NOLINT
    friend bool operator==(const symbol&, const symbol&) = default;

 private:
    std::string text_;
};

struct db_pointer_view {
    std::string_view collection;
    object_id id;
    friend bool operator==(const db_pointer_view&, const db_pointer_view&) noexcept = default;
};

/// Deprecated in BSON; read and written for old data.
class db_pointer {
 public:
    db_pointer() = default;
    db_pointer(std::string collection, object_id id)
        : collection_(std::move(collection)), id_(id) {}
    explicit db_pointer(db_pointer_view v) : collection_(v.collection), id_(v.id) {}

    [[nodiscard]] const std::string& collection() const noexcept { return collection_; }
    [[nodiscard]] const object_id& id() const noexcept { return id_; }
    operator db_pointer_view() const noexcept { return {collection_, id_}; }  // NOLINT
    friend bool operator==(const db_pointer&, const db_pointer&) = default;

 private:
    std::string collection_;
    object_id id_;
};

}  // namespace mongoro::bson
