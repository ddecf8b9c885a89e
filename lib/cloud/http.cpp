#include "cloud/http.hpp"

#include "cloud/failure.hpp"
#include "tls/channel.hpp"
#include "tls/context.hpp"

#include <algorithm>
#include <string>

namespace mongoro::cloud {

namespace {

task<result<std::unique_ptr<byte_channel>>> open_channel(io::reactor_core& core,
                                                         const dial_function& dial,
                                                         const http_origin& to) {
    const host_address host{.host = to.host, .port = to.port};
    auto stream = co_await dial(host);
    if (!stream) {
        co_return stream.error();
    }
    std::unique_ptr<byte_channel> channel;
    if (to.tls) {
        auto trust = tls::context::make({});
        if (!trust) {
            co_return trust.error();
        }
        auto secured = tls::channel::make(std::move(*trust), std::move(*stream), host);
        if (!secured) {
            co_return secured.error();
        }
        if (auto done = co_await (*secured)->shake_hands(); !done) {
            co_return done.error();
        }
        channel = std::make_unique<tls_channel>(core, std::move(*secured));
    } else {
        channel = std::make_unique<stream_channel>(core, std::move(*stream));
    }
    co_return std::move(channel);
}

error refused(const http_origin& by, const http_response& response) {
    constexpr std::size_t most = 1024;
    error::details d;
    d.code = make_error_code(errc::authentication_failed);
    d.message =
        by.to_string() + " answered with the HTTP status " + std::to_string(response.status);
    d.server_message = response.body.substr(0, most);
    return error(std::move(d));
}

}  // namespace

http_connector connector(io::reactor_core& core, dial_function dial) {
    return [&core, dial = std::move(dial)](const http_origin& to) {
        return open_channel(core, dial, to);
    };
}

task<result<http_response>> http_exchange(const http_connector& connect, const http_origin& to,
                                          const http_request& request) {
    // Outlives the channel, which may still be sending it.
    const auto bytes = write_http_request(to, request);
    if (!bytes) {
        co_return bytes.error();
    }
    const auto channel = co_await connect(to);
    if (!channel) {
        co_return channel.error();
    }
    if (auto sent = co_await (*channel)->send(bytes->text()); !sent) {
        co_return sent.error();
    }
    http_response_parser parser;
    for (;;) {
        const auto received = co_await (*channel)->receive();
        if (!received) {
            co_return received.error();
        }
        if (received->empty()) {
            if (auto whole = parser.finish(); !whole) {
                co_return whole.error();
            }
            co_return parser.take();
        }
        const auto whole = parser.feed(*received);
        if (!whole) {
            co_return whole.error();
        }
        if (*whole) {
            co_return parser.take();
        }
    }
}

task<result<http_response>> ask_service(const http_connector& connect, const http_origin& to,
                                        const http_request& request) {
    const detail::task_context& context = co_await detail::this_context{};
    auto response = co_await http_exchange(connect, to, request);
    if (!response) {
        co_return login_failure(to.to_string(), response.error(), context);
    }
    if (response->status != 200) {
        co_return refused(to, *response);
    }
    co_return std::move(*response);
}

}  // namespace mongoro::cloud
