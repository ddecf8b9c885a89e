#include "pool/dial.hpp"

#include "dns/resolve.hpp"
#include "io/connect_first.hpp"
#include "io/reactor_core.hpp"
#include "io/stream_awaiter.hpp"
#include "pool/socks5.hpp"

#include <mongoro/with_deadline.hpp>

#include <array>
#include <string>
#include <utility>

namespace mongoro::pool {

namespace {

constexpr std::uint16_t default_proxy_port = 1080;

/// "<what> within 10000 ms", for who ends with `until`.
std::string too_late(std::string what, const connection_settings& settings) {
    return std::move(what) + " within " + std::to_string(settings.connect_timeout.count()) + " ms";
}

/// To a host itself.
task<result<io::stream_ptr>> dial_host(io::reactor_core& core, const connection_settings& settings,
                                       const host_address& host, deadline until) {
    auto names = settings.names;
    if (names == nullptr) {
        auto options = dns::options_from({});
        if (!options) {
            co_return options.error();
        }
        names = std::make_shared<dns::resolver>(core, std::move(*options));
    }
    const detail::task_context& outer = co_await detail::this_context{};
    const bool ours = until < outer.until;
    auto addresses = co_await with_deadline(dns::resolve(core, *names, host), until);
    if (!addresses) {
        if (ours && addresses.error() == errc::deadline_exceeded) {
            co_return error(errc::name_resolution_failed,
                            too_late(host.host + ": no name server answered", settings),
                            error(errc::connect_timed_out));
        }
        co_return addresses.error();
    }
    auto connected = co_await io::connect_first(core, std::move(*addresses), until);
    if (!connected && connected.error() == errc::connect_timed_out) {
        co_return error(errc::connect_timed_out, too_late(host.to_string(), settings),
                        connected.error());
    }
    co_return std::move(connected);
}

/// A buffer that the kernel may still write into when the coroutine is destroyed: the stream keeps
/// it then.
class receiving {
 public:
    receiving(io::stream& s, io::buffer b) noexcept : stream_(s), buffer_(std::move(b)) {}
    receiving(const receiving&) = delete;
    receiving& operator=(const receiving&) = delete;
    ~receiving() {
        if (!stream_.idle()) {
            stream_.keep(buffer_);
        }
    }
    [[nodiscard]] std::span<std::uint8_t> first(std::size_t size) noexcept {
        return buffer_.bytes().first(size);
    }

 private:
    io::stream& stream_;
    io::buffer buffer_;
};

error network_error(int negated_errno) {
    return {errc::network_error, {}, std::error_code(-negated_errno, std::system_category())};
}

/// Has the proxy at the other end of `s` connect to the host. `with` is read by the kernel until
/// `s` is closed.
task<error> negotiate(io::reactor_core& core, const connection_settings& settings, io::stream& s,
                      socks5& with, deadline until) {
    detail::task_context context = co_await detail::this_context{};
    const bool ours = until < context.until;
    context.until = deadline::earlier_of(until, context.until);

    receiving in(s, core.buffers().take(io::buffer_pool::smallest));
    for (;;) {
        error why;
        int r = 0;
        if (!with.to_send().empty()) {
            const auto bytes = with.to_send();
            const std::array<iovec, 1> out{
                {{const_cast<std::uint8_t*>(bytes.data()), bytes.size()}}};
            r = co_await io::waiting(
                s, context, [&](io::completion& c) { s.send(out, c); }, &why);
        }
        const auto into = in.first(with.wanted());
        if (!why && r >= 0) {
            r = co_await io::waiting(
                s, context,
                [&](io::completion& c) { s.receive(into, io::stream::receive_mode::all, c); },
                &why);
        }
        if (why) {
            if (ours && why == errc::deadline_exceeded) {
                co_return error(errc::connect_timed_out, too_late("no answer of it", settings));
            }
            co_return why;
        }
        if (r < 0) {
            co_return network_error(r);
        }
        if (static_cast<std::size_t>(r) < into.size()) {
            co_return error(errc::connection_closed);
        }
        const auto done = with.received(into);
        if (!done) {
            co_return done.error();
        }
        if (*done) {
            co_return error();
        }
    }
}

/// What went wrong on the way through a proxy, and which: also what took too long, which is not the
/// server's doing. Spec: socks5-support, "Connection Establishment".
error through_proxy(const host_address& at, const error& why) {
    if (why == errc::operation_cancelled || why == errc::deadline_exceeded) {
        return why;
    }
    return {errc::proxy_failed, "proxy " + at.to_string(), why};
}

task<result<io::stream_ptr>> dial_through_proxy(io::reactor_core& core,
                                                const connection_settings& settings,
                                                deadline until) {
    const auto& proxy = *settings.proxy;
    const host_address at{proxy.host.value_or(std::string()),
                          proxy.port.value_or(default_proxy_port)};
    socks5 with(proxy, settings.host);
    if (auto e = with.check()) {
        co_return e;
    }
    auto stream = co_await dial_host(core, settings, at, until);
    if (!stream) {
        co_return through_proxy(at, stream.error());
    }
    if (auto e = co_await negotiate(core, settings, **stream, with, until)) {
        co_return through_proxy(at, e);
    }
    co_return std::move(*stream);
}

}  // namespace

task<result<io::stream_ptr>> dial(io::reactor_core& core, const connection_settings& settings,
                                  deadline until) {
    if (settings.proxy != nullptr && !settings.host.is_unix()) {
        return dial_through_proxy(core, settings, until);
    }
    return dial_host(core, settings, settings.host, until);
}

}  // namespace mongoro::pool
