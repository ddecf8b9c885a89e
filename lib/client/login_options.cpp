#include "client/login_options.hpp"

#include "auth/authenticator.hpp"
#include "pool/cloud_login.hpp"

namespace mongoro::detail {

result<void> set_up_login(pool::connection_settings& settings, reactor_core& core,
                          const credential* who, const client_options& options) {
    // Of nobody the options of a mechanism are still somebody's mistake.
    if (auto fits = pool::set_up_cloud_login(settings, core, who != nullptr ? *who : credential(),
                                             options.oidc, options.aws_credential_provider);
        !fits || who == nullptr) {
        return fits;
    }
    // A callback stands for the ENVIRONMENT that a credential alone would need.
    if (!settings.oidc) {
        if (auto usable = who->check(); !usable) {
            return usable;
        }
    }
    settings.authenticator = std::make_shared<auth::authenticator>(*who);
    return {};
}

}  // namespace mongoro::detail
