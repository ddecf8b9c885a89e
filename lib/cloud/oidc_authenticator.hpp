#pragma once

#include "auth/oidc_conversation.hpp"
#include "cloud/environment.hpp"
#include "cloud/login_channel.hpp"
#include "cloud/oidc_services.hpp"
#include "io/wait_queue.hpp"

#include <mongoro/deadline.hpp>
#include <mongoro/options/credential.hpp>
#include <mongoro/options/oidc.hpp>
#include <mongoro/result.hpp>
#include <mongoro/task.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::cloud {

/// Where a client's access tokens come from.
struct oidc_settings {
    std::optional<std::string> username = {};
    oidc_environment integration = oidc_environment::none;
    std::string resource = {};
    oidc_callback callback = {};
    oidc_callback human_callback = {};
    std::vector<std::string> allowed_hosts = auth::default_allowed_hosts();

    /// Puts a credential and the program's options together.
    ///
    /// Errors: `invalid_argument`: nothing gives a token; two things do; `allowed_hosts` without
    /// `human_callback`.
    [[nodiscard]] static result<oidc_settings> make(const credential& who,
                                                    const oidc_options* options);
};

/// How long a program's callback has: a minute from when it is called, at most.
struct callback_time {
    enum class bound : bool {
        of_task,  ///< until the awaiting task's deadline, and `until`
        own,      ///< the minute alone
    };
    bound of = bound::of_task;
    deadline until = deadline::never();
    /// The deadline of who wants the login, where the awaiting task has an earlier one (a
    /// connection has its own time to open); not given: it is the task's.
    std::optional<deadline> wanted_by = std::nullopt;
};

/// Logs the connections of one client in by MONGODB-OIDC, and keeps its tokens (auth specification,
/// "Credential Caching"). On the reactor's thread; outlives its tasks.
///
/// A token is asked for by one connection at a time, the others wait for it and use the same; no
/// two connections wait for each other while they talk to their servers.
class oidc_authenticator {
 public:
    oidc_authenticator(environment in, oidc_settings settings);
    oidc_authenticator(const oidc_authenticator&) = delete;
    oidc_authenticator& operator=(const oidc_authenticator&) = delete;
    ~oidc_authenticator() = default;

    /// The conversation that may ride on the hello of a new connection to `host`, if there is a
    /// token; `used` becomes that token. Null otherwise, and for a host that is not allowed. If it
    /// does not succeed nothing is forgotten: `log_in` is next.
    [[nodiscard]] std::unique_ptr<auth::conversation> speculate(std::string_view host,
                                                                auth::oidc_token& used);

    /// Logs a connection to `host` (without its port) in; `used` becomes the token that it has
    /// logged in with. A token that was there and is refused (error 18) is forgotten, and a new one
    /// asked for.
    ///
    /// A program's callback has as long as `time` says, a person five minutes from when the
    /// callback is called. Where that is not the awaiting task's time, the task's deadline does not
    /// end the wait for other connections' callbacks either, and the login goes on with what was
    /// left of it.
    ///
    /// Errors: `authentication_failed`: a host that is not allowed (nobody is asked then), or no
    /// token, with its cause, also if the task's deadline ends a callback before `wanted_by`; the
    /// server's, with its code; those of the channel and of the awaiting task. The arguments
    /// outlive the task.
    [[nodiscard]] task<result<void>> log_in(login_channel& channel, std::string_view host,
                                            auth::oidc_token& used, callback_time time = {});

    /// After the server's error 391 on a connection: forgets `used`, unless another connection has
    /// a newer token by now, and logs in again. No hello is sent. As `log_in` otherwise.
    [[nodiscard]] task<result<void>> reauthenticate(login_channel& channel, std::string_view host,
                                                    auth::oidc_token& used);

    /// Forgets a token if it is the one that is kept.
    void invalidate(const auth::oidc_token& token) noexcept;

    [[nodiscard]] const auth::oidc_token& token() const noexcept { return token_; }
    void set_token(auth::oidc_token token) noexcept { token_ = std::move(token); }

 private:
    using clock = deadline::clock;
    class turn;

    struct acquired {
        acquired(auth::oidc_token t, bool was_there) noexcept
            : token(std::move(t)), kept(was_there) {}
        auth::oidc_token token;
        bool kept;  // it was there already
    };

    [[nodiscard]] bool is_human() const noexcept {
        return static_cast<bool>(settings_.human_callback);
    }
    [[nodiscard]] bool is_allowed(std::string_view host) const;
    [[nodiscard]] task<result<void>> log_in_program(login_channel& channel, auth::oidc_token& used,
                                                    callback_time time);
    [[nodiscard]] task<result<void>> log_in_person(login_channel& channel, auth::oidc_token& used);
    [[nodiscard]] task<result<void>> two_steps(login_channel& channel, auth::oidc_token& used);
    [[nodiscard]] task<result<acquired>> acquire(const oidc_idp_info* provider,
                                                 const auth::secret* refresh, callback_time time);
    [[nodiscard]] task<result<oidc_tokens>> ask(const oidc_idp_info* provider,
                                                const auth::secret* refresh);
    [[nodiscard]] task<result<acquired>> ask_in_turn(const oidc_idp_info* provider,
                                                     const auth::secret* refresh);
    [[nodiscard]] result<void> keep(oidc_tokens& tokens, const oidc_idp_info* provider);

    environment environment_;
    oidc_settings settings_;
    auth::oidc_token token_;
    std::shared_ptr<const auth::secret> refresh_token_;
    std::optional<oidc_idp_info> provider_;
    bool asking_ = false;  // a connection has the turn
    io::wait_queue turns_;
    std::optional<clock::time_point> last_call_;
};

}  // namespace mongoro::cloud
