#pragma once

#include <mongoro/bson/value_view.hpp>
#include <mongoro/uri.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace mongoro::spec {

/// What a connection string says for an option, as text that `shown_value` also makes of what a
/// test wants: `true`, `5`, `"rs"`, `["zlib"]`, `{"dc":"ny"}` with its keys in order. Empty if the
/// option is not given. Nothing for a name that is no option's; letters' case does not matter.
[[nodiscard]] std::optional<std::string> shown_option(const uri& from, std::string_view name);
[[nodiscard]] std::string shown_value(bson::value_view value);

/// The properties of a credential; `{}` for none.
[[nodiscard]] std::string shown_properties(const credential& from);

/// `unix`, `ip_literal`, `ipv4` or `hostname`.
[[nodiscard]] std::string_view shown_type(const host_address& host);

}  // namespace mongoro::spec
