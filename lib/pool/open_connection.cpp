#include "pool/open_connection.hpp"

#include "pool/dial.hpp"

#include <mongoro/with_deadline.hpp>

namespace mongoro::pool {

namespace {

/// What comes after the socket: TLS, hello, login.
task<result<std::unique_ptr<connection>>> greet(io::reactor_core& core,
                                                const connection_settings& settings,
                                                io::stream_ptr stream, first_hello* said,
                                                opening_watch* watch) {
    std::unique_ptr<connection> c;
    if (settings.tls) {
        auto channel = tls::channel::make(settings.tls, std::move(stream), settings.host);
        if (!channel) {
            co_return channel.error();
        }
        if (auto done = co_await (*channel)->shake_hands(); !done) {
            co_return done.error();
        }
        c = std::make_unique<connection>(core, std::move(*channel), settings.host);
    } else {
        c = std::make_unique<connection>(core, std::move(stream), settings.host);
    }
    c->set_drain_timeout(settings.drain_timeout);
    c->set_socket_timeout(settings.connect_timeout.count() == 0
                              ? settings.of_command()  // the hello has no other bound
                              : settings.socket_timeout);
    c->set_validate_replies(settings.validate_replies);
    c->set_checksum(settings.checksums && !settings.tls ? wire::command::checksum::crc32c
                                                        : wire::command::checksum::none);
    const auto begin = deadline::clock::now();
    auto answer = co_await handshake(*c, settings, watch);
    if (!answer) {
        co_return answer.error();
    }
    c->set_socket_timeout(settings.socket_timeout);
    if (said != nullptr) {
        said->reply = std::move(*answer);
        said->round_trip = deadline::clock::now() - begin;
    }
    co_return std::move(c);
}

}  // namespace

task<result<std::unique_ptr<connection>>> open_connection(io::reactor_core& core,
                                                          connection_settings settings,
                                                          first_hello* said, opening_watch* watch) {
    const detail::task_context& outer = co_await detail::this_context{};
    settings.wanted_by = outer.until;
    const auto until = settings.connect_timeout.count() == 0
                           ? deadline::never()
                           : deadline::after(settings.connect_timeout);
    auto stream = co_await dial(core, settings, until);
    if (!stream) {
        co_return stream.error();
    }
    auto rest = greet(core, settings, std::move(*stream), said, watch);
    auto opened = co_await with_deadline(std::move(rest), until);
    // A hello that hangs ends by this deadline, and not by the operation's: say so.
    if (!opened && opened.error() == errc::deadline_exceeded && until.expired()) {
        co_return error(errc::connect_timed_out,
                        settings.host.to_string() + " within " +
                            std::to_string(settings.connect_timeout.count()) + " ms");
    }
    co_return opened;
}

}  // namespace mongoro::pool
