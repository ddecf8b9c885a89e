#include "client/unsupported.hpp"

#include <array>
#include <string>
#include <string_view>

namespace mongoro::detail {

namespace {

using o = uri_options;

template <auto Member>
bool given(const uri& where) noexcept {
    return (where.options().*Member).has_value();
}

struct row {
    std::string_view what;
    bool (*asked_for)(const uri& where);
};

// A feature that gets built takes its row away.
constexpr std::array<row, 9> rows{{
    {"mongodb+srv", [](const uri& u) { return u.is_srv(); }},
    {"a login", [](const uri& u) { return u.credential() != nullptr; }},
    {"authSource", given<&o::auth_source>},
    {"tls", [](const uri& u) { return u.uses_tls(); }},
    // With tls=false they do nothing, but who gives them expects something.
    {"an option that starts with tls", [](const uri& u) { return u.options().tls.any_detail(); }},
    {"compressors", [](const uri& u) { return !u.options().compressors.empty(); }},
    {"zlibCompressionLevel", given<&o::zlib_compression_level>},
    {"timeoutMS", given<&o::timeout>},
    {"socketTimeoutMS", given<&o::socket_timeout>},
}};

}  // namespace

error unsupported_option(const uri& where) {
    for (const auto& [what, asked_for] : rows) {
        if (asked_for(where)) {
            return {errc::not_supported,
                    "in the connection string " + std::string(what) + " is not supported yet"};
        }
    }
    return {};
}

}  // namespace mongoro::detail
