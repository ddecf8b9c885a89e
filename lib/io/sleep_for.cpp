#include <mongoro/reactor.hpp>
#include <mongoro/sleep_for.hpp>

#include "io/reactor_core.hpp"
#include "io/sleep.hpp"

namespace mongoro {

namespace {

task<result<void>> sleep_task(deadline::clock::time_point when) {
    const detail::task_context& context = co_await detail::this_context{};
    if (context.core == nullptr) {
        co_return error(errc::invalid_argument, "sleeping outside of a reactor");
    }
    co_return co_await io::sleeping(*context.core, context, when);
}

}  // namespace

namespace detail {

awaitable<void> sleep_until_on(reactor_core* core, deadline::clock::time_point when) {
    return {sleep_task(when), core};
}

}  // namespace detail

awaitable<void> sleep_until(reactor& r, deadline::clock::time_point when) {
    return detail::sleep_until_on(&r.core(), when);
}

}  // namespace mongoro
