#include "compressors.hpp"

#include "wire/little_endian.hpp"

#include <array>
#include <stdexcept>

#if MONGORO_HAVE_SNAPPY
#include <snappy-c.h>
#endif
#if MONGORO_HAVE_ZLIB
#include <zlib.h>
#endif
#if MONGORO_HAVE_ZSTD
#include <zstd.h>
#endif

namespace mongoro::test {

namespace {

using bytes = std::vector<std::uint8_t>;

void append_i32(bytes& to, std::int32_t value) {
    to.resize(to.size() + 4);
    wire::store_i32(to.data() + to.size() - 4, value);
}

}  // namespace

std::vector<compressor> built_compressors() {
    std::vector<compressor> out;
    if (MONGORO_HAVE_SNAPPY != 0) {
        out.push_back(compressor::snappy);
    }
    if (MONGORO_HAVE_ZLIB != 0) {
        out.push_back(compressor::zlib);
    }
    if (MONGORO_HAVE_ZSTD != 0) {
        out.push_back(compressor::zstd);
    }
    return out;
}

std::string_view name_of(compressor method) {
    constexpr std::array<std::string_view, 3> names{"snappy", "zlib", "zstd"};
    return names.at(static_cast<std::size_t>(method));
}

std::uint8_t wire_id_of(compressor method) {
    return static_cast<std::uint8_t>(static_cast<int>(method) + 1);
}

std::vector<std::uint8_t> packed(compressor method,
                                 [[maybe_unused]] std::span<const std::uint8_t> plain) {
    bytes out;
    switch (method) {
#if MONGORO_HAVE_SNAPPY
        case compressor::snappy: {
            std::size_t size = snappy_max_compressed_length(plain.size());
            out.resize(size);
            if (snappy_compress(reinterpret_cast<const char*>(plain.data()), plain.size(),
                                reinterpret_cast<char*>(out.data()), &size) == SNAPPY_OK) {
                out.resize(size);
                return out;
            }
            break;
        }
#endif
#if MONGORO_HAVE_ZLIB
        case compressor::zlib: {
            uLongf size = compressBound(static_cast<uLong>(plain.size()));
            out.resize(size);
            if (compress(out.data(), &size, plain.data(), static_cast<uLong>(plain.size())) ==
                Z_OK) {
                out.resize(size);
                return out;
            }
            break;
        }
#endif
#if MONGORO_HAVE_ZSTD
        case compressor::zstd: {
            out.resize(ZSTD_compressBound(plain.size()));
            const std::size_t size =
                ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 1);
            if (ZSTD_isError(size) == 0) {
                out.resize(size);
                return out;
            }
            break;
        }
#endif
        default:
            break;
    }
    throw std::runtime_error("a compressor that is not there, or failed");
}

std::optional<std::vector<std::uint8_t>> unpacked(compressor method,
                                                  std::span<const std::uint8_t> data,
                                                  std::size_t size) {
    // A byte of room more: a surplus shows.
    bytes out(size + 1);
    std::size_t got = out.size();
    bool right = false;
    switch (method) {
#if MONGORO_HAVE_SNAPPY
        case compressor::snappy:
            right = snappy_uncompress(reinterpret_cast<const char*>(data.data()), data.size(),
                                      reinterpret_cast<char*>(out.data()), &got) == SNAPPY_OK;
            break;
#endif
#if MONGORO_HAVE_ZLIB
        case compressor::zlib: {
            uLongf length = static_cast<uLongf>(out.size());
            right = uncompress(out.data(), &length, data.data(), static_cast<uLong>(data.size())) ==
                    Z_OK;
            got = length;
            break;
        }
#endif
#if MONGORO_HAVE_ZSTD
        case compressor::zstd:
            got = ZSTD_decompress(out.data(), out.size(), data.data(), data.size());
            right = ZSTD_isError(got) == 0;
            break;
#endif
        default:
            break;
    }
    if (!right || got != size) {
        return std::nullopt;
    }
    out.resize(size);
    return out;
}

std::vector<std::uint8_t> compressed_frame::bytes() const {
    std::vector<std::uint8_t> out;
    append_i32(out, static_cast<std::int32_t>(25 + payload.size()));
    append_i32(out, request_id);
    append_i32(out, response_to);
    append_i32(out, 2012);
    append_i32(out, original_opcode);
    append_i32(out, uncompressed_size);
    out.push_back(compressor_id);
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

compressed_frame compress_message(compressor method, std::span<const std::uint8_t> message) {
    compressed_frame out;
    out.request_id = wire::load_i32(message.data() + 4);
    out.response_to = wire::load_i32(message.data() + 8);
    out.original_opcode = wire::load_i32(message.data() + 12);
    out.uncompressed_size = static_cast<std::int32_t>(message.size() - 16);
    out.compressor_id = wire_id_of(method);
    out.payload = packed(method, message.subspan(16));
    return out;
}

std::optional<decompressed_message> decompress_message(std::span<const std::uint8_t> frame) {
    if (frame.size() < 25 || frame[24] == 0 || frame[24] > 3) {
        return std::nullopt;
    }
    const std::int32_t size = wire::load_i32(frame.data() + 20);
    const auto method = static_cast<compressor>(frame[24] - 1);
    if (size < 0 || size > 64'000'000) {
        return std::nullopt;
    }
    auto inside = unpacked(method, frame.subspan(25), static_cast<std::size_t>(size));
    if (!inside) {
        return std::nullopt;
    }
    decompressed_message out{method, {}};
    append_i32(out.message, size + 16);
    append_i32(out.message, wire::load_i32(frame.data() + 4));
    append_i32(out.message, wire::load_i32(frame.data() + 8));
    append_i32(out.message, wire::load_i32(frame.data() + 16));
    out.message.insert(out.message.end(), inside->begin(), inside->end());
    return out;
}

}  // namespace mongoro::test
