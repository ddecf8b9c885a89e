#pragma once

#include <string>

namespace mongoro::dns {

/// Whether everybody may register names below this domain, which is in lower case: `com`, `co.uk`,
/// `github.io`. By the Public Suffix List, as libpsl has it built in; without it (the build option
/// `psl`) there is no knowing, and every domain is one.
[[nodiscard]] bool is_public_suffix(const std::string& domain) noexcept;
/// Whether the list is there.
[[nodiscard]] bool has_public_suffix_list() noexcept;

}  // namespace mongoro::dns
