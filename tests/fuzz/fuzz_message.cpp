#include "deep_walk.hpp"

#include "wire/crc32c.hpp"
#include "wire/hello.hpp"
#include "wire/little_endian.hpp"
#include "wire/message.hpp"
#include "wire/server_error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// What a peer may send: the header, the sections, and all that is read out of a reply.

namespace {

namespace wire = mongoro::wire;
namespace fuzz = mongoro::fuzz;
using mongoro::errc;
using mongoro::bson::document_view;

void check_inside(std::span<const std::uint8_t> all, std::span<const std::uint8_t> part) {
    fuzz::require(part.data() >= all.data() && part.data() + part.size() <= all.data() + all.size(),
                  "a view lies inside of its message");
}

void check_framed(std::span<const std::uint8_t> all, document_view document) {
    check_inside(all, document.bytes());
    fuzz::require(document_view::from_bytes(document.bytes()).has_value(),
                  "a decoded document has a right frame");
}

void decode(std::span<const std::uint8_t> bytes) {
    const auto decoded = wire::decode_message(bytes);
    if (!decoded) {
        const auto code = static_cast<errc>(decoded.error().code().value());
        fuzz::require(code == errc::malformed_message || code == errc::malformed_bson ||
                          code == errc::message_too_large || code == errc::checksum_mismatch ||
                          code == errc::not_supported,
                      "a decoder's error is one that its docstring names");
        return;
    }
    fuzz::walk_result seen;
    check_framed(bytes, decoded->body);
    fuzz::walk(seen, decoded->body);
    fuzz::look_up(seen, decoded->body);
    std::size_t documents = 0;
    for (const auto& sequence : decoded->sequences) {
        check_inside(bytes, {reinterpret_cast<const std::uint8_t*>(sequence.identifier.data()),
                             sequence.identifier.size()});
        check_inside(bytes, sequence.documents.bytes());
        for (const auto document : sequence.documents) {
            check_framed(bytes, document);
            fuzz::walk(seen, document);
            ++documents;
        }
    }
    fuzz::require(documents * 5 <= bytes.size(), "a document has five bytes or more");

    const auto failed = mongoro::detail::write_reply_error(decoded->body, 7);
    fuzz::require(!failed.to_string().empty(), "an error has a text");
    if (const auto hello = wire::parse_hello(decoded->body)) {
        fuzz::require(
            !failed || failed == errc::write_failed || failed == errc::write_concern_failed,
            "a hello that was read is not a refused command");
        fuzz::require(hello->limits.max_message_size_bytes > 0, "limits are positive");
        static_cast<void>(hello->type());
        fuzz::walk(seen, hello->topology_version());
        static_cast<void>(wire::check_wire_version(hello->limits, "peer"));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    static_cast<void>(wire::decode_header(bytes));
    decode(bytes);

    // Once more with the length, and the checksum if it says that it has one, made right: what is
    // behind them is worth more tries than these eight bytes.
    if (size >= 20 && size < 1'000'000) {
        std::vector<std::uint8_t> mended(bytes.begin(), bytes.end());
        wire::store_u32(mended.data(), static_cast<std::uint32_t>(size));
        if ((mended[16] & 1U) != 0 && size >= 24) {
            wire::store_u32(mended.data() + size - 4,
                            wire::crc32c(std::span(mended).first(size - 4)));
        }
        decode(mended);
    }
    return 0;
}
