#pragma once

#include <cstdint>
#include <string>

namespace bench {

inline constexpr std::size_t small_size = 275;
inline constexpr std::size_t tweet_size = 1536;

/// The bytes of a document in the shape of the Driver Benchmarking spec's SMALL_DOC: thirteen
/// fields, strings and numbers, no `_id`, exactly `small_size` bytes. The same `index` gives the
/// same bytes on every machine.
std::string small_document(std::uint32_t index);

/// The bytes of a document in the shape of the spec's TWEET: about twenty fields, two of them
/// nested,
/// `_id` (an int32: `index` + 1) first and `created_at` in the middle. `text` is as long as makes
/// the whole `size` bytes, or empty where the rest is longer.
std::string tweet_document(std::uint32_t index, std::size_t size = tweet_size);

}  // namespace bench
