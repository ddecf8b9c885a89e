#pragma once

#include "uri/option_table.hpp"
#include "uri/text.hpp"

#include <mongoro/options/credential.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mongoro::detail {

/// The credential that a connection string asks for: nothing without a user name, or the empty one
/// before an at-sign, and without a mechanism.
///
/// Errors: `errc::invalid_uri`, as `check_credential`, and for a mechanism that is none.
[[nodiscard]] result<std::optional<credential>> make_credential(uri_parts& who,
                                                                option_values& values,
                                                                const std::string& database);

/// Sets the source by the mechanism's rule and checks what the mechanism forbids. The result says
/// which rule is broken; it is empty if none is.
[[nodiscard]] std::string settle_source(credential& c, const std::optional<std::string>& given,
                                        const std::string& database);
[[nodiscard]] std::string broken_rule(const credential& c);
/// Whether there is one source only for the mechanism: `$external`.
[[nodiscard]] bool is_external(std::optional<auth_mechanism> mechanism) noexcept;

}  // namespace mongoro::detail
