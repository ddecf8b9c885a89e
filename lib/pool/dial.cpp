#include "pool/dial.hpp"

#include "pool/resolve.hpp"

namespace mongoro::pool {

/// Tries each address in its order; the last error is the one that is given.
task<result<io::stream_ptr>> dial(io::reactor_core& core, const connection_settings& settings,
                                  deadline until) {
    const auto addresses = co_await resolve(core, settings.host);
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

}  // namespace mongoro::pool
