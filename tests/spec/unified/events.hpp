#pragma once

#include "unified/matcher.hpp"
#include "unified/observer.hpp"

#include <span>
#include <string>

namespace mongoro::spec::unified {

/// Why `got` is not the event that `expected`, an `expectedEvent` of the format, says; empty if it
/// is.
[[nodiscard]] std::string event_mismatch(const matcher& by, const bson::value_view& expected,
                                         const observed_event& got);

/// How many of the events are the expected one.
[[nodiscard]] std::int64_t count_events(const matcher& by, const bson::value_view& expected,
                                        std::span<const observed_event> got);

/// Why the events are not those that `expected`, an `expectedEventsForClient`, has in their order.
[[nodiscard]] std::string events_mismatch(const matcher& by, const bson::value_view& expected,
                                          std::span<const observed_event> got);

/// The same for an `expectedLogMessagesForClient`. `server_texts` are what servers have said in
/// errors: a redacted failure has none of them.
[[nodiscard]] std::string messages_mismatch(const matcher& by, const bson::value_view& expected,
                                            std::span<const observed_message> got,
                                            std::span<const std::string> server_texts);

}  // namespace mongoro::spec::unified
