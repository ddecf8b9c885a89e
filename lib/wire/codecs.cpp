#include "wire/codecs.hpp"

#include <memory>
#include <new>

// meson.build defines MONGORO_HAVE_SNAPPY, _ZLIB and _ZSTD as 1 or 0.
#if MONGORO_HAVE_SNAPPY
#include <snappy-c.h>
#endif
#if MONGORO_HAVE_ZLIB
#define ZLIB_CONST
#include <zlib.h>
#endif
#if MONGORO_HAVE_ZSTD
#include <zstd.h>
#endif

namespace mongoro::wire::codecs {

namespace {

#if MONGORO_HAVE_SNAPPY

namespace with_snappy {

const char* chars(const std::uint8_t* bytes) noexcept {
    return reinterpret_cast<const char*>(bytes);
}
char* chars(std::uint8_t* bytes) noexcept {
    return reinterpret_cast<char*>(bytes);
}

std::size_t pack(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
    std::size_t size = out.size();
    return snappy_compress(chars(in.data()), in.size(), chars(out.data()), &size) == SNAPPY_OK
               ? size
               : 0;
}

bool claims(std::span<const std::uint8_t> in, std::size_t size) noexcept {
    std::size_t claimed = 0;
    return snappy_uncompressed_length(chars(in.data()), in.size(), &claimed) == SNAPPY_OK &&
           claimed == size;
}

bool unpack(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
    std::size_t size = out.size();
    return claims(in, out.size()) &&
           snappy_uncompress(chars(in.data()), in.size(), chars(out.data()), &size) == SNAPPY_OK &&
           size == out.size();
}

}  // namespace with_snappy

#endif
#if MONGORO_HAVE_ZLIB

namespace with_zlib {

/// One direction's state: made once, reset for each message.
struct state {
    z_stream stream{};
    int (*end)(z_stream*) = nullptr;
    int level = Z_DEFAULT_COMPRESSION;

    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
        if (end != nullptr) {
            end(&stream);
        }
    }
    void made(int code, int (*ends)(z_stream*)) {
        if (code != Z_OK) {
            throw std::bad_alloc();
        }
        end = ends;
    }
    void set(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) noexcept {
        stream.next_in = in.data();
        stream.avail_in = static_cast<uInt>(in.size());
        stream.next_out = out.data();
        stream.avail_out = static_cast<uInt>(out.size());
    }
};

std::size_t pack(std::int32_t level, std::span<const std::uint8_t> in,
                 std::span<std::uint8_t> out) {
    thread_local state kept;
    if (kept.end == nullptr) {
        kept.made(deflateInit(&kept.stream, kept.level), deflateEnd);
    }
    if (deflateReset(&kept.stream) != Z_OK) {
        return 0;
    }
    kept.set(in, out);
    if (level != kept.level) {
        if (deflateParams(&kept.stream, level, Z_DEFAULT_STRATEGY) != Z_OK) {
            return 0;
        }
        kept.level = level;
    }
    return ::deflate(&kept.stream, Z_FINISH) == Z_STREAM_END ? kept.stream.total_out : 0;
}

bool unpack(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
    thread_local state kept;
    if (kept.end == nullptr) {
        kept.made(inflateInit(&kept.stream), inflateEnd);
    }
    if (inflateReset(&kept.stream) != Z_OK) {
        return false;
    }
    kept.set(in, out);
    // In one call into all the room there is, so zlib needs no window of its own.
    const int code = ::inflate(&kept.stream, Z_FINISH);
    if (code == Z_MEM_ERROR) {
        throw std::bad_alloc();
    }
    return code == Z_STREAM_END && kept.stream.avail_in == 0 && kept.stream.avail_out == 0;
}

}  // namespace with_zlib

#endif
#if MONGORO_HAVE_ZSTD

namespace with_zstd {

struct closer {
    void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
    void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
};

template <typename Context>
Context* made(std::unique_ptr<Context, closer>& kept, Context* (*make)()) {
    if (!kept) {
        kept.reset(make());
        if (!kept) {
            throw std::bad_alloc();
        }
    }
    return kept.get();
}

std::size_t pack(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
    thread_local std::unique_ptr<ZSTD_CCtx, closer> kept;
    const std::size_t size = ZSTD_compressCCtx(made(kept, &ZSTD_createCCtx), out.data(), out.size(),
                                               in.data(), in.size(), ZSTD_CLEVEL_DEFAULT);
    return ZSTD_isError(size) != 0 ? 0 : size;
}

bool claims(std::span<const std::uint8_t> in, std::size_t size) noexcept {
    // A frame need not say it; the first of several says less than all of them.
    const auto claimed = ZSTD_getFrameContentSize(in.data(), in.size());
    return claimed == ZSTD_CONTENTSIZE_UNKNOWN ||
           (claimed != ZSTD_CONTENTSIZE_ERROR && claimed <= size);
}

bool unpack(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
    thread_local std::unique_ptr<ZSTD_DCtx, closer> kept;
    const std::size_t size = ZSTD_decompressDCtx(made(kept, &ZSTD_createDCtx), out.data(),
                                                 out.size(), in.data(), in.size());
    return ZSTD_isError(size) == 0 && size == out.size();
}

}  // namespace with_zstd

#endif

}  // namespace

bool is_built(compressor method) noexcept {
    switch (method) {
        case compressor::snappy:
            return MONGORO_HAVE_SNAPPY != 0;
        case compressor::zlib:
            return MONGORO_HAVE_ZLIB != 0;
        case compressor::zstd:
            return MONGORO_HAVE_ZSTD != 0;
    }
    return false;
}

std::size_t bound(compressor method, [[maybe_unused]] std::size_t size) noexcept {
    switch (method) {
#if MONGORO_HAVE_SNAPPY
        case compressor::snappy:
            return snappy_max_compressed_length(size);
#endif
#if MONGORO_HAVE_ZLIB
        case compressor::zlib:
            return compressBound(static_cast<uLong>(size));
#endif
#if MONGORO_HAVE_ZSTD
        case compressor::zstd:
            return ZSTD_compressBound(size);
#endif
        default:
            return 0;
    }
}

std::size_t pack(compressor method, [[maybe_unused]] std::int32_t level,
                 [[maybe_unused]] std::span<const std::uint8_t> in,
                 [[maybe_unused]] std::span<std::uint8_t> out) {
    switch (method) {
#if MONGORO_HAVE_SNAPPY
        case compressor::snappy:
            return with_snappy::pack(in, out);
#endif
#if MONGORO_HAVE_ZLIB
        case compressor::zlib:
            return with_zlib::pack(level, in, out);
#endif
#if MONGORO_HAVE_ZSTD
        case compressor::zstd:
            return with_zstd::pack(in, out);
#endif
        default:
            return 0;
    }
}

bool claims(compressor method, [[maybe_unused]] std::span<const std::uint8_t> in,
            [[maybe_unused]] std::size_t size) noexcept {
    switch (method) {
#if MONGORO_HAVE_SNAPPY
        case compressor::snappy:
            return with_snappy::claims(in, size);
#endif
#if MONGORO_HAVE_ZSTD
        case compressor::zstd:
            return with_zstd::claims(in, size);
#endif
        default:
            return true;
    }
}

bool unpack(compressor method, [[maybe_unused]] std::span<const std::uint8_t> in,
            [[maybe_unused]] std::span<std::uint8_t> out) {
    switch (method) {
#if MONGORO_HAVE_SNAPPY
        case compressor::snappy:
            return with_snappy::unpack(in, out);
#endif
#if MONGORO_HAVE_ZLIB
        case compressor::zlib:
            return with_zlib::unpack(in, out);
#endif
#if MONGORO_HAVE_ZSTD
        case compressor::zstd:
            return with_zstd::unpack(in, out);
#endif
        default:
            return false;
    }
}

}  // namespace mongoro::wire::codecs
