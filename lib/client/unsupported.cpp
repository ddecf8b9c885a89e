#include "client/unsupported.hpp"

#include "auth/gssapi.hpp"

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

template <auth_mechanism Mechanism>
bool logs_in_by(const uri& where) noexcept {
    return where.credential() != nullptr && where.credential()->mechanism == Mechanism;
}

struct row {
    std::string_view what;
    bool (*asked_for)(const uri& where);
};

// A feature that gets built takes its row away.
constexpr std::array<row, 3> rows{{
    // By the library's build.
    {"GSSAPI",
     [](const uri& u) { return !auth::has_gssapi() && logs_in_by<auth_mechanism::gssapi>(u); }},
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
