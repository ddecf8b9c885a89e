#include "monitoring/redaction.hpp"

#include "monitoring/ascii.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace mongoro::monitoring {

namespace {

constexpr std::array<std::string_view, 9> sensitive_commands = {
    "authenticate", "saslStart",      "saslContinue",    "getnonce", "createUser",
    "updateUser",   "copydbgetnonce", "copydbsaslstart", "copydb",
};

bool is_any_of(std::string_view name, std::span<const std::string_view> names) noexcept {
    return std::any_of(names.begin(), names.end(),
                       [name](std::string_view one) { return same_word(name, one); });
}

}  // namespace

bool is_sensitive(std::string_view name, bson::document_view command) noexcept {
    constexpr std::array<std::string_view, 2> hellos = {"hello", "isMaster"};
    return is_any_of(name, sensitive_commands) ||
           (is_any_of(name, hellos) && command["speculativeAuthenticate"].exists());
}

error redacted(const error& e) {
    error::details d;
    d.code = e.code();
    d.message = e.message();
    d.server_code = e.server_code();
    d.server_code_name = e.server_code_name();
    d.labels.assign(e.labels().begin(), e.labels().end());
    if (const auto* const cause = e.cause()) {
        d.cause = redacted(*cause);
    }
    return error(std::move(d));
}

}  // namespace mongoro::monitoring
