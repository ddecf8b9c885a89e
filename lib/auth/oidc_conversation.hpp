#pragma once

#include "auth/conversation.hpp"
#include "auth/wipe.hpp"

#include <mongoro/bson/value.hpp>
#include <mongoro/options/oidc.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mongoro::auth {

/// An access token, shared by the cache of a client and the connections that logged in with it.
using oidc_token = std::shared_ptr<const secret>;

/// MONGODB-OIDC with a token that is there (auth specification, "One-Step").
class oidc_one_step final : public conversation {
 public:
    explicit oidc_one_step(oidc_token token) noexcept : token_(std::move(token)) {}

    [[nodiscard]] std::string_view database() const noexcept override { return "$external"; }
    [[nodiscard]] bool speculative() const noexcept override { return true; }
    [[nodiscard]] result<void> start(bson::writer& to) override;
    [[nodiscard]] result<bool> step(bson::document_view reply, bson::writer& to) override;

 private:
    oidc_token token_;
};

/// MONGODB-OIDC where the server says first whom to ask for a token (auth specification,
/// "Two-Step"). Not a `conversation`: between its steps somebody gets that token.
///
/// `start()`, `idp_info()` of its reply, `proceed()`, `finish()` of that reply.
class oidc_two_step {
 public:
    /// The user that the server is to choose a provider for, if there is a name.
    void start(const std::optional<std::string>& username, bson::writer& to);
    /// Errors: `authentication_failed`.
    [[nodiscard]] result<oidc_idp_info> idp_info(bson::document_view reply);
    void proceed(const secret& token, bson::writer& to);
    /// Errors: `authentication_failed`.
    [[nodiscard]] static result<void> finish(bson::document_view reply);

 private:
    bson::value conversation_id_;
};

/// Whether `host` is one of `allowed`: the same without regard to case, or below the domain of one
/// that begins with "*.". It has no port and no brackets.
[[nodiscard]] bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed);

/// The specification's own list.
[[nodiscard]] std::vector<std::string> default_allowed_hosts();

}  // namespace mongoro::auth
