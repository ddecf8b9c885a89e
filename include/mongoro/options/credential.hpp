#pragma once

#include <mongoro/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro {

/// How a client proves who it is (auth specification).
enum class auth_mechanism : std::uint8_t {
    scram_sha_1,
    scram_sha_256,
    mongodb_x509,
    /// Kerberos, if the library was built with it. libkrb5 blocks while it reads its files and asks
    /// DNS and the KDC, so it does on a thread of its own, two for a new connection, and the
    /// reactor goes on. Where the client's time is up first, that thread ends when libkrb5 does, as
    /// `krb5.conf` says. A ticket for the service in the credentials cache (`kvno mongodb/host`
    /// gets one beforehand) spares the network. The cache is the process's (`KRB5CCNAME`), and not
    /// one that `gss_krb5_ccache_name()` has chosen for a thread; libkrb5 reads the environment,
    /// which must not be changed meanwhile.
    gssapi,
    plain,
    mongodb_aws,
    mongodb_oidc,
};

/// As it is called on the wire and in a connection string: `SCRAM-SHA-256`.
[[nodiscard]] std::string_view to_string(auth_mechanism mechanism) noexcept;
/// Nothing for a name that is none of the above; they are spelled in capitals.
[[nodiscard]] std::optional<auth_mechanism> auth_mechanism_from(std::string_view name) noexcept;

/// Who logs in, and how. It holds secrets: nothing but `password` and the property
/// `AWS_SESSION_TOKEN` does, and `to_string` shows neither.
struct credential {
    /// Not given: the mechanism finds out by itself (the subject of the certificate, the
    /// environment).
    std::optional<std::string> username = {};
    std::optional<std::string> password = {};
    /// The database that knows the user; `$external` for all but SCRAM and PLAIN.
    std::string source = {};
    /// Not given: SCRAM-SHA-256 if the server offers it for this user, else SCRAM-SHA-1.
    std::optional<auth_mechanism> mechanism = {};
    /// `authMechanismProperties`, in their order. The case of a name's letters does not matter; for
    /// GSSAPI always with a `SERVICE_NAME`. A `TOKEN_RESOURCE` of MONGODB-OIDC (with the
    /// `ENVIRONMENT` `azure` or `gcp`) may hold colons, and commas too, but not in a connection
    /// string.
    std::vector<std::pair<std::string, std::string>> properties = {};

    /// The value of a property, whatever the case of its name; null without it.
    [[nodiscard]] const std::string* property(std::string_view name) const noexcept;

    /// Whether a client can log in by it: with a password for SCRAM and PLAIN, with an
    /// `ENVIRONMENT` for MONGODB-OIDC, and without keys for MONGODB-AWS, whose come from the
    /// environment or from `client_options::aws_credential_provider`. `uri::parse` leaves that
    /// open; the rest of the rules holds for every credential that it gives, and is checked here
    /// too.
    ///
    /// Errors: `errc::invalid_argument` with the rule that is broken and no value.
    [[nodiscard]] result<void> check() const;

    /// For a log: `ada (SCRAM-SHA-256) on admin`, percent-encoded.
    [[nodiscard]] std::string to_string() const;
};

}  // namespace mongoro
