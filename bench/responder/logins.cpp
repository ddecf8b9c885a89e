#include "responder/logins.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "common/bson_bytes.hpp"
#include "common/op_msg.hpp"
#include "responder/elements.hpp"
#include "responder/hello.hpp"

namespace bench {

struct logins::state {
    const keys* with = nullptr;
    std::string nonce;
    /// What both sides sign, as far as it has come.
    std::string text;
    bool skips_end = false;
    bool proved = false;
};

void logins::state_deleter::operator()(state* gone) const {
    delete gone;
}

namespace {

using digest = std::array<unsigned char, 32>;

digest hmac(const digest& key, std::string_view text) {
    digest made{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), made.data(), nullptr);
    return made;
}

digest hash(const digest& of) {
    digest made{};
    EVP_Digest(of.data(), of.size(), made.data(), nullptr, EVP_sha256(), nullptr);
    return made;
}

std::string base64(const unsigned char* from, std::size_t size) {
    std::string made((size + 2) / 3 * 4 + 1, '\0');
    made.resize(static_cast<std::size_t>(EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(made.data()), from, static_cast<int>(size))));
    return made;
}

/// Of 32 bytes; false where it is not that.
bool from_base64(std::string_view text, digest& into) {
    std::array<unsigned char, 33> room{};
    if (text.size() != 44 ||
        EVP_DecodeBlock(room.data(), reinterpret_cast<const unsigned char*>(text.data()), 44) !=
            33) {
        return false;
    }
    std::copy_n(room.begin(), into.size(), into.begin());
    return true;
}

std::string sasl_document(std::string_view payload, bool done, bool whole) {
    bson_out out;
    out.open().int32("conversationId", 1).boolean("done", done).binary("payload", '\0', payload);
    return (whole ? out.real("ok", 1.0) : out).close().take();
}

std::string refused() {
    bson_out out;
    out.open().real("ok", 0.0).string("errmsg", "Authentication failed.").int32("code", 18);
    return out.string("codeName", "AuthenticationFailed").close().take();
}

}  // namespace

/// What a command of a login says.
struct logins::said {
    std::string_view payload;
    bool scram = false;
    bool skips_end = false;
};

logins::said logins::read(std::string_view document) {
    said found;
    elements all(document);
    element one;
    while (all.next(one)) {
        if (one.key == "payload") {
            found.payload = bytes(one);
        } else if (one.key == "mechanism") {
            found.scram = text(one) == "SCRAM-SHA-256";
        } else if (one.key == "options" && one.type == 3) {
            elements options(one.value);
            element option;
            while (options.next(option)) {
                found.skips_end |= option.key == "skipEmptyExchange" && option.value == "\1";
            }
        }
    }
    return found;
}

logins::logins(std::string user, std::string_view password, std::size_t salts)
    : user_(std::move(user)) {
    for (std::size_t at = 0; at < salts; ++at) {
        std::array<unsigned char, 28> salt{};
        salt[0] = static_cast<unsigned char>(at);
        salt[1] = static_cast<unsigned char>(at >> 8U);
        digest salted{};
        if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                              static_cast<int>(salt.size()), iterations, EVP_sha256(),
                              static_cast<int>(salted.size()), salted.data()) != 1) {
            std::fprintf(stderr, "bench-responder: PBKDF2\n");
            std::exit(1);
        }
        keys_.push_back({base64(salt.data(), salt.size()), hash(hmac(salted, "Client Key")),
                         hmac(salted, "Server Key")});
    }
}

std::optional<std::string> logins::answer(const request& asked, bool mongos, state_ptr& of) {
    std::string document;
    if (is_hello(asked.command)) {
        document = hello(asked, mongos, of);
    } else if (asked.command == "saslStart") {
        const said begun = read(asked.body);
        const std::string payload = start(begun, of);
        document = payload.empty() ? refused() : sasl_document(payload, false, true);
    } else if (asked.command == "saslContinue") {
        document = go_on(read(asked.body), of);
    } else {
        return std::nullopt;
    }
    return asked.legacy ? make_op_reply(document) : make_op_msg(document);
}

std::string logins::hello(const request& asked, bool mongos, state_ptr& of) {
    hello_facts facts;
    facts.legacy_name = asked.command != "hello";
    facts.mongos = mongos;
    std::string begun;
    elements all(asked.body);
    element one;
    while (all.next(one)) {
        if (one.key == "saslSupportedMechs") {
            facts.mechanisms = true;
        } else if (one.key == "speculativeAuthenticate" && one.type == 3) {
            const std::string payload = start(read(one.value), of);
            begun = payload.empty() ? std::string() : sasl_document(payload, false, false);
            facts.login = begun;
        }
    }
    return hello_document(facts);
}

std::string logins::start(const said& first, state_ptr& of) {
    const std::string begins = "n,,n=" + user_ + ",r=";
    if (!first.scram || !first.payload.starts_with(begins)) {
        return {};
    }
    of.reset(new state);
    of->with = &keys_[next_];
    next_ = (next_ + 1) % keys_.size();
    of->skips_end = first.skips_end;
    of->nonce = std::string(first.payload.substr(begins.size())) + "bench-responder";
    std::string answer = "r=" + of->nonce + ",s=" + of->with->salt;
    answer += ",i=" + std::to_string(iterations);
    of->text = std::string(first.payload.substr(3)) + ',' + answer;
    return answer;
}

std::string logins::go_on(const said& next, state_ptr& of) {
    if (of == nullptr) {
        return refused();
    }
    if (of->proved) {
        of.reset();
        ++done;
        return sasl_document({}, true, true);
    }
    const std::size_t proof_at = next.payload.find(",p=");
    digest proof{};
    if (proof_at == std::string_view::npos ||
        next.payload.substr(0, proof_at) != "c=biws,r=" + of->nonce ||
        !from_base64(next.payload.substr(proof_at + 3), proof)) {
        return refused();
    }
    of->text += ',';
    of->text += next.payload.substr(0, proof_at);
    const digest signature = hmac(of->with->stored, of->text);
    for (std::size_t at = 0; at < proof.size(); ++at) {
        proof[at] ^= signature[at];
    }
    if (hash(proof) != of->with->stored) {
        return refused();
    }
    const digest own = hmac(of->with->server, of->text);
    const std::string answer = "v=" + base64(own.data(), own.size());
    of->proved = true;
    const bool over = of->skips_end;
    if (over) {
        of.reset();
        ++done;
    }
    return sasl_document(answer, over, true);
}

}  // namespace bench
