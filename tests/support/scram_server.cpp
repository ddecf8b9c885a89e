#include "scram_server.hpp"

#include "auth/scram_keys.hpp"
#include "bson/json_scalar.hpp"

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/object_id.hpp>

#include <span>
#include <string_view>
#include <utility>

namespace mongoro::test {

namespace {

constexpr std::string_view salt_text = "W22ZaJ0SNY7soEsUEjb6gQ==";

std::string text_of(bson::value_view payload) {
    bson::binary_view bytes;
    if (payload.read(bytes) != errc{}) {
        return {};
    }
    return {reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()};
}

bson::document sasl_document(std::string_view payload, bool done) {
    const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(payload.data()),
                                              payload.size());
    bson::document out;
    out.append("conversationId", 1)
        .append("done", done)
        .append("payload", bson::binary_view{bson::binary_subtype::generic, bytes});
    return out;
}

bson::document with_ok(bson::document reply) {
    if (reply.empty()) {
        return op_msg_peer::error_document(18, "AuthenticationFailed", "Authentication failed.");
    }
    reply.append("ok", 1.0);
    return reply;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

scram_server::scram_server(auth_mechanism mechanism, std::string user, std::string password,
                           flaws f)
    : mechanism_(mechanism), user_(std::move(user)), flaws_(f) {
    password_ = mechanism == auth_mechanism::scram_sha_1
                    ? auth::mongodb_digest(user_, password).value()
                    : std::move(password);
}

bson::document scram_server::start(bson::document_view command, std::size_t connection) {
    const std::string first = text_of(command["payload"]);
    const std::string begins = "n,,n=" + user_ + ",r=";
    if (command["mechanism"].get_or<std::string_view>({}) != to_string(mechanism_) ||
        !first.starts_with(begins) ||
        !command["options"]["skipEmptyExchange"].get_or<bool>(false)) {
        return {};
    }
    const std::lock_guard lock(mutex_);
    auto& login = under_way_[connection];
    login = {};
    login.nonce = first.substr(begins.size()) + "the-server's-own";
    const std::string answer = "r=" + login.nonce + ",s=" + std::string(salt_text) +
                               ",i=" + std::to_string(flaws_.iterations);
    login.signed_text = first.substr(3) + "," + answer;
    return sasl_document(answer, false);
}

bson::document scram_server::go_on(bson::document_view command, std::size_t connection) {
    const std::lock_guard lock(mutex_);
    auto& login = under_way_[connection];
    const std::string last = text_of(command["payload"]);
    if (login.proved) {
        ++logins_;
        return last.empty() ? sasl_document("", true) : bson::document();
    }
    const auto proof_at = last.find(",p=");
    if (last.substr(0, proof_at) != "c=biws,r=" + login.nonce) {
        return {};
    }
    login.signed_text += "," + last.substr(0, proof_at);

    auth::scram_parameters parameters;
    parameters.iterations = flaws_.iterations;
    static_cast<void>(bson::detail::decode_base64(salt_text, parameters.salt));
    const auto keys = auth::derive_scram_keys(mechanism_, bytes_of(password_), parameters).value();
    const auto stored = auth::scram_digest(mechanism_, keys.client.view()).value();
    const auto signature = auth::scram_hmac(mechanism_, stored.view(), login.signed_text).value();
    std::vector<std::uint8_t> proof;
    if (!bson::detail::decode_base64(last.substr(proof_at + 3), proof) ||
        proof.size() != signature.size) {
        return {};
    }
    for (std::size_t i = 0; i < proof.size(); ++i) {
        proof[i] ^= signature.bytes[i];
    }
    const auto claimed = auth::scram_digest(mechanism_, proof).value();
    if (claimed.bytes != stored.bytes) {
        return {};
    }
    auto server = auth::scram_hmac(mechanism_, keys.server.view(), login.signed_text).value();
    server.bytes[0] ^= flaws_.wrong_signature ? 1 : 0;
    std::string answer = "v=";
    bson::detail::append_base64(answer, server.view());
    login.proved = true;
    logins_ += flaws_.ends_early ? 1 : 0;
    return sasl_document(answer, flaws_.ends_early);
}

void scram_server::serve(op_msg_peer& peer, bool speculates,
                         const std::vector<std::string>& mechanisms) {
    peer.always("hello",
                reply_script().answer([this, speculates, mechanisms](const received_command& c) {
                    auto hello = op_msg_peer::hello_document();
                    if (c.body["saslSupportedMechs"].exists() && !mechanisms.empty()) {
                        bson::array list;
                        for (const auto& name : mechanisms) {
                            list.append(name);
                        }
                        hello.append("saslSupportedMechs", list);
                    }
                    if (c.body["loadBalanced"].exists()) {
                        hello.append("serviceId", bson::object_id::generate());
                    }
                    bson::document_view first;
                    if (speculates && c.body["speculativeAuthenticate"].read(first) == errc{}) {
                        if (const auto begun = start(first, c.connection); !begun.empty()) {
                            hello.append("speculativeAuthenticate", begun);
                        }
                    }
                    return hello;
                }));
    peer.always("saslStart", reply_script().answer([this](const received_command& c) {
        return with_ok(start(c.body, c.connection));
    }));
    peer.always("saslContinue", reply_script().answer([this](const received_command& c) {
        return with_ok(go_on(c.body, c.connection));
    }));
}

int scram_server::logins() const {
    const std::lock_guard lock(mutex_);
    return logins_;
}

}  // namespace mongoro::test
