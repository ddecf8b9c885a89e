#pragma once

#include "wire/header.hpp"
#include "wire/message.hpp"
#include "wire/server_limits.hpp"

#include <mongoro/bson/byte_buffer.hpp>
#include <mongoro/bson/document_view.hpp>
#include <mongoro/bson/writer.hpp>
#include <mongoro/result.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace mongoro::wire {

/// The bytes of one message, ready to be gathered by a send.
///
/// Movable, so that whoever must keep the bytes until a send is over can take them; `pieces()`
/// stays right. Large documents may be referenced instead of copied: those stay the caller's, and
/// must not move or die until the send is over either.
class encoded_message {
 public:
    encoded_message() = default;
    encoded_message(encoded_message&&) noexcept = default;
    encoded_message& operator=(encoded_message&&) noexcept = default;

    /// What to send, in order; at most IOV_MAX of them. Empty until `message_writer::finish`.
    [[nodiscard]] std::span<const iovec> pieces() const noexcept { return pieces_; }
    /// The length of the whole message.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::int32_t request_id() const noexcept { return request_id_; }
    /// Forgets the message and keeps the space.
    void clear() noexcept;

 private:
    friend class message_writer;
    struct reference {
        std::size_t tail_offset;  // it stands before this byte of tail_
        std::span<const std::uint8_t> bytes;
    };

    bson::byte_buffer head_;  // header, flags, body
    bson::byte_buffer tail_;  // the document sequences
    std::vector<reference> references_;
    std::vector<iovec> pieces_;
    std::size_t size_ = 0;
    std::int32_t request_id_ = 0;
};

/// What became of a document that was offered to a sequence.
enum class append_outcome {
    appended,
    batch_full,  ///< send what is there, offer it to the next message
    too_large,   ///< over the limit of one document, or of a message that holds nothing else
};

/// Encodes one OP_MSG into an `encoded_message`.
///
///     message_writer to(message, limits);
///     to.begin(id);
///     to.body().append("insert", "people");        // the body stays open …
///     to.begin_sequence("documents");
///     while (… to.append(document) == append_outcome::appended) { … }
///     to.body().append("$db", "test");             // … until finish()
///     auto ok = to.finish();
///
/// The sequences are kept apart from the body until the end, so that an executor can append its
/// fields
/// ($db, lsid, …) last. No allocation once the message's buffers are warm. Throws `std::bad_alloc`
/// and nothing else.
class message_writer {
 public:
    /// Kept back in every message for what is appended to the body after its sequences: `$db`,
    /// `lsid`, `txnNumber`, `$clusterTime`, `$readPreference`.
    static constexpr std::size_t body_reserve = 1024;
    /// A document of this size or more is referenced; below it one more iovec costs more than a
    /// copy.
    static constexpr std::size_t reference_from = 16 * 1024;

    /// `to` must outlive the writer; it is cleared by `begin`.
    explicit message_writer(encoded_message& to, const server_limits& limits = {}) noexcept
        : to_(to), limits_(limits), body_(to.head_) {}
    message_writer(const message_writer&) = delete;
    message_writer& operator=(const message_writer&) = delete;

    /// Starts a message of `msg_flags` bits and opens its body.
    void begin(std::int32_t request_id, std::uint32_t flags = 0);
    /// The open body document. Its errors (an embedded NUL in a key, …) come out of `finish`.
    [[nodiscard]] bson::writer& body() noexcept { return body_; }

    /// Ends the sequence before, if any, and starts one. `identifier` (no NUL) is the argument's
    /// name. `max_document_size`: 0 means the server's maxBsonObjectSize; a statement of an update
    /// or delete may be a little larger than the documents in it.
    void begin_sequence(std::string_view identifier, std::size_t max_document_size = 0);

    /// Offers a document whose bytes are there: copied if small, else referenced.
    ///
    /// `leading` is put in front of its elements: whole BSON elements, such as the `_id` that the
    /// driver made. It is copied, and so is the document where all references are taken.
    append_outcome append(bson::document_view document, std::span<const std::uint8_t> leading = {});

    /// Opens a document that is written in place; `end_element` says whether it fits, and takes it
    /// out again if not. A document that failed to encode is kept out too: the writer's error
    /// tells.
    bson::writer& begin_element();
    append_outcome end_element();

    /// Documents in the current sequence.
    [[nodiscard]] std::size_t sequence_count() const noexcept { return count_; }
    /// The message's length if it ended now.
    [[nodiscard]] std::size_t size_so_far() const noexcept;

    /// Ends body and sequence, patches the lengths, computes the checksum if its flag is set.
    /// Errors: the body's own; `document_too_large` (the body, over maxBsonObjectSize and the 16
    /// KiB that the server allows a command beyond it); `message_too_large`. The message is then
    /// not to be sent.
    [[nodiscard]] result<void> finish();

 private:
    [[nodiscard]] append_outcome check_fit(std::size_t size) const noexcept;
    void add_reference(std::span<const std::uint8_t> bytes);
    void end_sequence() noexcept;
    void gather();
    void add_checksum();

    encoded_message& to_;
    server_limits limits_;
    bson::writer body_;
    bson::writer element_{to_.tail_};
    std::size_t max_document_ = 0;
    std::size_t referenced_ = 0;           // bytes, of all sequences
    std::size_t sequence_start_ = 0;       // of the section's length in tail_; 0: none is open
    std::size_t sequence_references_ = 0;  // value of referenced_ when it began
    std::size_t element_start_ = 0;
    std::size_t count_ = 0;
    std::uint32_t flags_ = 0;
};

}  // namespace mongoro::wire
