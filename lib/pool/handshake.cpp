#include "pool/handshake.hpp"

#include "wire/client_metadata.hpp"
#include "wire/server_error.hpp"

namespace mongoro::pool {

namespace {

error name_host(const host_address& host, const error& cause) {
    return {cause.code(), host.to_string(), cause};
}

}  // namespace

task<result<wire::hello_reply>> handshake(connection& c, const connection_settings& settings) {
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
    c.set_server_id(hello->connection_id);
    co_return std::move(*hello);
}

}  // namespace mongoro::pool
