#include "wire/message_writer.hpp"

#include "wire/crc32c.hpp"
#include "wire/little_endian.hpp"

#include <climits>
#include <string>

namespace mongoro::wire {

namespace {

constexpr std::size_t checksum_size = 4;
constexpr std::size_t least_document = 5;

// The server's BSONObjMaxInternalSize: what a command may have beyond the documents that it
// carries.
constexpr std::size_t command_allowance = 16 * 1024;

// Up to this size the sequences are copied behind the body: one piece is cheaper to send than two.
constexpr std::size_t merge_up_to = 8 * 1024;

// Each reference takes a piece of its own and may split the tail once more; head and end are two.
constexpr std::size_t max_references = (IOV_MAX - 2) / 2;

iovec piece_of(const std::uint8_t* data, std::size_t size) noexcept {
    // A send does not write; iovec has one pointer type for both directions.
    return {const_cast<std::uint8_t*>(data), size};
}

}  // namespace

void encoded_message::clear() noexcept {
    head_.clear();
    tail_.clear();
    references_.clear();
    pieces_.clear();
    size_ = 0;
    request_id_ = 0;
}

void message_writer::begin(std::int32_t request_id, std::uint32_t flags) {
    to_.clear();
    to_.request_id_ = request_id;
    flags_ = flags;
    referenced_ = sequence_start_ = sequence_references_ = count_ = 0;
    std::uint8_t* const start = to_.head_.extend(header_size + 5);
    encode_header(start, {0, request_id, 0, static_cast<std::int32_t>(opcode::msg)});
    store_u32(start + header_size, flags);
    start[header_size + 4] = 0;  // section kind
    body_ = bson::writer(to_.head_);
    body_.begin_document();
}

void message_writer::begin_sequence(std::string_view identifier, std::size_t max_document_size) {
    end_sequence();
    max_document_ = max_document_size != 0 ? max_document_size
                                           : static_cast<std::size_t>(limits_.max_bson_object_size);
    to_.tail_.push_back(1);  // section kind
    sequence_start_ = to_.tail_.size();
    sequence_references_ = referenced_;
    count_ = 0;
    std::uint8_t* const start = to_.tail_.extend(4);
    store_u32(start, 0);
    to_.tail_.append(identifier.data(), identifier.size());
    to_.tail_.push_back(0);
}

std::size_t message_writer::size_so_far() const noexcept {
    return to_.head_.size() + body_.depth() + to_.tail_.size() + referenced_ +
           ((flags_ & msg_flags::checksum_present) != 0 ? checksum_size : 0);
}

append_outcome message_writer::check_fit(std::size_t size) const noexcept {
    if (size > max_document_) {
        return append_outcome::too_large;
    }
    if (count_ >= static_cast<std::size_t>(limits_.max_write_batch_size)) {
        return append_outcome::batch_full;
    }
    if (size_so_far() + size + body_reserve >
        static_cast<std::size_t>(limits_.max_message_size_bytes)) {
        return count_ == 0 ? append_outcome::too_large : append_outcome::batch_full;
    }
    return append_outcome::appended;
}

void message_writer::add_reference(std::span<const std::uint8_t> bytes) {
    to_.references_.push_back({to_.tail_.size(), bytes});
    referenced_ += bytes.size();
}

append_outcome message_writer::append(bson::document_view document,
                                      std::span<const std::uint8_t> leading) {
    const std::size_t size = document.size() + leading.size();
    if (const auto outcome = check_fit(size); outcome != append_outcome::appended) {
        return outcome;
    }
    auto rest = document.bytes();
    if (!leading.empty()) {
        store_u32(to_.tail_.extend(4), static_cast<std::uint32_t>(size));
        to_.tail_.append(leading.data(), leading.size());
        rest = rest.subspan(4);
    }
    if (rest.size() >= reference_from && to_.references_.size() < max_references) {
        add_reference(rest);
    } else {
        to_.tail_.append(rest.data(), rest.size());
    }
    ++count_;
    return append_outcome::appended;
}

bson::writer& message_writer::begin_element() {
    element_start_ = to_.tail_.size();
    element_ = bson::writer(to_.tail_);
    element_.begin_document();
    return element_;
}

append_outcome message_writer::end_element() {
    while (element_.ok() && element_.depth() != 0) {
        element_.end();
    }
    const std::size_t size = to_.tail_.size() - element_start_;
    to_.tail_.truncate(element_start_);
    const auto outcome = element_.ok() ? check_fit(size) : append_outcome::too_large;
    if (outcome == append_outcome::appended) {
        to_.tail_.extend(size);  // the bytes are still there
        ++count_;
    }
    return outcome;
}

void message_writer::end_sequence() noexcept {
    if (sequence_start_ != 0) {
        const std::size_t size =
            to_.tail_.size() - sequence_start_ + (referenced_ - sequence_references_);
        store_u32(to_.tail_.data() + sequence_start_, static_cast<std::uint32_t>(size));
        sequence_start_ = 0;
    }
}

// One piece where that is cheap; else head, and the tail with the references between its parts.
void message_writer::gather() {
    auto& head = to_.head_;
    auto& tail = to_.tail_;
    if (to_.references_.empty() && tail.size() <= merge_up_to) {
        head.append(tail.data(), tail.size());
        tail.clear();
    }
    to_.pieces_.push_back(piece_of(head.data(), head.size()));
    std::size_t done = 0;
    for (const auto& reference : to_.references_) {
        if (reference.tail_offset > done) {
            to_.pieces_.push_back(piece_of(tail.data() + done, reference.tail_offset - done));
            done = reference.tail_offset;
        }
        to_.pieces_.push_back(piece_of(reference.bytes.data(), reference.bytes.size()));
    }
    if (tail.size() > done) {
        to_.pieces_.push_back(piece_of(tail.data() + done, tail.size() - done));
    }
}

// Over the finished bytes, in the last four of them, for which `finish` has left room.
void message_writer::add_checksum() {
    std::uint32_t crc = 0;
    auto& last = to_.pieces_.back();
    last.iov_len -= checksum_size;
    for (const auto& piece : to_.pieces_) {
        crc = crc32c({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len}, crc);
    }
    store_u32(static_cast<std::uint8_t*>(last.iov_base) + last.iov_len, crc);
    last.iov_len += checksum_size;
}

result<void> message_writer::finish() {
    while (body_.ok() && body_.depth() != 0) {
        body_.end();
    }
    end_sequence();
    if (!body_.ok()) {
        return body_.error();
    }
    const std::size_t body_size = to_.head_.size() - (header_size + 5);
    if (body_size < least_document ||
        body_size > static_cast<std::size_t>(limits_.max_bson_object_size) + command_allowance) {
        return error(errc::document_too_large,
                     "a command of " + std::to_string(body_size) + " bytes");
    }
    const bool checksum = (flags_ & msg_flags::checksum_present) != 0;
    if (checksum) {
        auto& end = to_.tail_.empty() && to_.references_.empty() ? to_.head_ : to_.tail_;
        end.extend(checksum_size);
    }
    to_.size_ = to_.head_.size() + to_.tail_.size() + referenced_;
    if (to_.size_ > static_cast<std::size_t>(limits_.max_message_size_bytes)) {
        return error(errc::message_too_large, std::to_string(to_.size_) + " bytes, the limit is " +
                                                  std::to_string(limits_.max_message_size_bytes));
    }
    store_u32(to_.head_.data(), static_cast<std::uint32_t>(to_.size_));
    gather();
    if (checksum) {
        add_checksum();
    }
    return {};
}

}  // namespace mongoro::wire
