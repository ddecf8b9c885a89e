#include "pool/authenticate.hpp"

#include "auth/authenticator.hpp"
#include "auth/gssapi.hpp"
#include "auth/scram.hpp"
#include "auth/simple.hpp"
#include "auth/wipe.hpp"
#include "io/on_thread.hpp"
#include "pool/cloud_login.hpp"
#include "wire/server_error.hpp"

#include <mongoro/bson/document.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace mongoro::pool {

namespace {

using conversation_ptr = std::unique_ptr<auth::conversation>;

result<conversation_ptr> make_scram(auth::authenticator& login, auth_mechanism mechanism) {
    auto nonce = auth::random_nonce();
    if (!nonce) {
        return nonce.error();
    }
    return auth::make_scram(login.who(), mechanism, login.scram(), *std::move(nonce));
}

/// Where its context is made on another thread, the credential is there as long as that takes.
conversation_ptr make_gssapi(std::shared_ptr<const auth::authenticator> login,
                             const host_address& host) {
    return auth::make_gssapi(login->who(), [login, host = host.host] {
        return auth::make_kerberos_context(login->who(), host);
    });
}

error not_alone(auth_mechanism mechanism) {
    return {errc::not_supported, std::string(to_string(mechanism)) + " without its client"};
}

/// Whose login it is that failed, and what of it may be told.
error name_login(const connection& c, const credential& who, auth_mechanism mechanism,
                 const error& cause) {
    const bool refused = cause == errc::command_failed;
    if (!refused && cause != errc::authentication_failed) {
        return cause;  // the network's, a deadline's: nothing of the login
    }
    std::string text = who.username ? "user " + *who.username : "the client";
    text += " (" + std::string(to_string(mechanism)) + ") on " + who.source + " at " +
            c.host().to_string();
    if (!refused) {
        return {errc::authentication_failed, std::move(text), cause};
    }
    auto d = detail::details_of(cause);
    d.code = make_error_code(errc::authentication_failed);
    d.message = std::move(text);
    return error(std::move(d));
}

/// SCRAM-SHA-256 if the server offers it. Without an offer what the server has already answered is
/// as good, else SCRAM-SHA-1 it is.
auth_mechanism chosen_mechanism(const credential& who, const wire::hello_reply& hello,
                                bool answered) noexcept {
    if (who.mechanism) {
        return *who.mechanism;
    }
    const auto& offered = hello.sasl_supported_mechs;
    const bool has_256 = std::ranges::find(offered, "SCRAM-SHA-256") != offered.end();
    return has_256 || (offered.empty() && answered) ? auth_mechanism::scram_sha_256
                                                    : auth_mechanism::scram_sha_1;
}

/// The fields of a conversation's next command into `to`; true: logged in. `answer`: the reply to
/// the last one; null before the first.
result<bool> go_on(auth::conversation& login, const bson::document_view* answer, bson::writer& to) {
    if (answer != nullptr) {
        return login.step(*answer, to);
    }
    if (auto begun = login.start(to); !begun) {
        return begun.error();
    }
    return false;
}

/// What that came to on another thread.
struct step_taken {
    bool over = false;
    auth::secret_buffer fields = auth::secret_buffer();
};

result<step_taken> go_on_apart(auth::conversation& login, const bson::document_view* answer) {
    step_taken taken;
    bson::writer to(taken.fields.bytes());
    to.begin_document();
    const auto over = go_on(login, answer, to);
    if (!over) {
        return over.error();
    }
    to.end();
    if (!to.ok()) {
        return to.error();
    }
    taken.over = *over;
    return taken;
}

/// The same on a thread of its own.
task<result<bool>> go_on_on_thread(connection& c, std::shared_ptr<auth::conversation> login,
                                   const bson::document_view* answer, bson::writer& to) {
    std::optional<bson::document> said;
    if (answer != nullptr) {
        said.emplace(*answer);
    }
    auto apart = io::on_thread(c.core(), [login = std::move(login), said = std::move(said)] {
        const auto view = said ? said->view() : bson::document_view();
        return go_on_apart(*login, said ? &view : nullptr);
    });
    const auto taken = co_await std::move(apart);
    if (!taken) {
        co_return taken.error();
    }
    const auto fields = taken->fields.bytes().bytes();
    to.append_elements(bson::document_view(fields.data(), fields.size()));
    co_return taken->over;
}

/// Sends a conversation's commands until it has ended. `answer`: the reply to the first, where that
/// has been sent; else null.
task<result<void>> converse(connection& c, std::shared_ptr<auth::conversation> login,
                            const bson::document_view* answer) {
    result<detail::reply> reply = detail::reply{};
    for (;;) {
        auto command = begin_login_command();
        result<bool> over = false;
        if (login->blocks()) {
            auto step = go_on_on_thread(c, login, answer, command->body());
            over = co_await std::move(step);
        } else {
            over = go_on(*login, answer, command->body());
        }
        if (!over || *over) {
            co_return over ? result<void>() : over.error();
        }
        auto sending = send_login_command(c, std::move(command), login->database());
        reply = co_await std::move(sending);
        if (!reply) {
            co_return reply.error();
        }
        answer = &reply->body;
    }
}

/// Begins behind the hello, or once more.
task<result<void>> log_in(connection& c, const connection_settings& settings,
                          auth_mechanism mechanism, login_reason why) {
    if (is_cloud_login(settings, mechanism)) {
        co_return co_await log_in_at_cloud(c, settings, why);
    }
    auto login = make_conversation(c, settings, mechanism, login_start::after_hello);
    if (!login) {
        co_return login.error();
    }
    co_return co_await converse(c, *std::move(login), nullptr);
}

}  // namespace

auth_mechanism first_mechanism(const credential& who) noexcept {
    return who.mechanism.value_or(auth_mechanism::scram_sha_256);
}

std::string mechanisms_to_ask_for(const credential& who) {
    return who.mechanism ? std::string() : who.source + '.' + who.username.value_or("");
}

detail::command_handle begin_login_command() {
    auto command = wire::command::make();
    command->hold_secret();
    command->begin_body("saslStart");
    return command;
}

task<result<detail::reply>> send_login_command(connection& c, detail::command_handle command,
                                               std::string_view database) {
    if (auto bad = wire::check_database_name(database)) {
        co_return bad;
    }
    command->body().append_string("$db", database);
    command->finish();
    if (command->failure()) {
        co_return command->failure();
    }
    if (auto bad = command->check_size(c.limits())) {
        co_return bad;
    }
    auto reply = co_await c.run(command, 0, 0);
    if (!reply) {
        co_return reply.error();
    }
    if (auto refused = detail::command_error(reply->body)) {
        co_return refused;
    }
    co_return std::move(*reply);
}

result<conversation_ptr> make_conversation(connection& c, const connection_settings& settings,
                                           auth_mechanism mechanism, login_start start) {
    auto& login = *settings.authenticator;
    const bool with_hello = start == login_start::with_hello;
    switch (mechanism) {
        case auth_mechanism::scram_sha_1:
        case auth_mechanism::scram_sha_256:
            return make_scram(login, mechanism);
        case auth_mechanism::mongodb_x509:
            return auth::make_x509(login.who());
        case auth_mechanism::plain:
            if (with_hello) {
                return conversation_ptr();
            }
            return auth::make_plain(login.who());
        case auth_mechanism::gssapi:
            if (with_hello) {
                return conversation_ptr();
            }
            return make_gssapi(settings.authenticator, settings.host);
        case auth_mechanism::mongodb_aws:
        case auth_mechanism::mongodb_oidc:
            if (with_hello) {
                return begin_cloud_login(c, settings);
            }
            break;  // whoever has what it needs does not come here
    }
    return not_alone(mechanism);
}

task<result<void>> authenticate(connection& c, const connection_settings& settings,
                                const wire::hello_reply& hello, conversation_ptr begun) {
    const auto& who = settings.authenticator->who();
    bson::document_view answer;
    const bool answered =
        begun != nullptr && hello.document()["speculativeAuthenticate"].read(answer) == errc{};
    const auto mechanism = chosen_mechanism(who, hello, answered);
    result<void> done;
    if (answered && mechanism == first_mechanism(who)) {
        done = co_await converse(c, std::move(begun), &answer);
    }
    // A token that the server did not take there may still be one that is good (auth.md,
    // "Speculative Authentication" of MONGODB-OIDC).
    if (!answered || mechanism != first_mechanism(who) ||
        (!done && mechanism == auth_mechanism::mongodb_oidc)) {
        done = co_await log_in(c, settings, mechanism, login_reason::new_connection);
    }
    if (!done) {
        co_return name_login(c, who, mechanism, done.error());
    }
    co_return done;
}

task<result<void>> reauthenticate(connection& c, const connection_settings& settings,
                                  auth_mechanism mechanism) {
    auto done = co_await log_in(c, settings, mechanism, login_reason::reauthentication);
    if (!done) {
        co_return name_login(c, settings.authenticator->who(), mechanism, done.error());
    }
    co_return done;
}

}  // namespace mongoro::pool
