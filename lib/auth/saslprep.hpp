#pragma once

#include "auth/wipe.hpp"

#include <mongoro/result.hpp>

#include <string_view>

namespace mongoro::auth {

/// A password as SASLprep (RFC 4013) prepares a stored string: what looks alike becomes the same,
/// and what cannot be typed is refused. Text without anything but printable ASCII is not changed.
///
/// Errors: `authentication_failed`: not UTF-8, a control or another prohibited character, one that
/// Unicode 3.2 does not know, or letters of both directions mixed. Nothing of the text is in it.
[[nodiscard]] result<secret> saslprep(std::string_view text);

}  // namespace mongoro::auth
