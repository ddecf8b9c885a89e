#include "auth/saslprep.hpp"

#include <stringprep.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace mongoro::auth {

namespace {

struct wiped_free {
    void operator()(char* text) const noexcept {
        wipe(text, std::strlen(text));
        std::free(text);  // NOLINT: libidn allocates with malloc, and has idn_free only on Windows
    }
};

}  // namespace

result<secret> saslprep(std::string_view text) {
    if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E; })) {
        return secret(std::string(text));
    }
    const error refused(errc::authentication_failed,
                        "the password is not one that SASLprep allows");
    // The library takes a C string; NUL is a control character, and as such prohibited.
    if (text.find('\0') != std::string_view::npos) {
        return refused;
    }
    const secret copy{std::string(text)};
    char* prepared = nullptr;
    // RFC 5802: a stored string, so unassigned code points are not allowed.
    const int status =
        ::stringprep_profile(copy.text().c_str(), &prepared, "SASLprep", STRINGPREP_NO_UNASSIGNED);
    if (status == STRINGPREP_MALLOC_ERROR) {
        throw std::bad_alloc();
    }
    if (status != STRINGPREP_OK) {
        return refused;
    }
    const std::unique_ptr<char, wiped_free> owned(prepared);
    return secret(std::string(prepared));
}

}  // namespace mongoro::auth
