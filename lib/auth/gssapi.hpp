#pragma once

#include "auth/conversation.hpp"

#include <mongoro/options/credential.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::auth {

/// One security context of the GSS-API, as the SASL mechanism needs it. Its errors are
/// `authentication_failed` with the library's words.
class gss_context {
 public:
    using bytes = std::vector<std::uint8_t>;

    gss_context() = default;
    gss_context(const gss_context&) = delete;
    gss_context& operator=(const gss_context&) = delete;
    virtual ~gss_context() = default;

    /// Takes the peer's token, none the first time, and gives the next one; it may be empty.
    [[nodiscard]] virtual result<bytes> step(std::span<const std::uint8_t> token) = 0;
    /// Whether the peers know each other: no more steps.
    [[nodiscard]] virtual bool established() const noexcept = 0;
    [[nodiscard]] virtual result<bytes> unwrap(std::span<const std::uint8_t> message) = 0;
    /// Signed, and not encrypted.
    [[nodiscard]] virtual result<bytes> wrap(std::span<const std::uint8_t> message) = 0;
};

/// Makes the context of a login: called once, at its start, and may block as the context may.
using gss_context_maker = std::function<result<std::unique_ptr<gss_context>>()>;

/// Begins a login by GSSAPI (auth.md; RFC 4752) over a context: its tokens, and then the choice of
/// no security layer, with the user's name.
[[nodiscard]] std::unique_ptr<conversation> make_gssapi(const credential& who,
                                                        gss_context_maker make_context);

/// Whether the library was built with `-Dgssapi=enabled`.
[[nodiscard]] bool has_gssapi() noexcept;

/// A context of Kerberos for the service of that credential on `host`.
///
/// **It blocks.** libkrb5 reads its files, and asks DNS and the KDC by itself, in this call and in
/// `step()`. A ticket for the service that is in the credentials cache before (`kvno mongodb/host`)
/// spares the network. Any thread.
///
/// With a password the user's ticket is asked for here, else the credentials cache has it.
/// `SERVICE_NAME`, `SERVICE_HOST` and `SERVICE_REALM` name the service. `CANONICALIZE_HOST_NAME`:
/// `none` uses the host as it stands; with `forward` and `forwardAndReverse` libkrb5 makes the name
/// canonical, as its own configuration says (`dns_canonicalize_hostname`, `rdns`): the auth
/// specification allows to rely on it.
///
/// Errors: `not_supported` without the build option; `authentication_failed` with libkrb5's words.
[[nodiscard]] result<std::unique_ptr<gss_context>> make_kerberos_context(const credential& who,
                                                                         std::string_view host);

/// What `make_kerberos_context` calls the service: `mongodb/db.example.com@REALM` where it may not
/// be changed, `mongodb@db.example.com` where libkrb5 shall make it canonical.
struct service_principal {
    std::string name;
    bool host_based = false;  ///< to be made canonical
    std::string realm;        ///< to be put behind the canonical name; empty: as libkrb5 says
};
[[nodiscard]] service_principal service_principal_of(const credential& who, std::string_view host);

}  // namespace mongoro::auth
