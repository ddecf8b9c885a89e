#include "auth/scram_keys.hpp"

#include "auth/sasl.hpp"
#include "bson/json_scalar.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using mongoro::auth_mechanism;
using namespace mongoro::auth;

namespace {

scram_parameters parameters_of(std::string_view salt, std::uint32_t iterations) {
    scram_parameters out;
    REQUIRE(mongoro::bson::detail::decode_base64(salt, out.salt));
    out.iterations = iterations;
    return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
    std::string text;
    mongoro::bson::detail::append_base64(text, bytes);
    return text;
}

/// The proof and the server's signature of an exchange.
std::pair<std::string, std::string> proofs(auth_mechanism mechanism, std::string_view salt,
                                           std::string_view signed_text) {
    const auto keys =
        derive_scram_keys(mechanism, bytes_of("pencil"), parameters_of(salt, 4096)).value();
    const auto stored = scram_digest(mechanism, keys.client.view()).value();
    const auto signature = scram_hmac(mechanism, stored.view(), signed_text).value();
    auto proof = keys.client;
    for (std::size_t i = 0; i < proof.size; ++i) {
        proof.bytes[i] ^= signature.bytes[i];
    }
    return {base64(proof.view()),
            base64(scram_hmac(mechanism, keys.server.view(), signed_text).value().view())};
}

}  // namespace

TEST_CASE("the examples of RFC 5802 and RFC 7677 come out") {
    const auto [proof1, server1] =
        proofs(auth_mechanism::scram_sha_1, "QSXCR+Q6sek8bf92",
               "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
               "s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j");
    CHECK(proof1 == "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    CHECK(server1 == "rmF9pqV8S7suAoZWja4dJRkFsKQ=");

    const auto [proof256, server256] =
        proofs(auth_mechanism::scram_sha_256, "W22ZaJ0SNY7soEsUEjb6gQ==",
               "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
               "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
               "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    CHECK(proof256 == "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    CHECK(server256 == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("SCRAM-SHA-1 takes MongoDB's digest for the password") {
    // md5("user:mongo:pencil")
    CHECK(mongodb_digest("user", "pencil").value() == "1c33006ec1ffd90f9cadcbcc0e118200");
}

TEST_CASE("the cache derives once for each mechanism, password, salt and number of iterations") {
    scram_cache cache;
    const auto first = parameters_of("QSXCR+Q6sek8bf92", 4096);
    const auto more = parameters_of("QSXCR+Q6sek8bf92", 4097);
    const auto other = parameters_of("W22ZaJ0SNY7soEsUEjb6gQ==", 4096);
    const auto get = [&](auth_mechanism m, std::string_view password, const scram_parameters& p) {
        return cache.find_or_derive(m, bytes_of(password), p).value();
    };
    const auto a = get(auth_mechanism::scram_sha_256, "x", first);
    CHECK(cache.derived() == 1);
    CHECK(get(auth_mechanism::scram_sha_256, "x", first).client.bytes == a.client.bytes);
    CHECK(cache.derived() == 1);
    CHECK(get(auth_mechanism::scram_sha_256, "y", first).client.bytes != a.client.bytes);
    CHECK(get(auth_mechanism::scram_sha_256, "x", more).client.bytes != a.client.bytes);
    CHECK(get(auth_mechanism::scram_sha_256, "x", other).client.bytes != a.client.bytes);
    CHECK(get(auth_mechanism::scram_sha_1, "x", first).client.size == 20);
    CHECK(cache.derived() == 5);
    // It is bounded: more of them push the oldest out, and nothing else.
    for (int i = 0; i < 8; ++i) {
        get(auth_mechanism::scram_sha_1, std::string(1, static_cast<char>('a' + i)), first);
    }
    CHECK(cache.derived() == 13);
    get(auth_mechanism::scram_sha_1, "h", first);
    CHECK(cache.derived() == 13);
    CHECK(get(auth_mechanism::scram_sha_256, "x", first).client.bytes == a.client.bytes);
    CHECK(cache.derived() == 14);
}
