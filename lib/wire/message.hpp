#pragma once

#include "wire/header.hpp"

#include <mongoro/bson/document_view.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace mongoro::wire {

/// The flag bits of an OP_MSG. A receiver must refuse an unknown bit among the low sixteen and
/// ignore one among the high sixteen.
namespace msg_flags {
inline constexpr std::uint32_t checksum_present = 1U << 0;
inline constexpr std::uint32_t more_to_come = 1U << 1;
inline constexpr std::uint32_t exhaust_allowed = 1U << 16;
}  // namespace msg_flags

/// The documents of one section, one behind the other, in bytes whose lengths were checked.
///
/// A view: it lives as long as the message's bytes.
class document_run {
 public:
    class iterator {
     public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = bson::document_view;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = bson::document_view;

        iterator() noexcept = default;
        explicit iterator(const std::uint8_t* at) noexcept : at_(at) {}

        [[nodiscard]] bson::document_view operator*() const noexcept { return {at_, size()}; }
        iterator& operator++() noexcept {
            at_ += size();
            return *this;
        }
        iterator operator++(int) noexcept {
            iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const iterator&, const iterator&) noexcept = default;

     private:
        [[nodiscard]] std::size_t size() const noexcept;
        const std::uint8_t* at_ = nullptr;
    };

    document_run() noexcept = default;
    /// `bytes` must be whole documents; the decoder gives no other.
    explicit document_run(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] iterator begin() const noexcept { return iterator(bytes_.data()); }
    [[nodiscard]] iterator end() const noexcept { return iterator(bytes_.data() + bytes_.size()); }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

 private:
    std::span<const std::uint8_t> bytes_;
};

/// One kind-1 section: the value of the command's argument `identifier`.
struct document_sequence {
    std::string_view identifier;
    document_run documents;
};

/// The kind-1 sections of a message, in its order. A view.
class sequence_list {
 public:
    class iterator {
     public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = document_sequence;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = document_sequence;

        iterator() noexcept = default;
        iterator(const std::uint8_t* at, const std::uint8_t* end) noexcept;

        [[nodiscard]] document_sequence operator*() const noexcept;
        iterator& operator++() noexcept;
        iterator operator++(int) noexcept {
            iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const iterator& a, const iterator& b) noexcept {
            return a.at_ == b.at_;
        }

     private:
        void skip_body() noexcept;
        const std::uint8_t* at_ = nullptr;  // at a section's kind byte, or the end
        const std::uint8_t* end_ = nullptr;
    };

    sequence_list() noexcept = default;
    explicit sequence_list(std::span<const std::uint8_t> sections) noexcept : sections_(sections) {}

    [[nodiscard]] iterator begin() const noexcept {
        return {sections_.data(), sections_.data() + sections_.size()};
    }
    [[nodiscard]] iterator end() const noexcept {
        return {sections_.data() + sections_.size(), sections_.data() + sections_.size()};
    }
    [[nodiscard]] bool empty() const noexcept { return begin() == end(); }

 private:
    std::span<const std::uint8_t> sections_;  // all of the message's sections, the body's too
};

/// A decoded message. Every view in it points into the bytes that were decoded.
struct message {
    message_header header;
    std::uint32_t flags = 0;   ///< `msg_flags`
    bson::document_view body;  ///< the kind-0 section
    sequence_list sequences;   ///< the kind-1 sections

    /// Another message follows without a request: the connection is not free yet.
    [[nodiscard]] bool more_to_come() const noexcept {
        return (flags & msg_flags::more_to_come) != 0;
    }
    [[nodiscard]] bool exhaust_allowed() const noexcept {
        return (flags & msg_flags::exhaust_allowed) != 0;
    }
};

/// Reads a whole OP_MSG, request or reply: `bytes` is exactly one message, its header first.
///
/// Checked: the header (`decode_header`), that its length is `bytes.size()`, required flag bits,
/// each section's kind, length and place, exactly one body, that each document has a length that
/// fits and a terminator, the checksum if one is present. Not checked: what stands inside of a
/// document (a view checks that when it is read; `bson::validate` checks all of it), and that
/// sequence identifiers are unique.
///
/// Errors: those of `decode_header`; `malformed_message` (truncated, bytes left over, an unknown
/// required flag or section kind, no body, two bodies); `malformed_bson` (a document's length or
/// terminator); `checksum_mismatch`. Close the connection after any of them.
///
/// No allocation, no copy; time is one step a document, and one pass over the bytes with a
/// checksum.
[[nodiscard]] result<message> decode_message(
    std::span<const std::uint8_t> bytes, std::int32_t max_message_size = default_max_message_size);

/// The same where the header has been decoded before: `bytes` is exactly the message that
/// `out.header` stands before.
[[nodiscard]] error decode_after_header(std::span<const std::uint8_t> bytes, message& out);

/// `decode_message`, and then `check_response_to(request_id)`: `unexpected_reply` where it answers
/// another request. For the follow-ups of an exhaust request use `decode_message`: servers differ
/// on what those answer.
[[nodiscard]] result<message> decode_reply(
    std::span<const std::uint8_t> bytes, std::int32_t request_id,
    std::int32_t max_message_size = default_max_message_size);

}  // namespace mongoro::wire
