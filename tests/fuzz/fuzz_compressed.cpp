#include "deep_walk.hpp"

#include "wire/compression.hpp"
#include "wire/little_endian.hpp"
#include "wire/message.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// What a peer may send in an OP_COMPRESSED. Every byte behind what may be written is looked after.

namespace {

namespace wire = mongoro::wire;
namespace fuzz = mongoro::fuzz;
using mongoro::compressor;
using mongoro::errc;
using bytes = std::vector<std::uint8_t>;

// Small, so that the fuzzer does not spend its time on filling memory.
constexpr std::int32_t limit = 1 << 20;
constexpr std::size_t guard = 32;
constexpr std::array all{compressor::snappy, compressor::zlib, compressor::zstd};

wire::compressor_set built() {
    wire::compressor_set out;
    for (const auto method : wire::built_of(all)) {
        out.add(method);
    }
    return out;
}

void check_code(const mongoro::error& e) {
    const auto code = static_cast<errc>(e.code().value());
    fuzz::require(code == errc::malformed_message || code == errc::message_too_large,
                  "an error is one that the docstrings name");
}

void decode(std::span<const std::uint8_t> frame) {
    const auto read = wire::decode_compressed(frame, built(), limit);
    if (!read) {
        return check_code(read.error());
    }
    fuzz::require(read->header.message_length > 16 && read->header.message_length <= limit,
                  "a size is believed within its limits only");
    const auto size = static_cast<std::size_t>(read->header.message_length);
    bytes out(size + guard, 0xA5);
    const auto failed = wire::decompress(*read, std::span(out).first(size));
    fuzz::require(std::all_of(out.end() - guard, out.end(), [](auto b) { return b == 0xA5; }),
                  "nothing is written behind the message");
    if (failed) {
        return check_code(failed);
    }
    const auto message = std::span<const std::uint8_t>(out).first(size);
    fuzz::require(wire::decode_header(message, limit).has_value(), "its header is a right one");
    if (const auto decoded = wire::decode_message(message, limit)) {
        fuzz::walk_result seen;
        fuzz::walk(seen, decoded->body);
    }
}

/// The bytes as what is inside: each compressor gives them back.
void round_trip(std::span<const std::uint8_t> data) {
    bytes message(16);
    message.insert(message.end(), data.begin(), data.end());
    wire::encode_header(message.data(), {static_cast<std::int32_t>(message.size()), 1, 2, 2013});
    for (const auto method : wire::built_of(all)) {
        bytes frame(wire::compressed_bound(method, message.size()));
        frame.resize(wire::compress(message, method, data[0] % 11 - 1, frame));
        const auto read = wire::decode_compressed(frame, built(), limit);
        fuzz::require(read.has_value(), "what we have compressed can be read");
        bytes out(message.size());
        fuzz::require(!wire::decompress(*read, out), "and unpacked");
        fuzz::require(out == message, "to the same bytes");
    }
    static_cast<void>(wire::may_compress(message));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span whole(data, size);
    decode(whole);
    // Once more with the length and the opcode made right, as what is behind them is worth more.
    if (size >= wire::compressed_header_size && size < 100'000) {
        bytes mended(whole.begin(), whole.end());
        wire::store_u32(mended.data(), static_cast<std::uint32_t>(size));
        wire::store_u32(mended.data() + 12, 2012);
        decode(mended);
        round_trip(whole);
    }
    return 0;
}
