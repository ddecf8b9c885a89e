#include "auth/gssapi.hpp"

// Instead of kerberos.cpp, without the build option.

namespace mongoro::auth {

bool has_gssapi() noexcept {
    return false;
}

result<std::unique_ptr<gss_context>> make_kerberos_context(const credential&, std::string_view) {
    return error(errc::not_supported,
                 "GSSAPI: this library was built without Kerberos (the option gssapi)");
}

}  // namespace mongoro::auth
