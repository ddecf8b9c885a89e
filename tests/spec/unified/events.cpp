#include "unified/events.hpp"

#include "unified/failure.hpp"

#include <algorithm>

namespace mongoro::spec::unified {

namespace {

using bson::value_view;
using level = matcher::level;

std::string of_id(const value_view& expected, bool has, std::string_view what) {
    return expected.get<bool>() == has ? "" : (has ? "has a " : "has no ") + std::string(what);
}

/// The serverTypes and topologyTypes alone; a PossiblePrimary is nothing of a driver that watches
/// all servers at once.
std::string of_description(const matcher& by, const value_view& expected, const value_view& got) {
    const auto type = expected["type"];
    if (type && type.get<std::string_view>() == "PossiblePrimary" &&
        got["type"].get<std::string_view>() == "Unknown") {
        return {};
    }
    return by.mismatch(expected, got, level::root);
}

std::string of_property(const matcher& by, const bson::element& expected,
                        const observed_event& got) {
    const auto name = expected.key();
    if (name == "hasServiceId") {
        const auto id = got.data["serviceId"];
        return of_id(expected.value(), id && id.get<bson::object_id>() != bson::object_id(),
                     "service id");
    }
    if (name == "hasServerConnectionId") {
        const auto id = got.data["serverConnectionId"];
        return of_id(expected.value(), id && id.get<std::int64_t>() > 0, "server connection id");
    }
    const auto value = got.data[name];
    if (name == "previousDescription" || name == "newDescription") {
        return of_description(by, expected.value(), value);
    }
    const bool is_root = name == "command" || name == "reply";
    return by.mismatch(expected.value(), value, is_root ? level::root : level::nested);
}

std::string names_of(std::span<const observed_event> events) {
    std::string text;
    for (const auto& event : events) {
        text += text.empty() ? "" : ", ";
        text += event.name;
        if (const auto command = event.data["commandName"]) {
            text += "(" + command.get<std::string>() + ")";
        } else if (!event.data.empty()) {
            text += shown(event.data);
        }
    }
    return text.empty() ? "none" : text;
}

std::string of_redaction(bool redacted, const value_view& failure,
                         std::span<const std::string> server_texts) {
    if (!failure) {
        return "has no failure";
    }
    const auto text = failure.get<std::string>();
    const bool has_any = std::ranges::any_of(
        server_texts, [&](const std::string& each) { return text.find(each) != text.npos; });
    if (text.empty()) {
        return "the failure is empty";
    }
    const bool is_marked = text.starts_with("REDACTED");
    if (redacted && server_texts.empty()) {
        return "no server has said anything that could be left out";
    }
    return is_marked == redacted && (!redacted || !has_any) ? "" : "the failure is: " + text;
}

std::string message_mismatch(const matcher& by, const value_view& expected,
                             const observed_message& got,
                             std::span<const std::string> server_texts) {
    const auto same = [&](std::string_view key, std::string_view value) {
        return expected[key].get<std::string_view>() == value
                   ? ""
                   : "another " + std::string(key) + ", " + std::string(value);
    };
    if (auto why = same("component", got.component); !why.empty()) {
        return why;
    }
    if (auto why = same("level", got.level); !why.empty()) {
        return why;
    }
    if (const auto redacted = expected["failureIsRedacted"]) {
        auto why = of_redaction(redacted.get<bool>(), got.data["failure"], server_texts);
        if (!why.empty()) {
            return why;
        }
    }
    return by.mismatch(expected["data"].get<bson::document_view>(), got.data, level::root);
}

}  // namespace

std::string event_mismatch(const matcher& by, const value_view& expected,
                           const observed_event& got) {
    const auto wanted = *expected.begin();
    if (wanted.key() != got.name) {
        return "got " + std::string(got.name) + ", wanted " + std::string(wanted.key());
    }
    for (const auto& property : wanted.value()) {
        auto why = of_property(by, property, got);
        if (!why.empty()) {
            return std::string(got.name) + ": " + std::string(property.key()) + ": " + why;
        }
    }
    return {};
}

std::int64_t count_events(const matcher& by, const value_view& expected,
                          std::span<const observed_event> got) {
    return std::ranges::count_if(got, [&](const observed_event& event) {
        return event_mismatch(by, expected, event).empty();
    });
}

std::string events_mismatch(const matcher& by, const value_view& expected,
                            std::span<const observed_event> got) {
    const auto type = expected["eventType"].get_or<std::string_view>("command");
    std::vector<observed_event> of_type;
    std::ranges::copy_if(got, std::back_inserter(of_type), [&](const observed_event& event) {
        return to_string(event.type) == type;
    });
    std::size_t at = 0;
    for (const auto& each : expected["events"]) {
        const auto place = "event " + std::to_string(at);
        if (at == of_type.size()) {
            return place + ": not observed: " + shown(each.value()) +
                   "; all observed: " + names_of(of_type);
        }
        auto why = event_mismatch(by, each.value(), of_type[at]);
        if (!why.empty()) {
            return place + ": " + why + "; all observed: " + names_of(of_type);
        }
        ++at;
    }
    if (at < of_type.size() && !expected["ignoreExtraEvents"].get_or(false)) {
        return std::to_string(of_type.size() - at) +
               " events more than expected: " + names_of(std::span(of_type).subspan(at));
    }
    return {};
}

std::string messages_mismatch(const matcher& by, const value_view& expected,
                              std::span<const observed_message> got,
                              std::span<const std::string> server_texts) {
    std::vector<observed_message> kept;
    std::ranges::copy_if(got, std::back_inserter(kept), [&](const observed_message& message) {
        const auto ignored = expected["ignoreMessages"];
        return std::none_of(ignored.begin(), ignored.end(), [&](const bson::element& each) {
            return message_mismatch(by, each.value(), message, server_texts).empty();
        });
    });
    std::size_t at = 0;
    for (const auto& each : expected["messages"]) {
        const auto place = "message " + std::to_string(at);
        if (at == kept.size()) {
            return place + ": not logged: " + shown(each.value());
        }
        auto why = message_mismatch(by, each.value(), kept[at], server_texts);
        if (!why.empty()) {
            return place + ": " + why + "; got " + shown(kept[at].data);
        }
        ++at;
    }
    if (at < kept.size() && !expected["ignoreExtraMessages"].get_or(false)) {
        return std::to_string(kept.size() - at) +
               " messages more than expected, first: " + shown(kept[at].data);
    }
    return {};
}

}  // namespace mongoro::spec::unified
