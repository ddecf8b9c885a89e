#pragma once

#include "wire/compression.hpp"

#include <mongoro/error.hpp>
#include <mongoro/options/uri.hpp>
#include <mongoro/uri.hpp>

#include <span>
#include <string>

namespace mongoro::detail {

/// `errc::not_supported` for a connection string that asks for what the library was built without.
[[nodiscard]] error unsupported_option(const uri& where);

/// The warning about compressors that are asked for and not `built`, which are left out
/// (OP_COMPRESSED); empty: there are none.
[[nodiscard]] std::string unsupported_compressors(std::span<const compressor> wanted,
                                                  wire::compressor_set built);

}  // namespace mongoro::detail
