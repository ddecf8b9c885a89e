#include "pool/cloud_login.hpp"

#include "auth/authenticator.hpp"
#include "cloud/aws_credentials.hpp"
#include "cloud/oidc_authenticator.hpp"
#include "pool/authenticate.hpp"
#include "pool/dial.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace mongoro::pool {

namespace {

/// The connection that logs in, as the cloud layer knows it.
class connection_channel final : public cloud::login_channel {
 public:
    explicit connection_channel(connection& c) noexcept : connection_(c) {}

    [[nodiscard]] task<result<detail::reply>> run(std::string_view database,
                                                  bson::document_view fields) override {
        auto command = begin_login_command();
        command->body().append_elements(fields);
        return send_login_command(connection_, std::move(command), database);
    }

 private:
    connection& connection_;
};

/// As a connection of the client's own is opened, but for its timeout: the login has one already.
task<result<io::stream_ptr>> dial_service(io::reactor_core& core, const host_address& host,
                                          std::shared_ptr<dns::resolver> names) {
    connection_settings settings;
    settings.host = host;
    settings.names = std::move(names);
    co_return co_await dial(core, settings, deadline::never());
}

/// Its services are found by the client's own name servers.
cloud::environment surroundings(io::reactor_core& core, const connection_settings& settings) {
    auto connect =
        cloud::connector(core, [&core, names = settings.names](const host_address& host) {
            return dial_service(core, host, names);
        });
    return cloud::system_environment(core, std::move(connect));
}

error not_for(const char* what) {
    return {errc::invalid_argument, what};
}

}  // namespace

result<void> set_up_cloud_login(connection_settings& settings, io::reactor_core& core,
                                const credential& who, const oidc_options* oidc,
                                const aws_credential_provider* aws) {
    if (oidc != nullptr && who.mechanism != auth_mechanism::mongodb_oidc) {
        return not_for("the oidc options are for MONGODB-OIDC");
    }
    if (aws != nullptr && who.mechanism != auth_mechanism::mongodb_aws) {
        return not_for("a provider of AWS credentials is for MONGODB-AWS");
    }
    if (who.mechanism == auth_mechanism::mongodb_aws) {
        settings.aws = std::make_shared<cloud::aws_credential_source>(
            surroundings(core, settings), aws != nullptr ? *aws : aws_credential_provider());
    } else if (who.mechanism == auth_mechanism::mongodb_oidc) {
        auto made = cloud::oidc_settings::make(who, oidc);
        if (!made) {
            return made.error();
        }
        settings.oidc = std::make_shared<cloud::oidc_authenticator>(surroundings(core, settings),
                                                                    std::move(*made));
    }
    return {};
}

bool is_cloud_login(const connection_settings& settings, auth_mechanism mechanism) {
    return (mechanism == auth_mechanism::mongodb_aws && settings.aws != nullptr) ||
           (mechanism == auth_mechanism::mongodb_oidc && settings.oidc != nullptr);
}

std::unique_ptr<auth::conversation> begin_cloud_login(connection& c,
                                                      const connection_settings& settings) {
    return settings.oidc ? settings.oidc->speculate(c.host().host, c.oidc_token()) : nullptr;
}

task<result<void>> log_in_at_cloud(connection& c, const connection_settings& settings,
                                   login_reason why) {
    connection_channel channel(c);
    // A connection that runs out of its own time is not an operation that does.
    std::optional<deadline> wanted_by;
    if (why == login_reason::new_connection) {
        wanted_by = settings.wanted_by;
    }
    if (settings.aws) {
        co_return co_await cloud::aws_login(channel, *settings.aws, wanted_by);
    }
    const auto& host = c.host().host;
    // Where there is no timeoutMS a callback has a minute, and not what connectTimeoutMS leaves.
    cloud::callback_time time;
    time.wanted_by = wanted_by;
    if (settings.callback_timeout.count() != 0) {
        const auto until = deadline::after(settings.callback_timeout);
        time.until = std::max(until, settings.callback_wanted_by.value_or(until));
    }
    if (settings.wanted_by.is_never() && time.until.is_never()) {
        time.of = cloud::callback_time::bound::own;
    }
    auto work = why == login_reason::reauthentication
                    ? settings.oidc->reauthenticate(channel, host, c.oidc_token())
                    : settings.oidc->log_in(channel, host, c.oidc_token(), time);
    co_return co_await std::move(work);
}

}  // namespace mongoro::pool
