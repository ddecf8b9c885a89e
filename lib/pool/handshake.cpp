#include "pool/handshake.hpp"

#include "wire/client_metadata.hpp"
#include "wire/compression.hpp"
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
    options.legacy = !settings.load_balanced;
    options.load_balanced = settings.load_balanced;
    options.client = bson::document_view(metadata->data(), metadata->size());
    // Any reply may come in any of those that are offered, the one to this hello too.
    const auto offered = wire::built_of(settings.compressors);
    std::vector<std::string_view> names;
    wire::compressor_set accepted;
    for (const auto method : offered) {
        names.push_back(wire::compressor_name(method));
        accepted.add(method);
    }
    options.compressors = names;
    c.set_accepted_compressors(accepted);
    wire::append_hello(body, options);
    body.end();
    auto command = wire::command::make();
    if (settings.load_balanced) {
        command->begin("admin", bson::document_view(bytes.data(), bytes.size()));
        command->finish();
    } else {
        command->begin_legacy("admin", bson::document_view(bytes.data(), bytes.size()));
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
    if (settings.load_balanced && !c.service_id()) {
        co_return error(errc::handshake_failed,
                        c.host().to_string() +
                            ": Driver attempted to initialize in load balancing "
                            "mode, but the server does not support this mode.");
    }
    if (auto compatible = wire::check_wire_version(hello->limits, c.host().to_string());
        !compatible) {
        co_return compatible.error();
    }
    c.set_limits(hello->limits);
    const auto chosen = wire::choose_compressor(offered, hello->compression);
    c.set_compressor(chosen, settings.zlib_level);
    if (!chosen) {
        c.set_accepted_compressors({});
    }
    co_return std::move(*hello);
}

}  // namespace mongoro::pool
