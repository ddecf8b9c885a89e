#include "auth/scram_keys.hpp"

#include "auth/wipe.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <climits>

namespace mongoro::auth {

namespace {

const EVP_MD* digest_of(scram_mechanism mechanism) noexcept {
    return mechanism == auth_mechanism::scram_sha_1 ? EVP_sha1() : EVP_sha256();
}

error no_digest(std::string_view which) {
    return {errc::authentication_failed,
            "OpenSSL refuses " + std::string(which) + ", which the mechanism needs"};
}

}  // namespace

scram_key::~scram_key() {
    wipe(bytes.data(), bytes.size());
}

result<scram_key> scram_hmac(scram_mechanism mechanism, std::span<const std::uint8_t> key,
                             std::string_view text) {
    scram_key out;
    unsigned size = 0;
    if (key.size() > INT_MAX || HMAC(digest_of(mechanism), key.data(), static_cast<int>(key.size()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size(), out.bytes.data(), &size) == nullptr) {
        return no_digest("an HMAC");
    }
    out.size = size;
    return out;
}

result<scram_key> scram_digest(scram_mechanism mechanism, std::span<const std::uint8_t> bytes) {
    scram_key out;
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), out.bytes.data(), &size, digest_of(mechanism),
                   nullptr) != 1) {
        return no_digest("a digest");
    }
    out.size = size;
    return out;
}

result<scram_keys> derive_scram_keys(scram_mechanism mechanism,
                                     std::span<const std::uint8_t> password,
                                     const scram_parameters& parameters) {
    scram_key salted;
    salted.size = static_cast<std::size_t>(EVP_MD_get_size(digest_of(mechanism)));
    if (password.size() > INT_MAX || parameters.salt.size() > INT_MAX ||
        PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()),
                          static_cast<int>(password.size()), parameters.salt.data(),
                          static_cast<int>(parameters.salt.size()),
                          static_cast<int>(parameters.iterations), digest_of(mechanism),
                          static_cast<int>(salted.size), salted.bytes.data()) != 1) {
        return no_digest("PBKDF2");
    }
    auto client = scram_hmac(mechanism, salted.view(), "Client Key");
    auto server = scram_hmac(mechanism, salted.view(), "Server Key");
    if (!client || !server) {
        return no_digest("an HMAC");
    }
    return scram_keys{*client, *server};
}

result<std::string> mongodb_digest(std::string_view user, std::string_view password) {
    secret joined;
    joined.text().reserve(user.size() + 7 + password.size());
    joined.text().append(user).append(":mongo:").append(password);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(joined.text().data(), joined.text().size(), digest.data(), &size, EVP_md5(),
                   nullptr) != 1) {
        return no_digest("MD5");
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(std::size_t{size} * 2);
    for (unsigned i = 0; i < size; ++i) {
        hex += digits[digest[i] >> 4U];
        hex += digits[digest[i] & 15U];
    }
    wipe(digest.data(), digest.size());
    return hex;
}

result<scram_keys> scram_cache::find_or_derive(scram_mechanism mechanism,
                                               std::span<const std::uint8_t> password,
                                               const scram_parameters& parameters) {
    // The password itself need not be kept, only told apart from others.
    auto digest = scram_digest(auth_mechanism::scram_sha_256, password);
    if (!digest) {
        return digest.error();
    }
    const auto found = std::ranges::find_if(entries_, [&](const entry& e) {
        return e.mechanism == mechanism && e.parameters.iterations == parameters.iterations &&
               e.parameters.salt == parameters.salt && e.password.bytes == digest->bytes;
    });
    if (found != entries_.end()) {
        return found->keys;
    }
    auto keys = derive_scram_keys(mechanism, password, parameters);
    if (!keys) {
        return keys;
    }
    ++derived_;
    entry made{mechanism, *digest, parameters, *keys};
    if (entries_.size() < most) {
        entries_.reserve(most);  // so that no key is left in memory that was given back
        entries_.push_back(made);
    } else {
        entries_[next_] = made;
        next_ = (next_ + 1) % most;
    }
    return keys;
}

}  // namespace mongoro::auth
