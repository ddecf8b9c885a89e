#include "auth/oidc_conversation.hpp"

#include "auth/payload.hpp"

#include <algorithm>

namespace mongoro::auth {

namespace {

constexpr std::string_view mechanism = "MONGODB-OIDC";

/// `{jwt: token}`, wiped afterwards.
class jwt_payload {
 public:
    explicit jwt_payload(const secret& token) : buffer_(token.text().size() + 32) {
        bson::writer payload(buffer_.bytes());
        payload.begin_document();
        payload.append_string("jwt", token.text());
        payload.end();
    }
    [[nodiscard]] std::span<const std::uint8_t> bytes() noexcept { return buffer_.bytes().bytes(); }

 private:
    secret_buffer buffer_;
};

result<void> expect_done(bson::document_view reply) {
    const auto answer = read_sasl_reply(reply);
    if (!answer) {
        return answer.error();
    }
    if (!answer->done) {
        return login_error("the server wants one more step");
    }
    return {};
}

bool same(char a, char b) noexcept {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(a) == lower(b);
}

}  // namespace

result<void> oidc_one_step::start(bson::writer& to) {
    append_sasl_start(to, mechanism, jwt_payload(*token_).bytes());
    return {};
}

result<bool> oidc_one_step::step(bson::document_view reply, bson::writer& /*to*/) {
    if (auto done = expect_done(reply); !done) {
        return done.error();
    }
    return true;
}

void oidc_two_step::start(const std::optional<std::string>& username, bson::writer& to) {
    bson::byte_buffer bytes;
    bson::writer payload(bytes);
    payload.begin_document();
    if (username) {
        payload.append_string("n", *username);
    }
    payload.end();
    append_sasl_start(to, mechanism, payload.view().bytes());
}

result<oidc_idp_info> oidc_two_step::idp_info(bson::document_view reply) {
    const auto answer = read_sasl_reply(reply);
    if (!answer) {
        return answer.error();
    }
    if (answer->done) {
        return login_error("the server is done before it has seen a token");
    }
    const auto document = payload_document(*answer);
    if (!document) {
        return document.error();
    }
    oidc_idp_info info;
    if ((*document)["issuer"].read(info.issuer) != errc{} || info.issuer.empty()) {
        return login_error("the server names no issuer of tokens");
    }
    info.client_id = (*document)["clientId"].get_or<std::optional<std::string>>({});
    for (const auto& scope : (*document)["requestScopes"].get_or<bson::array_view>({})) {
        std::string text;
        if (scope.value().read(text) != errc{}) {
            return login_error("the server asks for a scope that is no text");
        }
        info.request_scopes.push_back(std::move(text));
    }
    conversation_id_ = bson::value(answer->conversation_id);
    return info;
}

void oidc_two_step::proceed(const secret& token, bson::writer& to) {
    append_sasl_continue(to, conversation_id_, jwt_payload(token).bytes());
}

result<void> oidc_two_step::finish(bson::document_view reply) {
    return expect_done(reply);
}

bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed) {
    return std::ranges::any_of(allowed, [&](std::string_view pattern) {
        if (pattern.starts_with("*.")) {
            const auto suffix = pattern.substr(1);
            return host.size() > suffix.size() &&
                   std::ranges::equal(host.substr(host.size() - suffix.size()), suffix, same);
        }
        return std::ranges::equal(host, pattern, same);
    });
}

std::vector<std::string> default_allowed_hosts() {
    return {"*.mongodb.net",
            "*.mongodb-qa.net",
            "*.mongodb-dev.net",
            "*.mongodbgov.net",
            "localhost",
            "127.0.0.1",
            "::1",
            "*.mongo.com"};
}

}  // namespace mongoro::auth
