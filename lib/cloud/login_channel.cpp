#include "cloud/login_channel.hpp"

#include "cloud/command_body.hpp"

namespace mongoro::cloud {

task<result<void>> run_conversation(login_channel& channel, auth::conversation& conversation) {
    command_body command;
    if (auto started = conversation.start(command.open()); !started) {
        co_return started.error();
    }
    for (;;) {
        const auto fields = command.close();
        if (!fields) {
            co_return fields.error();
        }
        const auto reply = co_await channel.run(conversation.database(), *fields);
        if (!reply) {
            co_return reply.error();
        }
        const auto done = conversation.step(reply->body, command.open());
        if (!done) {
            co_return done.error();
        }
        if (*done) {
            co_return result<void>();
        }
    }
}

}  // namespace mongoro::cloud
