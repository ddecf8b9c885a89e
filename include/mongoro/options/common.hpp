#pragma once

#include <mongoro/bson/document_view.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mongoro {

/// \file
/// What several operations' options are made of. Every one is trivially copyable: a view or a
/// scalar, so that `co_await op(x, {.comment = "x"})` is safe with every compiler. What a view
/// points at is copied into the command by the call itself; it need not live until the operation
/// runs.

namespace detail {

/// What an operation's options are when none are given. One object for all calls: a temporary for
/// each would stand in the frame of every coroutine that awaits one, 330 bytes for a `find_one`.
template <typename T>
inline constinit const T no_options{};

}  // namespace detail

/// Any BSON value as an option: a string, a number, a boolean, a document, or a value of another
/// document.
class option_value {
 public:
    enum class kind : std::uint8_t { string, document, int32, int64, double_, boolean, value };

    option_value(std::string_view text) noexcept : kind_(kind::string), text_(text) {}  // NOLINT
    option_value(const char* text) noexcept : kind_(kind::string), text_(text) {}       // NOLINT
    option_value(bson::document_view value) noexcept                                    // NOLINT
        : kind_(kind::document), document_(value) {}
    option_value(bson::value_view value) noexcept : kind_(kind::value), value_(value) {}  // NOLINT
    template <std::same_as<bool> Bool>
    option_value(Bool value) noexcept : kind_(kind::boolean), number_(value) {}        // NOLINT
    option_value(std::int32_t value) noexcept : kind_(kind::int32), number_(value) {}  // NOLINT
    option_value(std::int64_t value) noexcept : kind_(kind::int64), number_(value) {}  // NOLINT
    option_value(double value) noexcept : kind_(kind::double_), real_(value) {}        // NOLINT
    template <typename Owner>
        requires(std::convertible_to<const Owner&, bson::document_view> &&
                 !std::same_as<Owner, bson::document_view>)
    option_value(const Owner& owner) noexcept  // NOLINT
        : option_value(static_cast<bson::document_view>(owner)) {}
    template <typename Owner>
        requires(std::convertible_to<const Owner&, std::string_view> &&
                 !std::convertible_to<const Owner&, const char*> &&
                 !std::same_as<Owner, std::string_view>)
    option_value(const Owner& owner) noexcept  // NOLINT
        : option_value(static_cast<std::string_view>(owner)) {}

    /// Appends the value under `key` with whatever writes BSON.
    template <typename Writer>
    void append_to(Writer& writer, std::string_view key) const {
        switch (kind_) {
            case kind::string:
                writer.append(key, text_);
                break;
            case kind::document:
                writer.append(key, document_);
                break;
            case kind::int32:
                writer.append(key, static_cast<std::int32_t>(number_));
                break;
            case kind::int64:
                writer.append(key, number_);
                break;
            case kind::double_:
                writer.append(key, real_);
                break;
            case kind::boolean:
                writer.append(key, number_ != 0);
                break;
            case kind::value:
                writer.append(key, value_);
                break;
        }
    }

 private:
    kind kind_;
    union {
        std::string_view text_;
        bson::document_view document_;
        bson::value_view value_;
        std::int64_t number_;
        double real_;
    };
};

/// The index to use: its name or its keys.
class hint_option : public option_value {
 public:
    hint_option(std::string_view name) noexcept : option_value(name) {}     // NOLINT
    hint_option(const char* name) noexcept : option_value(name) {}          // NOLINT
    hint_option(bson::document_view keys) noexcept : option_value(keys) {}  // NOLINT
    template <typename Owner>
        requires std::constructible_from<option_value, const Owner&> &&
                 std::convertible_to<const Owner&, bson::document_view>
    hint_option(const Owner& keys) noexcept : option_value(keys) {}  // NOLINT
};

/// What a `timeout` of a cursor is for (client-side-operations-timeout specification). Only with a
/// timeout.
enum class timeout_mode : std::uint8_t {
    cursor_lifetime,  ///< for all of it, from its first call on: the default, never of a tailable
                      ///< one
    iteration         ///< for each call of it: the default, and the only one, of a tailable one
};

/// How settled the data that is read must be (read-write-concern specification).
struct read_concern {
    /// `local`, `majority`, `linearizable`, `available` or `snapshot`; empty: the server's default,
    /// which is only sent, as an empty document, in the place of a handle's own.
    std::string_view level;
};

/// How widely a write must be applied before the server acknowledges it.
struct write_concern {
    /// Members that must have it; 0: do not acknowledge at all. Default: the server's.
    std::optional<std::int32_t> w = std::nullopt;
    /// `majority`, or a tag of the replica set's configuration. Wins over `w` if not empty.
    std::string_view w_tag = {};
    /// Whether it must be in the journal. Default: the server's.
    std::optional<bool> journal = std::nullopt;
    /// How long the server may wait for the members; 0 means without limit. Default: the server's.
    /// Deprecated, and not sent where there is a timeout.
    std::optional<std::chrono::milliseconds> w_timeout = std::nullopt;

    [[nodiscard]] bool is_default() const noexcept {
        return !w && w_tag.empty() && !journal && !w_timeout;
    }
    /// Whether the server answers at all.
    [[nodiscard]] bool is_acknowledged() const noexcept {
        return !(w && *w == 0 && w_tag.empty() && !journal.value_or(false));
    }
    [[nodiscard]] static write_concern majority() noexcept { return {.w_tag = "majority"}; }
    [[nodiscard]] static write_concern unacknowledged() noexcept { return {.w = 0}; }
};

}  // namespace mongoro
