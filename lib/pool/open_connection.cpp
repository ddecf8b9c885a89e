#include "pool/connection_pool.hpp"
#include "pool/resolve.hpp"

#include "io/connect.hpp"
#include "wire/client_metadata.hpp"
#include "wire/hello.hpp"
#include "wire/server_error.hpp"

#include <mongoro/with_deadline.hpp>

namespace mongoro::pool {

namespace {

error name_host(const host_address& host, const error& cause) {
    return {cause.code(), host.to_string(), cause};
}

/// Tries each address in its order; the last error is the one that is given.
task<result<io::stream_ptr>> connect_any(io::reactor_core& core, const host_address& host,
                                         deadline until) {
    const auto addresses = co_await resolve(core, host);
    if (!addresses) {
        co_return addresses.error();
    }
    error last;
    for (const auto& address : *addresses) {
        auto stream = co_await io::connect(core, address, until);
        if (stream) {
            co_return std::move(*stream);
        }
        last = stream.error();
        if (last == errc::operation_cancelled || last == errc::deadline_exceeded) {
            break;
        }
    }
    co_return last;
}

/// The first command of a connection: learns the server's limits.
task<result<void>> handshake(connection& c, const connection_settings& settings) {
    // Asked of the machine once a process: the answer does not change, and it costs some system
    // calls.
    static const wire::host_environment environment = wire::detect_host_environment();
    const auto metadata = wire::encode_client_metadata(settings.app_name, environment);
    if (!metadata) {
        co_return metadata.error();
    }
    bson::byte_buffer bytes;
    bson::writer body(bytes);
    body.begin_document();
    wire::hello_options options;
    options.legacy = true;
    options.client = bson::document_view(metadata->data(), metadata->size());
    wire::append_hello(body, options);
    body.end();
    auto command = wire::command::make();
    command->begin_legacy("admin", bson::document_view(bytes.data(), bytes.size()));

    auto reply = co_await c.run(command, 0, 0);
    if (!reply) {
        co_return reply.error();
    }
    auto hello = wire::parse_hello(reply->body);
    if (!hello) {
        co_return name_host(c.host(), hello.error());
    }
    if (auto compatible = wire::check_wire_version(hello->limits, c.host().to_string());
        !compatible) {
        co_return compatible.error();
    }
    c.set_limits(hello->limits);
    co_return result<void>();
}

task<result<std::unique_ptr<connection>>> open_until(io::reactor_core& core,
                                                     const connection_settings& settings,
                                                     deadline until) {
    auto stream = co_await connect_any(core, settings.host, until);
    if (!stream) {
        co_return stream.error();
    }
    auto c = std::make_unique<connection>(core, std::move(*stream), settings.host);
    c->set_drain_timeout(settings.drain_timeout);
    c->set_validate_replies(settings.validate_replies);
    c->set_checksum(settings.checksums ? wire::command::checksum::crc32c
                                       : wire::command::checksum::none);
    if (auto done = co_await handshake(*c, settings); !done) {
        co_return done.error();
    }
    co_return std::move(c);
}

}  // namespace

task<result<std::unique_ptr<connection>>> open_connection(io::reactor_core& core,
                                                          connection_settings settings) {
    const auto until = settings.connect_timeout.count() == 0
                           ? deadline::never()
                           : deadline::after(settings.connect_timeout);
    auto opened = co_await with_deadline(open_until(core, settings, until), until);
    // A hello that hangs ends by this deadline, and not by the operation's: say so.
    if (!opened && opened.error() == errc::deadline_exceeded && until.expired()) {
        co_return error(errc::connect_timed_out,
                        settings.host.to_string() + " within " +
                            std::to_string(settings.connect_timeout.count()) + " ms");
    }
    co_return opened;
}

}  // namespace mongoro::pool
