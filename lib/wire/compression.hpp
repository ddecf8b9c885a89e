#pragma once

#include "wire/header.hpp"

#include <mongoro/options/uri.hpp>
#include <mongoro/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// OP_COMPRESSED: a message inside of a message. Pure: bytes in, bytes out. Spec: OP_COMPRESSED.
namespace mongoro::wire {

/// Header, original opcode, size of what is inside, compressor: what stands before the payload.
inline constexpr std::size_t compressed_header_size = header_size + 4 + 4 + 1;

/// The name in `compressors` and in a hello: "snappy", "zlib", "zstd".
[[nodiscard]] std::string_view compressor_name(compressor method) noexcept;
/// Whether this build has its library.
[[nodiscard]] bool is_built(compressor method) noexcept;

/// Compressors, each once and in no order: what a reply may be compressed with.
class compressor_set {
 public:
    void add(compressor method) noexcept { bits_ |= bit(method); }
    [[nodiscard]] bool has(compressor method) const noexcept { return (bits_ & bit(method)) != 0; }
    [[nodiscard]] bool empty() const noexcept { return bits_ == 0; }

    friend bool operator==(const compressor_set&, const compressor_set&) = default;

 private:
    [[nodiscard]] static std::uint8_t bit(compressor method) noexcept {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(method));
    }
    std::uint8_t bits_ = 0;
};

/// All that this build has.
[[nodiscard]] compressor_set built_compressors() noexcept;

/// Those of `wanted` that are built, in its order and each once: what a hello offers.
[[nodiscard]] std::vector<compressor> built_of(std::span<const compressor> wanted);
/// The first of `offered` that the server has named too; names that nobody knows are passed over.
[[nodiscard]] std::optional<compressor> choose_compressor(std::span<const compressor> offered,
                                                          std::span<const std::string> answer);

/// Whether a message may be sent compressed, by its first bytes, which hold the whole body: it is
/// an OP_MSG, and neither its command nor the one that its command wraps is among those that show
/// or set a secret (the specification's list, in any case of letters), or a hello.
[[nodiscard]] bool may_compress(std::span<const std::uint8_t> message) noexcept;

/// The room that `compress` needs for a message of that size.
[[nodiscard]] std::size_t compressed_bound(compressor method, std::size_t message_size) noexcept;
/// Writes the OP_COMPRESSED of `message`, which is whole, to `out`: at least `compressed_bound()`
/// bytes. Gives its size; 0 if the compressor is not built or has failed. `level` is zlib's, from
/// -1 to 9.
///
/// The state of zlib and zstd is kept by the calling thread, so only its first message makes it;
/// snappy's library takes its working memory from the heap each time. Throws `std::bad_alloc`.
[[nodiscard]] std::size_t compress(std::span<const std::uint8_t> message, compressor method,
                                   std::int32_t level, std::span<std::uint8_t> out);

/// An OP_COMPRESSED whose header was checked. A view.
struct compressed_message {
    message_header header;  ///< of the message inside: its own whole length and opcode
    compressor method = compressor::snappy;
    std::span<const std::uint8_t> payload;
};

/// Reads all but the payload of an OP_COMPRESSED: `bytes` is exactly one message.
///
/// Believed is only what fits: a size inside that is positive and within the limit with its header
/// (and, with snappy, is the one that the payload names), a compressor of `accepted`, and an opcode
/// inside that is OP_MSG; so one inside of another is refused.
///
/// Errors: `malformed_message`, `message_too_large`. Close the connection after any of them.
[[nodiscard]] result<compressed_message> decode_compressed(
    std::span<const std::uint8_t> bytes, compressor_set accepted,
    std::int32_t max_message_size = default_max_message_size);

/// Writes the message inside, its header first, to `out`, which has exactly
/// `message.header.message_length` bytes. Nothing is written behind them, whatever the payload
/// says, and nothing larger is ever made on the way.
///
/// Errors: `malformed_message` (the payload is damaged, has more or fewer bytes inside than was
/// said, or something behind its end): close the connection. Throws `std::bad_alloc`.
[[nodiscard]] error decompress(const compressed_message& message, std::span<std::uint8_t> out);

}  // namespace mongoro::wire
