#include "operation/retry.hpp"

#include "error/retry_tables.hpp"

#include <mongoro/bson/document_view.hpp>

#include <algorithm>

namespace mongoro::operation {

bool retry_policy::allows(const deployment::settings& options, wire::command::kind kind,
                          const error& why) {
    if (!why.has_label(detail::label::system_overloaded_error) ||
        !why.has_label(detail::label::retryable_error)) {
        return false;
    }
    using enum wire::command::kind;
    const bool writes = kind != read;
    const bool reads = kind == read || kind == other;
    if ((writes && !options.retry_writes) || (reads && !options.retry_reads)) {
        return false;
    }
    return ++attempt_ <= options.max_adaptive_retries;
}

std::chrono::nanoseconds retry_policy::backoff(const error& why, double jitter) const {
    using milliseconds = std::chrono::duration<double, std::milli>;
    milliseconds base = base_backoff;
    if (const auto reply = bson::document_view::from_bytes(why.raw_reply())) {
        if (const auto asked = (*reply)["baseBackoffMS"].get_or<double>(0); asked > 0) {
            base = milliseconds(asked);
        }
    }
    // So often doubled, it is beyond the limit in any case.
    const auto doublings = std::min<std::uint32_t>(attempt_, 30);
    const auto longest =
        std::min<milliseconds>(max_backoff, base * static_cast<double>(1U << doublings));
    return std::chrono::duration_cast<std::chrono::nanoseconds>(longest * jitter);
}

task<error> back_off(deployment::deployment& d, std::chrono::nanoseconds pause, const error& why) {
    const detail::task_context& context = co_await detail::this_context{};
    const auto when = deadline::clock::now() + pause;
    if (context.until.when() <= when) {
        co_return why;
    }
    auto interrupted = co_await d.pause(deadline(when));
    if (interrupted == errc::deadline_exceeded) {
        co_return why;
    }
    co_return interrupted;
}

}  // namespace mongoro::operation
