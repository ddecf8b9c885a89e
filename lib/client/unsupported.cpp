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

std::string unsupported_compressors(std::span<const compressor> wanted,
                                    wire::compressor_set built) {
    std::string text;
    for (const auto method : wanted) {
        if (!built.has(method)) {
            text +=
                text.empty() ? "compressors has what this build of the library is without: " : ", ";
            text += wire::compressor_name(method);
        }
    }
    return text;
}

}  // namespace mongoro::detail
