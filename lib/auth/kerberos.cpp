#include "auth/gssapi.hpp"
#include "auth/sasl.hpp"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include <string>
#include <utility>

namespace mongoro::auth {

namespace {

gss_OID kerberos() noexcept {
    return const_cast<gss_OID>(gss_mech_krb5);  // NOLINT: the API takes no const
}

/// Memory that the library allocated.
struct owned_buffer {
    gss_buffer_desc value = GSS_C_EMPTY_BUFFER;
    owned_buffer() = default;
    owned_buffer(const owned_buffer&) = delete;
    owned_buffer& operator=(const owned_buffer&) = delete;
    ~owned_buffer() {
        OM_uint32 minor = 0;
        gss_release_buffer(&minor, &value);
    }
    [[nodiscard]] gss_context::bytes copy() const {
        const auto* const data = static_cast<const std::uint8_t*>(value.value);
        return {data, data + value.length};
    }
    [[nodiscard]] std::string text() const {
        return {static_cast<const char*>(value.value), value.length};
    }
};

struct owned_name {
    gss_name_t value = GSS_C_NO_NAME;
    owned_name() = default;
    owned_name(const owned_name&) = delete;
    owned_name& operator=(const owned_name&) = delete;
    ~owned_name() {
        OM_uint32 minor = 0;
        gss_release_name(&minor, &value);
    }
};

/// A view of bytes for a call that only reads them.
gss_buffer_desc borrowed(std::span<const std::uint8_t> bytes) noexcept {
    return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())};  // NOLINT: the API's
}
gss_buffer_desc borrowed(const std::string& text) noexcept {
    return borrowed(bytes_of(text));
}

void append_status(std::string& to, OM_uint32 status, int kind) {
    OM_uint32 context = 0;
    do {
        owned_buffer text;
        OM_uint32 minor = 0;
        if (GSS_ERROR(
                gss_display_status(&minor, status, kind, kerberos(), &context, &text.value))) {
            return;
        }
        to += (to.empty() ? "" : "; ") + text.text();
    } while (context != 0);
}

error failed(std::string_view doing, OM_uint32 major, OM_uint32 minor) {
    std::string said;
    append_status(said, major, GSS_C_GSS_CODE);
    if (minor != 0) {
        append_status(said, minor, GSS_C_MECH_CODE);
    }
    return login_error("Kerberos, " + std::string(doing) + ": " + said);
}

class kerberos_context final : public gss_context {
 public:
    kerberos_context() = default;
    ~kerberos_context() override {
        OM_uint32 minor = 0;
        if (context_ != GSS_C_NO_CONTEXT) {
            gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
        }
        if (credentials_ != GSS_C_NO_CREDENTIAL) {
            gss_release_cred(&minor, &credentials_);
        }
    }

    [[nodiscard]] error prepare(const credential& who, std::string_view host) {
        if (auto bad = name_service(service_principal_of(who, host))) {
            return bad;
        }
        return acquire(who);
    }

    [[nodiscard]] result<bytes> step(std::span<const std::uint8_t> token) override {
        gss_buffer_desc input = borrowed(token);
        owned_buffer output;
        OM_uint32 minor = 0;
        const OM_uint32 major = gss_init_sec_context(
            &minor, credentials_, &context_, service_.value, kerberos(),
            GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS,
            token.empty() ? GSS_C_NO_BUFFER : &input, nullptr, &output.value, nullptr, nullptr);
        if (GSS_ERROR(major)) {
            return failed("a ticket for " + asked_for_, major, minor);
        }
        established_ = major == GSS_S_COMPLETE;
        return output.copy();
    }
    [[nodiscard]] bool established() const noexcept override { return established_; }

    [[nodiscard]] result<bytes> unwrap(std::span<const std::uint8_t> message) override {
        gss_buffer_desc input = borrowed(message);
        owned_buffer output;
        OM_uint32 minor = 0;
        const OM_uint32 major =
            gss_unwrap(&minor, context_, &input, &output.value, nullptr, nullptr);
        if (GSS_ERROR(major)) {
            return failed("reading the server's offer", major, minor);
        }
        return output.copy();
    }
    [[nodiscard]] result<bytes> wrap(std::span<const std::uint8_t> message) override {
        gss_buffer_desc input = borrowed(message);
        owned_buffer output;
        OM_uint32 minor = 0;
        const OM_uint32 major =
            gss_wrap(&minor, context_, 0, GSS_C_QOP_DEFAULT, &input, nullptr, &output.value);
        if (GSS_ERROR(major)) {
            return failed("answering the server's offer", major, minor);
        }
        return output.copy();
    }

 private:
    [[nodiscard]] error name_service(const service_principal& service) {
        std::string name = service.name;
        OM_uint32 minor = 0;
        if (service.host_based && !service.realm.empty()) {
            // The canonical name, with another realm than the library would choose.
            auto canonical = canonical_name(name);
            if (!canonical) {
                return canonical.error();
            }
            name = canonical->substr(0, canonical->rfind('@')) + '@' + service.realm;
        }
        const bool host_based = service.host_based && service.realm.empty();
        asked_for_ = name;
        gss_buffer_desc text = borrowed(name);
        const OM_uint32 major = gss_import_name(
            &minor, &text, host_based ? GSS_C_NT_HOSTBASED_SERVICE : principal_name_type(),
            &service_.value);
        return GSS_ERROR(major) ? failed("naming the service", major, minor) : error();
    }

    [[nodiscard]] static gss_OID principal_name_type() noexcept {
        return const_cast<gss_OID>(GSS_KRB5_NT_PRINCIPAL_NAME);  // NOLINT: the API's
    }

    static result<std::string> canonical_name(const std::string& name) {
        OM_uint32 minor = 0;
        owned_name given;
        owned_name canonical;
        owned_buffer shown;
        gss_buffer_desc text = borrowed(name);
        OM_uint32 major = gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &given.value);
        if (!GSS_ERROR(major)) {
            major = gss_canonicalize_name(&minor, given.value, kerberos(), &canonical.value);
        }
        if (!GSS_ERROR(major)) {
            major = gss_display_name(&minor, canonical.value, &shown.value, nullptr);
        }
        if (GSS_ERROR(major)) {
            return failed("making the host's name canonical", major, minor);
        }
        return shown.text();
    }

    [[nodiscard]] error acquire(const credential& who) {
        OM_uint32 minor = 0;
        owned_name user;
        const std::string name = who.username.value_or("");
        gss_buffer_desc text = borrowed(name);
        OM_uint32 major = gss_import_name(&minor, &text, GSS_C_NT_USER_NAME, &user.value);
        if (GSS_ERROR(major)) {
            return failed("naming the user", major, minor);
        }
        gss_OID_set_desc mechanisms{1, kerberos()};
        if (who.password) {
            gss_buffer_desc password = borrowed(*who.password);
            major = gss_acquire_cred_with_password(&minor, user.value, &password, GSS_C_INDEFINITE,
                                                   &mechanisms, GSS_C_INITIATE, &credentials_,
                                                   nullptr, nullptr);
        } else {
            major = gss_acquire_cred(&minor, user.value, GSS_C_INDEFINITE, &mechanisms,
                                     GSS_C_INITIATE, &credentials_, nullptr, nullptr);
        }
        return GSS_ERROR(major) ? failed("acquiring the user's credentials", major, minor)
                                : error();
    }

    gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
    gss_cred_id_t credentials_ = GSS_C_NO_CREDENTIAL;
    owned_name service_;
    std::string asked_for_;  // the service's name, for errors
    bool established_ = false;
};

}  // namespace

bool has_gssapi() noexcept {
    return true;
}

result<std::unique_ptr<gss_context>> make_kerberos_context(const credential& who,
                                                           std::string_view host) {
    auto context = std::make_unique<kerberos_context>();
    if (auto bad = context->prepare(who, host)) {
        return bad;
    }
    return std::unique_ptr<gss_context>(std::move(context));
}

}  // namespace mongoro::auth
