#include "pool/handshake.hpp"

#include "auth/authenticator.hpp"
#include "auth/wipe.hpp"
#include "pool/authenticate.hpp"
#include "pool/name_host.hpp"
#include "wire/client_metadata.hpp"
#include "wire/compression.hpp"
#include "wire/server_error.hpp"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace mongoro::pool {

namespace {

/// The version of the client backpressure specification that the driver follows.
constexpr std::string_view backpressure_version = "2";

/// Writes a conversation's first command as a document of its own. False if it refuses to begin; it
/// says why once more behind the hello.
bool write_speculative(auth::secret_buffer& to, auth::conversation& login,
                       auth_mechanism mechanism) {
    bson::writer command(to.bytes());
    command.begin_document();
    const auto begun = login.start(command);
    if (mechanism != auth_mechanism::mongodb_x509) {
        command.append_string("db", login.database());
    }
    command.end();
    return begun && command.ok();
}

/// The hello, with the first command of the conversation in it; without one that refuses to begin.
detail::command_handle make_hello(const connection_settings& settings, bson::document_view client,
                                  std::span<const compressor> offered, const credential* who,
                                  std::unique_ptr<auth::conversation>& begun) {
    const std::size_t secret_room = begun != nullptr ? std::size_t{16} * 1024 : 0;
    auth::secret_buffer first(secret_room);
    std::string mechanisms;
    wire::hello_options options;
    options.legacy = !settings.load_balanced;
    options.load_balanced = settings.load_balanced;
    options.backpressure = backpressure_version;
    options.client = client;
    std::vector<std::string_view> names;
    for (const auto method : offered) {
        names.push_back(wire::compressor_name(method));
    }
    options.compressors = names;
    if (who != nullptr) {
        mechanisms = mechanisms_to_ask_for(*who);
        options.sasl_supported_mechs = mechanisms;
    }
    if (begun != nullptr) {
        if (write_speculative(first, *begun, first_mechanism(*who))) {
            options.speculative_authenticate = {first.bytes().data(), first.bytes().size()};
        } else {
            begun.reset();
        }
    }

    auto command = wire::command::make();
    if (begun != nullptr) {
        command->hold_secret();
    }
    command->begin_body("hello");
    wire::append_hello(command->body(), options);
    command->body().append_string("$db", "admin");
    command->finish();
    return command;
}

result<bson::document_view> describe_client(const connection_settings& settings,
                                            wire::client_metadata& otherwise) {
    return (settings.metadata ? *settings.metadata : otherwise).document();
}

}  // namespace

task<result<wire::hello_reply>> handshake(connection& c, const connection_settings& settings,
                                          opening_watch* watch) {
    if (watch != nullptr) {
        c.record() = watch->record;
    }
    auto* const login =
        settings.kind == connection_kind::application ? settings.authenticator.get() : nullptr;
    std::unique_ptr<auth::conversation> begun;
    if (login != nullptr) {
        auto made =
            make_conversation(c, settings, first_mechanism(login->who()), login_start::with_hello);
        // One that cannot be made: either the server chooses another one, or it is said then.
        if (made && *made != nullptr && (*made)->speculative()) {
            begun = std::move(*made);
        }
    }
    wire::client_metadata own(settings.app_name);
    const auto client = describe_client(settings, own);
    if (!client) {
        co_return client.error();
    }
    // Any reply may come in any of those that are offered, the one to this hello too.
    const auto offered = wire::built_of(settings.compressors);
    wire::compressor_set accepted;
    for (const auto method : offered) {
        accepted.add(method);
    }
    c.set_accepted_compressors(accepted);
    auto command =
        make_hello(settings, *client, offered, login != nullptr ? &login->who() : nullptr, begun);
    if (command->failure()) {
        co_return command->failure();
    }

    auto reply = co_await c.run(command, 0, 0);
    if (!reply) {
        co_return reply.error();
    }
    auto hello = wire::parse_hello(reply->body);
    if (!hello) {
        co_return name_host(c.host(), hello.error());
    }
    c.record().learn(*hello);
    if (!settings.load_balanced) {
        c.record().service_id.reset();  // nobody has asked for one: its pool has one generation
    }
    if (watch != nullptr) {
        watch->record = c.record();
        watch->hello_answered();
        c.record() = watch->record;
    }
    if (settings.load_balanced && !c.service_id()) {
        co_return error(errc::handshake_failed,
                        c.host().to_string() +
                            ": Driver attempted to initialize in load balancing "
                            "mode, but the server does not support this mode.");
    }
    // A monitor tells the topology of a server that nobody can speak with, as of any other.
    if (settings.kind == connection_kind::application) {
        if (auto compatible = wire::check_wire_version(hello->limits, c.host().to_string());
            !compatible) {
            co_return compatible.error();
        }
    }
    c.set_limits(hello->limits);
    const auto chosen = wire::choose_compressor(offered, hello->compression);
    c.set_compressor(chosen, settings.zlib_level);
    if (!chosen) {
        c.set_accepted_compressors({});
    }

    if (login != nullptr && hello->type() != wire::server_type::rs_arbiter) {
        c.set_socket_timeout(settings.of_command());  // anew for each command
        if (auto done = co_await authenticate(c, settings, *hello, std::move(begun)); !done) {
            co_return done.error();
        }
    }
    co_return std::move(*hello);
}

}  // namespace mongoro::pool
