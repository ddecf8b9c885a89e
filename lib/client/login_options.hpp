#pragma once

#include "pool/connection_settings.hpp"

#include <mongoro/client.hpp>
#include <mongoro/options/credential.hpp>
#include <mongoro/result.hpp>

namespace mongoro::detail {

/// Gives the connections of a client who logs in (null: nobody), and what the program gave for it.
///
/// Errors: `invalid_argument`: the credential lacks what its mechanism needs, or the program gave
/// what that has no use for.
[[nodiscard]] result<void> set_up_login(pool::connection_settings& settings, reactor_core& core,
                                        const credential* who, const client_options& options);

}  // namespace mongoro::detail
