// Operations of cursors.

#include "unified/operations.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/with_deadline.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace mongoro::spec::unified {

namespace {

task<result<std::optional<document>>> next_of(cursor_entity& from) {
    if (auto fetched = std::exchange(from.fetched, std::nullopt)) {
        co_return *std::move(fetched);
    }
    co_return co_await as_result(from.handle.next());
}

task<result<document>> next_document_of(cursor_entity& from) {
    for (;;) {
        if (from.handle.exhausted()) {
            throw test_failure("the cursor ended without a document or an error");
        }
        auto next = co_await next_of(from);
        if (!next) {
            co_return next.error();
        }
        if (*next) {
            co_return std::move(**next);
        }
    }
}

/// The library has no call that blocks until a document comes: whoever gets none calls `next()`
/// again, and bounds that with a deadline: what the first call, which has the library's bound
/// alone, has left of the timeout of one call.
task<operation_result> iterate_until_document_or_error(call& c) {
    c.args.finish();
    const auto from = c.as<std::shared_ptr<cursor_entity>>();
    const auto& limit = from->handle.shared_core()->limit();
    const bool bounded = limit && limit->each_call && limit->timeout.count() > 0;
    const auto until = bounded ? deadline::after(limit->timeout) : deadline::never();
    const auto first = co_await next_of(*from);
    if (!first) {
        co_return failed(first.error());
    }
    if (*first) {
        co_return gave(**first);
    }
    auto all = with_deadline(next_document_of(*from), until);
    const auto next = co_await std::move(all);
    co_return next ? gave(*next) : failed(next.error());
}

task<operation_result> iterate_once(call& c) {
    c.args.finish();
    const auto from = c.as<std::shared_ptr<cursor_entity>>();
    const auto next = co_await next_of(*from);
    if (!next) {
        co_return failed(next.error());
    }
    co_return *next ? gave(**next) : gave_nothing();
}

task<operation_result> close(call& c) {
    const auto timeout = c.args.optional("timeoutMS");
    c.args.finish();
    const auto from = c.as<std::shared_ptr<cursor_entity>>();
    auto closing = timeout
                       ? from->handle.close(std::chrono::milliseconds(timeout.get<std::int64_t>()))
                       : from->handle.close();
    static_cast<void>(co_await as_result(std::move(closing)));
    co_return gave_nothing();
}

constexpr std::array of_cursor = std::to_array<operation_entry>({
    {"cursor", "iterateUntilDocumentOrError", iterate_until_document_or_error},
    {"cursor", "iterateOnce", iterate_once},
    {"cursor", "close", close},
});

}  // namespace

std::span<const operation_entry> cursor_operations() {
    return of_cursor;
}

}  // namespace mongoro::spec::unified
