#include "cloud/oidc_authenticator.hpp"

#include "cloud/call_user.hpp"
#include "cloud/command_body.hpp"
#include "cloud/failure.hpp"
#include "io/sleep.hpp"

#include <mongoro/with_deadline.hpp>

#include <utility>

namespace mongoro::cloud {

namespace {

using namespace std::chrono_literals;
using auth::oidc_token;

constexpr auto between_calls = 100ms;
constexpr std::chrono::minutes program_bound{1};
constexpr std::chrono::minutes person_bound{5};
constexpr callback_time own_time{.of = callback_time::bound::own};
constexpr int server_refused = 18;  // AuthenticationFailed

constexpr std::string_view database = "$external";

bool is_refused(const result<void>& done) noexcept {
    return !done && done.error().server_code() == server_refused;
}

task<result<void>> one_step(login_channel& channel, oidc_token token) {
    auth::oidc_one_step conversation(std::move(token));
    co_return co_await run_conversation(channel, conversation);
}

/// Awaits `work` without the awaiting task's deadline: its stop alone is kept.
template <typename T>
task<T> without_deadline(task<T> work) {
    detail::task_context mine = co_await detail::this_context{};
    mine.until = deadline::never();
    co_await detail::use_context{&mine};
    co_return co_await std::move(work);
}

}  // namespace

result<oidc_settings> oidc_settings::make(const credential& who, const oidc_options* options) {
    const oidc_options given = options != nullptr ? *options : oidc_options();
    const auto wrong = [](const char* what) { return error(errc::invalid_argument, what); };
    const auto* const name = who.property("ENVIRONMENT");
    const bool program = static_cast<bool>(given.callback);
    const bool person = static_cast<bool>(given.human_callback);
    if (program && person) {
        return wrong("MONGODB-OIDC takes a callback or a human_callback, not both");
    }
    if (name != nullptr && (program || person)) {
        return wrong("MONGODB-OIDC takes an ENVIRONMENT or a callback, not both");
    }
    if (name == nullptr && !program && !person) {
        return wrong("MONGODB-OIDC needs an ENVIRONMENT or a callback");
    }
    if (given.allowed_hosts && !person) {
        return wrong("allowed_hosts of MONGODB-OIDC needs a human_callback");
    }
    oidc_settings settings;
    settings.username = who.username;
    settings.callback = given.callback;
    settings.human_callback = given.human_callback;
    if (given.allowed_hosts) {
        settings.allowed_hosts = *given.allowed_hosts;
    }
    if (name != nullptr) {
        settings.integration = oidc_environment_from(*name);
    }
    if (const auto* const resource = who.property("TOKEN_RESOURCE")) {
        settings.resource = *resource;
    }
    return settings;
}

/// The right to ask for a token, which one connection has at a time; it goes to the next in line.
class oidc_authenticator::turn {
 public:
    explicit turn(oidc_authenticator& of) noexcept : of_(of) {
        if (!std::exchange(of.asking_, true)) {
            mine_ = true;
        } else {
            waiter_.emplace(of.turns_);
        }
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    ~turn() {
        if (waiter_) {
            waiter_->leave();
            mine_ = waiter_->released();
        }
        if (!mine_) {
            return;
        }
        if (of_.turns_.empty()) {
            of_.asking_ = false;
        } else {
            of_.turns_.release_first(nullptr);
        }
    }
    /// What is to be waited for; null if it is there.
    [[nodiscard]] io::wait_queue::waiter* waiter() noexcept {
        return waiter_ ? &*waiter_ : nullptr;
    }

 private:
    oidc_authenticator& of_;
    std::optional<io::wait_queue::waiter> waiter_;
    bool mine_ = false;
};

oidc_authenticator::oidc_authenticator(environment in, oidc_settings settings)
    : environment_(std::move(in)), settings_(std::move(settings)), turns_(*environment_.core) {}

bool oidc_authenticator::is_allowed(std::string_view host) const {
    return !is_human() || auth::is_allowed_host(host, settings_.allowed_hosts);
}

void oidc_authenticator::invalidate(const oidc_token& token) noexcept {
    if (token && token_ && token->text() == token_->text()) {
        token_.reset();
    }
}

std::unique_ptr<auth::conversation> oidc_authenticator::speculate(std::string_view host,
                                                                  oidc_token& used) {
    used = is_allowed(host) ? token_ : nullptr;
    return used ? std::make_unique<auth::oidc_one_step>(used) : nullptr;
}

task<result<void>> oidc_authenticator::log_in(login_channel& channel, std::string_view host,
                                              oidc_token& used, callback_time time) {
    used.reset();
    if (!is_allowed(host)) {
        co_return error(errc::authentication_failed,
                        "MONGODB-OIDC: " + std::string(host) + " is none of allowed_hosts");
    }
    // By a name: the two have the same type.
    auto work = is_human() ? log_in_person(channel, used) : log_in_program(channel, used, time);
    auto done = co_await std::move(work);
    if (!done) {
        used.reset();
    }
    co_return done;
}

task<result<void>> oidc_authenticator::reauthenticate(login_channel& channel, std::string_view host,
                                                      oidc_token& used) {
    invalidate(used);
    return log_in(channel, host, used);
}

task<result<void>> oidc_authenticator::log_in_program(login_channel& channel, oidc_token& used,
                                                      callback_time time) {
    detail::task_context mine = co_await detail::this_context{};
    const auto left = mine.until.remaining();
    co_await detail::use_context{&mine};
    const auto take_what_is_left = [&] {
        if (time.of == callback_time::bound::own) {
            mine.until = deadline::after(left);
        }
    };
    auto got = co_await acquire(nullptr, nullptr, time);
    take_what_is_left();
    if (got && got->kept) {
        used = got->token;
        auto done = co_await one_step(channel, used);
        if (!is_refused(done)) {
            co_return done;
        }
        invalidate(used);
        got = co_await acquire(nullptr, nullptr, time);
        take_what_is_left();
    }
    if (!got) {
        co_return got.error();
    }
    used = got->token;
    co_return co_await one_step(channel, used);
}

task<result<void>> oidc_authenticator::log_in_person(login_channel& channel, oidc_token& used) {
    if (token_) {
        used = token_;
        auto done = co_await one_step(channel, used);
        if (!is_refused(done)) {
            co_return done;
        }
        invalidate(used);
        used.reset();
    }
    // The time that somebody takes is not the connection's.
    detail::task_context mine = co_await detail::this_context{};
    const auto left = mine.until.remaining();
    co_await detail::use_context{&mine};
    if (refresh_token_ && provider_) {
        // Another connection may replace them meanwhile.
        const auto provider = *provider_;
        const auto refresh = refresh_token_;
        const auto got = co_await acquire(&provider, refresh.get(), own_time);
        if (!got) {
            co_return got.error();
        }
        const auto came_with_it = refresh_token_;
        mine.until = deadline::after(left);
        used = got->token;
        auto done = co_await one_step(channel, used);
        if (!is_refused(done)) {
            co_return done;
        }
        if (refresh_token_ == came_with_it) {
            refresh_token_.reset();
        }
        invalidate(used);
        used.reset();
    }
    co_return co_await two_steps(channel, used);
}

task<result<void>> oidc_authenticator::two_steps(login_channel& channel, oidc_token& used) {
    auth::oidc_two_step conversation;
    command_body command;
    conversation.start(settings_.username, command.open());
    const auto first = command.close();
    if (!first) {
        co_return first.error();
    }
    const auto answer = co_await channel.run(database, *first);
    if (!answer) {
        co_return answer.error();
    }
    const auto provider = conversation.idp_info(answer->body);
    if (!provider) {
        co_return provider.error();
    }
    detail::task_context mine = co_await detail::this_context{};
    const auto left = mine.until.remaining();
    const auto got = co_await acquire(&*provider, nullptr, own_time);
    if (!got) {
        co_return got.error();
    }
    used = got->token;
    mine.until = deadline::after(left);
    co_await detail::use_context{&mine};
    conversation.proceed(*used, command.open());
    const auto second = command.close();
    if (!second) {
        co_return second.error();
    }
    const auto end = co_await channel.run(database, *second);
    if (!end) {
        co_return end.error();
    }
    co_return auth::oidc_two_step::finish(end->body);
}

/// The token that is there, or a new one: `provider` and `refresh` are what a person's callback is
/// told.
task<result<oidc_authenticator::acquired>> oidc_authenticator::acquire(
    const oidc_idp_info* provider, const auth::secret* refresh, callback_time time) {
    const detail::task_context& context = co_await detail::this_context{};
    auto work = ask_in_turn(provider, refresh);
    const bool own = time.of == callback_time::bound::own;
    work = own ? without_deadline(std::move(work)) : with_deadline(std::move(work), time.until);
    auto got = co_await std::move(work);
    if (got) {
        co_return std::move(got);
    }
    constexpr const char* what = "MONGODB-OIDC: getting an access token";
    if (own && got.error() == errc::deadline_exceeded) {
        co_return error(errc::authentication_failed, what, got.error());  // not the task's deadline
    }
    co_return login_failure(what, got.error(), context, time.wanted_by);
}

task<result<oidc_authenticator::acquired>> oidc_authenticator::ask_in_turn(
    const oidc_idp_info* provider, const auth::secret* refresh) {
    turn mine(*this);
    if (auto* const waiter = mine.waiter()) {
        if (auto e = co_await *waiter) {
            co_return e;
        }
    }
    if (token_) {
        co_return acquired(token_, true);
    }
    const detail::task_context& context = co_await detail::this_context{};
    if (last_call_ && *last_call_ + between_calls > clock::now()) {
        const auto when = *last_call_ + between_calls;
        if (auto e = co_await io::sleeping(*environment_.core, context, when)) {
            co_return e;
        }
    }
    last_call_ = clock::now();
    // From now on: to wait in line takes nothing of it.
    auto work = with_deadline(ask(provider, refresh), is_human() ? person_bound : program_bound);
    auto tokens = co_await std::move(work);
    last_call_ = clock::now();  // it began a moment after it was asked to
    if (!tokens) {
        co_return tokens.error();
    }
    if (auto kept = keep(*tokens, provider); !kept) {
        co_return kept.error();
    }
    co_return acquired(token_, false);
}

result<void> oidc_authenticator::keep(oidc_tokens& tokens, const oidc_idp_info* provider) {
    if (tokens.access_token.empty()) {
        return error(errc::invalid_argument, "a callback gave no access_token");
    }
    if (tokens.expires_in && tokens.expires_in->count() < 0) {
        return error(errc::invalid_argument, "a callback gave a negative expires_in");
    }
    token_ = std::make_shared<const auth::secret>(std::move(tokens.access_token));
    if (is_human()) {
        if (provider != nullptr) {
            provider_ = *provider;
        }
        refresh_token_.reset();
        if (tokens.refresh_token) {
            refresh_token_ = std::make_shared<const auth::secret>(std::move(*tokens.refresh_token));
        }
    }
    return {};
}

task<result<oidc_tokens>> oidc_authenticator::ask(const oidc_idp_info* provider,
                                                  const auth::secret* refresh) {
    if (!settings_.callback && !is_human()) {
        const auto token = co_await oidc_token_of_environment(
            environment_, settings_.integration, settings_.resource, settings_.username);
        if (!token) {
            co_return token.error();
        }
        oidc_tokens tokens;
        tokens.access_token = token->text();
        co_return std::move(tokens);
    }
    const detail::task_context& context = co_await detail::this_context{};
    oidc_callback_context told;
    told.until = context.until;
    told.username = settings_.username;
    if (provider != nullptr) {
        told.idp_info = *provider;
    }
    if (refresh != nullptr) {
        told.refresh_token = refresh->text();
    }
    const auto& callback = is_human() ? settings_.human_callback : settings_.callback;
    const auto call = [&] { return callback(told); };
    auto tokens = co_await call_user(call);
    if (told.refresh_token) {
        auth::wipe(*told.refresh_token);
    }
    co_return std::move(tokens);
}

}  // namespace mongoro::cloud
