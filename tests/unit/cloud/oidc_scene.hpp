#pragma once

#include "oidc_server.hpp"

#include "cloud/oidc_authenticator.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/sleep_for.hpp>
#include <mongoro/with_deadline.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::test {

using namespace mongoro::cloud;

inline credential nobody() {
    credential who;
    who.mechanism = auth_mechanism::mongodb_oidc;
    who.source = "$external";
    return who;
}

struct callback_call {
    oidc_callback_context told;
    deadline::clock::time_point when = deadline::clock::now();
};

/// A client's authenticator with a callback that gives these tokens, the last one again and again.
struct oidc_scene {
    oidc_scene(reactor& on, std::vector<oidc_tokens> tokens, const oidc_options& options = {})
        : r(on), w(on), given(std::move(tokens)), server(on), authenticator(make(options)) {
        server.provider = {{"issuer", "https://issuer"}, {"clientId", "id"}};
    }

    oidc_settings settings(const oidc_options& options) {
        oidc_options mine = options;
        const auto callback = [this](const oidc_callback_context& context) {
            return answer(context);
        };
        (person ? mine.human_callback : mine.callback) = callback;
        auto who = nobody();
        who.username = username;
        return oidc_settings::make(who, &mine).value();
    }
    std::unique_ptr<oidc_authenticator> make(const oidc_options& options) {
        return std::make_unique<oidc_authenticator>(w.surroundings(), settings(options));
    }
    /// From now on the callback is a person's.
    oidc_scene& ask_person(const oidc_options& options = {}) {
        person = true;
        authenticator = make(options);
        return *this;
    }
    task<result<oidc_tokens>> answer(const oidc_callback_context& context) {
        calls.push_back({context});
        const auto i = std::min(calls.size(), given.size()) - 1;
        if (delay.count() != 0) {
            const auto slept = co_await as_result(sleep_for(delay));
            if (!slept) {
                co_return slept.error();
            }
        }
        co_return given[i];
    }

    error log_in(std::string_view host = "localhost") {
        return sync_wait(r, authenticator->log_in(server, host, used)).error();
    }
    error reauthenticate() {
        return sync_wait(r, authenticator->reauthenticate(server, "localhost", used)).error();
    }
    /// The token that the client keeps, or nothing.
    [[nodiscard]] std::string kept() const {
        return authenticator->token() ? authenticator->token()->text() : "";
    }
    void keep(std::string token) {
        authenticator->set_token(std::make_shared<const auth::secret>(std::move(token)));
    }

    reactor& r;
    world w;
    std::vector<oidc_tokens> given;
    std::chrono::milliseconds delay{0};
    bool person = false;
    std::optional<std::string> username;
    std::vector<callback_call> calls;
    oidc_server server;
    std::unique_ptr<oidc_authenticator> authenticator;
    auth::oidc_token used;
};

inline oidc_tokens token(std::string access, std::optional<std::string> refresh = std::nullopt) {
    return {.access_token = std::move(access), .refresh_token = std::move(refresh)};
}

constexpr callback_time own_time{.of = callback_time::bound::own};

}  // namespace mongoro::test
