#include "dns/public_suffix.hpp"

#include <libpsl.h>

namespace mongoro::dns {

// It is a constant of the library: no file is read, nothing allocated. Both the suffixes of
// registries and those of companies count.
bool is_public_suffix(const std::string& domain) noexcept {
    const psl_ctx_t* const list = psl_builtin();
    return list == nullptr || psl_is_public_suffix2(list, domain.c_str(), PSL_TYPE_ANY) != 0;
}

bool has_public_suffix_list() noexcept {
    return psl_builtin() != nullptr;
}

}  // namespace mongoro::dns
