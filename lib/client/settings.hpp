#pragma once

#include "deployment/settings.hpp"

#include <mongoro/client.hpp>
#include <mongoro/detail/handle_settings.hpp>
#include <mongoro/uri.hpp>

namespace mongoro::detail {

/// What a connection string and the options beside it make of a client.
///
/// Errors: `invalid_argument` for an option that can never be right, `invalid_uri` for options that
/// exclude each other, `not_supported` for what this build cannot do, `tls_failed` for a file of
/// TLS, which is read here.
[[nodiscard]] result<deployment::settings> settings_of(reactor_core& core, const uri& where,
                                                       const client_options& options);

/// Applies what DNS has made of a `mongodb+srv` string: its seeds, and the options of its TXT
/// record. `invalid_argument` for what now excludes itself.
[[nodiscard]] result<void> apply_seed_list(deployment::settings& to, const uri& resolved);

/// What they say of reads, writes and time; null: nothing.
[[nodiscard]] handle_settings_ptr handle_settings_of(const uri& where,
                                                     const client_options& options);

}  // namespace mongoro::detail
