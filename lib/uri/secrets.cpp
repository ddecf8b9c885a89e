#include "uri/secrets.hpp"

#include "uri/wipe.hpp"

namespace mongoro::detail {

namespace {

void wipe_if(std::optional<std::string>& text) noexcept {
    if (text) {
        wipe(*text);
    }
}

}  // namespace

void wipe_secrets(credential& who) noexcept {
    wipe_if(who.password);
    wipe_secrets(who.properties);
}

void wipe_secrets(uri_options& options) noexcept {
    wipe_if(options.tls.certificate_key_file_password);
    wipe_if(options.proxy.password);
}

void wipe_secrets(uri_parts& parts) noexcept {
    wipe_if(parts.password);
}

void wipe_secrets(option_values& values) noexcept {
    wipe_secrets(values.options);
    if (values.auth_properties) {
        wipe_secrets(*values.auth_properties);
    }
}

void wipe_secrets(option_pairs& pairs) noexcept {
    for (auto& [name, value] : pairs) {
        wipe(value);
    }
}

}  // namespace mongoro::detail
