#pragma once

#include <mongoro/options/credential.hpp>
#include <mongoro/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The arithmetic of SCRAM (RFC 5802, RFC 7677).
namespace mongoro::auth {

/// A digest, or a key as long as one; wiped when it goes.
struct scram_key {
    std::array<std::uint8_t, 32> bytes{};
    std::size_t size = 0;

    scram_key() noexcept = default;
    scram_key(const scram_key&) noexcept = default;
    scram_key& operator=(const scram_key&) noexcept = default;
    ~scram_key();

    [[nodiscard]] std::span<const std::uint8_t> view() const noexcept {
        return {bytes.data(), size};
    }
};

/// What a client needs of a password: enough to log in, and to know the server.
struct scram_keys {
    scram_key client;
    scram_key server;
};

/// What the server says of a user, and the driver's limits of it. The lower one is the auth
/// specification's; the upper one keeps a server from holding the reactor's thread for longer than
/// about a second a login.
struct scram_parameters {
    static constexpr std::uint32_t min_iterations = 4096;
    static constexpr std::uint32_t max_iterations = 2'000'000;

    std::vector<std::uint8_t> salt;
    std::uint32_t iterations = 0;
};

/// Only these two: `auth_mechanism::scram_sha_1` and `scram_sha_256`.
using scram_mechanism = auth_mechanism;

/// Hi() and the two keys of it. `password` is prepared. Costs `iterations` digests.
///
/// Errors: `authentication_failed`: this build of OpenSSL refuses the digest.
[[nodiscard]] result<scram_keys> derive_scram_keys(scram_mechanism mechanism,
                                                   std::span<const std::uint8_t> password,
                                                   const scram_parameters& parameters);

/// HMAC(key, text).
[[nodiscard]] result<scram_key> scram_hmac(scram_mechanism mechanism,
                                           std::span<const std::uint8_t> key,
                                           std::string_view text);
/// H(bytes).
[[nodiscard]] result<scram_key> scram_digest(scram_mechanism mechanism,
                                             std::span<const std::uint8_t> bytes);

/// HEX(MD5(user + ":mongo:" + password)): what SCRAM-SHA-1 takes for the password.
///
/// Errors: `authentication_failed`: this build of OpenSSL has no MD5 (FIPS).
[[nodiscard]] result<std::string> mongodb_digest(std::string_view user, std::string_view password);

/// The keys of the last passwords and salts: deriving them is slow on purpose, and every connection
/// of a client needs the same (auth.md, "Caching credentials in SCRAM"). Not thread-safe.
class scram_cache {
 public:
    /// The keys of this password, from the cache or derived.
    [[nodiscard]] result<scram_keys> find_or_derive(scram_mechanism mechanism,
                                                    std::span<const std::uint8_t> password,
                                                    const scram_parameters& parameters);
    /// How many were derived so far.
    [[nodiscard]] std::size_t derived() const noexcept { return derived_; }

 private:
    struct entry {
        scram_mechanism mechanism;
        scram_key password;  // its digest
        scram_parameters parameters;
        scram_keys keys;
    };
    // More than one: servers that are no replica set have salts of their own.
    static constexpr std::size_t most = 8;

    std::vector<entry> entries_;
    std::size_t next_ = 0;  // the one that goes when they are full
    std::size_t derived_ = 0;
};

}  // namespace mongoro::auth
