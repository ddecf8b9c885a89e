#pragma once

#include "cloud_support.hpp"

#include "cloud/login_channel.hpp"

#include <mongoro/bson/document.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mongoro::test {

/// A server that logs in whoever has one of its tokens: at the other end of a channel, without a
/// network between. It takes a turn of the loop for each command.
class oidc_server final : public cloud::login_channel {
 public:
    explicit oidc_server(reactor& r) : reactor_(r) {}

    [[nodiscard]] task<result<detail::reply>> run(std::string_view database,
                                                  bson::document_view fields) override;

    std::set<std::string> tokens = {"good"};
    /// The provider that it names; without `issuer` it is one that cannot be.
    document provider;
    /// How long it takes over a token.
    std::chrono::milliseconds slow{0};
    /// Called with each command before it is answered; an error it gives is the answer.
    std::function<error(const std::string&)> before;
    /// What it was sent: "jwt <token>", "principal <name>", "continue <token>".
    std::vector<std::string> log;

 private:
    reactor& reactor_;
};

/// As the server says that it does not know a token.
[[nodiscard]] error server_error(int code);

}  // namespace mongoro::test
