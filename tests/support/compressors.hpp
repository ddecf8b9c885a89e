#pragma once

#include <mongoro/options/uri.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace mongoro::test {

/// The compressors' libraries, called by hand and not by the driver's own code: what the driver is
/// held against. Only those that it is built with.
[[nodiscard]] std::vector<compressor> built_compressors();
[[nodiscard]] std::string_view name_of(compressor method);
/// 1, 2, 3: the compressorId of the wire.
[[nodiscard]] std::uint8_t wire_id_of(compressor method);

[[nodiscard]] std::vector<std::uint8_t> packed(compressor method,
                                               std::span<const std::uint8_t> plain);
/// Nothing if it is damaged or not of `size` bytes.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> unpacked(compressor method,
                                                                std::span<const std::uint8_t> data,
                                                                std::size_t size);

/// Every field of an OP_COMPRESSED as it is given: also those that do not fit together.
struct compressed_frame {
    std::int32_t request_id = 0;
    std::int32_t response_to = 0;
    std::int32_t original_opcode = 2013;
    std::int32_t uncompressed_size = 0;
    std::uint8_t compressor_id = 0;
    std::vector<std::uint8_t> payload;

    [[nodiscard]] std::vector<std::uint8_t> bytes() const;
};

/// A right one around a whole message.
[[nodiscard]] compressed_frame compress_message(compressor method,
                                                std::span<const std::uint8_t> message);
/// The message inside of a right one, and its compressor; nothing otherwise.
struct decompressed_message {
    compressor method;
    std::vector<std::uint8_t> message;
};
[[nodiscard]] std::optional<decompressed_message> decompress_message(
    std::span<const std::uint8_t> frame);

}  // namespace mongoro::test
