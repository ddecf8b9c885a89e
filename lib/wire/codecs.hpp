#pragma once

#include <mongoro/options/uri.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

/// The compressors' libraries, as far as they are built in; see `compression.hpp`.
///
/// One message a call, whole in and whole out. The state that zlib and zstd work with belongs to
/// the calling thread: a connection needs none of its own, since it never stops in the middle.
namespace mongoro::wire::codecs {

[[nodiscard]] bool is_built(compressor method) noexcept;

/// The most that `size` bytes become.
[[nodiscard]] std::size_t bound(compressor method, std::size_t size) noexcept;

/// Bytes written; 0 if it failed, which with room for `bound()` bytes it does not. Throws
/// `std::bad_alloc`.
[[nodiscard]] std::size_t pack(compressor method, std::int32_t level,
                               std::span<const std::uint8_t> in, std::span<std::uint8_t> out);

/// Whether `in` says of itself, before anything is unpacked, that it holds `size` bytes; true where
/// a format does not say.
[[nodiscard]] bool claims(compressor method, std::span<const std::uint8_t> in,
                          std::size_t size) noexcept;

/// Whether all of `in` was read and filled `out`, neither less nor more. Throws `std::bad_alloc`.
[[nodiscard]] bool unpack(compressor method, std::span<const std::uint8_t> in,
                          std::span<std::uint8_t> out);

}  // namespace mongoro::wire::codecs
