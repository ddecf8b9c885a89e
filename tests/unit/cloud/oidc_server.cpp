#include "oidc_server.hpp"

#include "io/buffer_pool.hpp"
#include "io/reactor_core.hpp"

#include <mongoro/bson/build.hpp>
#include <mongoro/sleep_for.hpp>

#include <cstring>

namespace mongoro::test {

namespace {

/// The command in few words.
std::string read_command(bson::document_view fields) {
    const auto payload =
        bson::document_view::from_bytes(fields["payload"].get<bson::binary_view>().bytes).value();
    const auto jwt = payload["jwt"].get_or<std::string>("");
    if (fields.contains("saslContinue")) {
        CHECK(fields["conversationId"].get<int>() == 42);
        return "continue " + jwt;
    }
    CHECK(fields["saslStart"].get<int>() == 1);
    CHECK(fields["mechanism"].get<std::string>() == "MONGODB-OIDC");
    return payload.contains("jwt") ? "jwt " + jwt
                                   : "principal " + payload["n"].get_or<std::string>("");
}

}  // namespace

error server_error(int code) {
    error::details d;
    d.code = make_error_code(errc::command_failed);
    d.server_code = code;
    return error(std::move(d));
}

task<result<detail::reply>> oidc_server::run(std::string_view database,
                                             bson::document_view fields) {
    CHECK(database == "$external");
    const auto command = read_command(fields);
    log.push_back(command);
    const auto pause = command.starts_with("principal") ? 0ms : slow;
    const auto turn = co_await as_result(sleep_until(reactor_, deadline::clock::now() + pause));
    if (!turn) {
        co_return turn.error();
    }
    if (before) {
        if (auto e = before(command)) {
            co_return e;
        }
    }
    const bool principal = command.starts_with("principal");
    if (!principal && !tokens.contains(command.substr(command.find(' ') + 1))) {
        co_return server_error(18);
    }
    const auto bytes = principal ? provider.bytes() : std::span<const std::uint8_t>();
    const document body{{"conversationId", 42},
                        {"done", !principal},
                        {"payload", bson::binary_view{bson::binary_subtype::generic, bytes}},
                        {"ok", 1.0}};
    detail::reply reply;
    reply.bytes = reactor_.core().buffers().take(body.size());
    std::memcpy(reply.bytes.data(), body.data(), body.size());
    reply.body = {reply.bytes.data(), body.size()};
    co_return std::move(reply);
}

}  // namespace mongoro::test
