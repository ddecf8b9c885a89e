#pragma once

#include <mongoro/error.hpp>
#include <mongoro/uri.hpp>

namespace mongoro::detail {

/// What a connection string asks for and no client can do yet: `errc::not_supported` that names the
/// first such option, and no value. Nothing if there is none.
[[nodiscard]] error unsupported_option(const uri& where);

}  // namespace mongoro::detail
