#include "wire/message.hpp"

#include "wire/crc32c.hpp"
#include "wire/little_endian.hpp"

#include <cstring>
#include <string>

namespace mongoro::wire {

namespace {

constexpr std::size_t least_document = 5;
constexpr std::uint32_t required_flags = 0xFFFFU;
constexpr std::uint32_t known_required_flags =
    msg_flags::checksum_present | msg_flags::more_to_come;

constexpr std::uint8_t kind_body = 0;
constexpr std::uint8_t kind_sequence = 1;

error malformed(std::string message) {
    return {make_error_code(errc::malformed_message), std::move(message)};
}

error malformed_document(std::string message) {
    return {make_error_code(errc::malformed_bson), std::move(message)};
}

// The bytes of a message that are still to be read; never more than what is there.
using rest = std::span<const std::uint8_t>;

// The size of the document that starts `bytes`, or 0 with `problem` set.
std::size_t check_document(rest bytes, error& problem) {
    if (bytes.size() < least_document) {
        problem = malformed_document("a document of " + std::to_string(bytes.size()) + " bytes");
        return 0;
    }
    const std::int32_t length = load_i32(bytes.data());
    if (length < static_cast<std::int32_t>(least_document) ||
        static_cast<std::size_t>(length) > bytes.size()) {
        problem = malformed_document("a document length of " + std::to_string(length) + " with " +
                                     std::to_string(bytes.size()) + " bytes left");
        return 0;
    }
    const auto size = static_cast<std::size_t>(length);
    if (bytes[size - 1] != 0) {
        problem = malformed_document("a document without its terminator");
        return 0;
    }
    return size;
}

// The size of the kind-1 payload that starts `bytes`, or 0 with `problem` set.
std::size_t check_sequence(rest bytes, error& problem) {
    if (bytes.size() < 5) {
        problem = malformed("a document sequence of " + std::to_string(bytes.size()) + " bytes");
        return 0;
    }
    const std::int32_t length = load_i32(bytes.data());
    if (length < 5 || static_cast<std::size_t>(length) > bytes.size()) {
        problem = malformed("a document sequence's length of " + std::to_string(length) + " with " +
                            std::to_string(bytes.size()) + " bytes left");
        return 0;
    }
    const auto size = static_cast<std::size_t>(length);
    const auto* name = bytes.data() + 4;
    const void* nul = std::memchr(name, 0, size - 4);
    if (nul == nullptr) {
        problem = malformed("a document sequence whose identifier has no end");
        return 0;
    }
    auto documents =
        bytes.first(size).subspan(4 + (static_cast<const std::uint8_t*>(nul) - name) + 1);
    while (!documents.empty()) {
        const std::size_t document = check_document(documents, problem);
        if (document == 0) {
            return 0;
        }
        documents = documents.subspan(document);
    }
    return size;
}

}  // namespace

std::size_t document_run::iterator::size() const noexcept {
    return load_u32(at_);
}

sequence_list::iterator::iterator(const std::uint8_t* at, const std::uint8_t* end) noexcept
    : at_(at), end_(end) {
    skip_body();
}

// There is at most one body, but it may stand anywhere.
void sequence_list::iterator::skip_body() noexcept {
    if (at_ != end_ && *at_ == kind_body) {
        at_ += 1 + load_u32(at_ + 1);
    }
}

document_sequence sequence_list::iterator::operator*() const noexcept {
    const std::size_t size = load_u32(at_ + 1);
    const auto* name = reinterpret_cast<const char*>(at_ + 5);
    const std::string_view identifier(name);
    const std::size_t before = 4 + identifier.size() + 1;
    return {identifier, document_run({at_ + 1 + before, size - before})};
}

sequence_list::iterator& sequence_list::iterator::operator++() noexcept {
    at_ += 1 + load_u32(at_ + 1);
    skip_body();
    return *this;
}

result<message> decode_message(std::span<const std::uint8_t> bytes, std::int32_t max_message_size) {
    auto header = decode_header(bytes, max_message_size);
    if (!header) {
        return header.error();
    }
    if (static_cast<std::size_t>(header->message_length) != bytes.size()) {
        return malformed("a message length of " + std::to_string(header->message_length) +
                         " with " + std::to_string(bytes.size()) + " bytes there");
    }
    message out;
    out.header = *header;
    if (auto problem = decode_after_header(bytes, out)) {
        return problem;
    }
    return out;
}

[[gnu::hot]] error decode_after_header(std::span<const std::uint8_t> bytes, message& out) {
    // decode_header has made sure that the fixed part is there.
    out.flags = load_u32(bytes.data() + header_size);
    if ((out.flags & required_flags & ~known_required_flags) != 0) {
        return malformed("unknown required flag bits " +
                         std::to_string(out.flags & required_flags & ~known_required_flags));
    }
    rest sections = bytes.subspan(header_size + 4);
    if ((out.flags & msg_flags::checksum_present) != 0) {
        if (sections.size() < 4) {
            return malformed("no room for the checksum");
        }
        const std::size_t covered = bytes.size() - 4;
        if (crc32c(bytes.first(covered)) != load_u32(bytes.data() + covered)) {
            return errc::checksum_mismatch;
        }
        sections = sections.first(sections.size() - 4);
    }
    out.sequences = sequence_list(sections);

    // What nearly every reply is, one body and nothing else (half of the instructions of the loop).
    if (sections.size() > least_document && sections[0] == kind_body && sections.back() == 0 &&
        load_u32(sections.data() + 1) == sections.size() - 1) [[likely]] {
        out.body = bson::document_view(sections.data() + 1, sections.size() - 1);
        return {};
    }

    bool have_body = false;
    error problem;
    while (!sections.empty()) {
        const std::uint8_t kind = sections[0];
        sections = sections.subspan(1);
        std::size_t size = 0;
        if (kind == kind_body) {
            if (have_body) {
                return malformed("two bodies");
            }
            size = check_document(sections, problem);
            if (size != 0) {
                out.body = bson::document_view(sections.data(), size);
            }
            have_body = true;
        } else if (kind == kind_sequence) {
            size = check_sequence(sections, problem);
        } else {
            return malformed("unknown section kind " + std::to_string(kind));
        }
        if (size == 0) {
            return problem;
        }
        sections = sections.subspan(size);
    }
    return have_body ? error{} : malformed("no body");
}

result<message> decode_reply(std::span<const std::uint8_t> bytes, std::int32_t request_id,
                             std::int32_t max_message_size) {
    auto decoded = decode_message(bytes, max_message_size);
    if (decoded) {
        if (auto answers = check_response_to(decoded->header, request_id); !answers) {
            return answers.error();
        }
    }
    return decoded;
}

}  // namespace mongoro::wire
