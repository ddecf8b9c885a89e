#pragma once

#include <string>

namespace mongoro::dns {

/// Whether everybody may register names below this domain, which is in lower case: `com`, `co.uk`,
/// `github.io`. By the Public Suffix List, as libpsl has it built in; without libpsl (the build
/// option `psl`) whatever has one label is one, and nothing else.
[[nodiscard]] bool is_public_suffix(const std::string& domain) noexcept;
/// Whether the list is there.
[[nodiscard]] bool has_public_suffix_list() noexcept;

}  // namespace mongoro::dns
