#include "dns/public_suffix.hpp"

// Instead of public_suffix.cpp, without libpsl.

namespace mongoro::dns {

bool is_public_suffix(const std::string& /*domain*/) noexcept {
    return true;
}

bool has_public_suffix_list() noexcept {
    return false;
}

}  // namespace mongoro::dns
