#include "client/unsupported.hpp"

#include "auth/gssapi.hpp"

namespace mongoro::detail {

error unsupported_option(const uri& where) {
    const auto* const who = where.credential();
    if (!auth::has_gssapi() && who != nullptr && who->mechanism == auth_mechanism::gssapi) {
        return {errc::not_supported, "this build of the library has no GSSAPI"};
    }
    return {};
}

}  // namespace mongoro::detail
