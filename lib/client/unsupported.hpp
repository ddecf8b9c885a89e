#pragma once

#include <mongoro/error.hpp>
#include <mongoro/uri.hpp>

namespace mongoro::detail {

/// `errc::not_supported` for a connection string that asks for what the library was built without.
[[nodiscard]] error unsupported_option(const uri& where);

}  // namespace mongoro::detail
