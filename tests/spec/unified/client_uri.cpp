#include "unified/client_uri.hpp"

#include "unified/failure.hpp"

#include <mongoro/bson/value_view.hpp>

#include <algorithm>
#include <cctype>

namespace mongoro::spec::unified {

namespace {

using bson::value_view;

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// What is in front of `end`, which goes too; all of it where `end` is not there.
std::string_view take(std::string_view& text, char end) {
    const auto at = std::min(text.find(end), text.size());
    const auto taken = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return taken;
}

/// A colon and a comma stay: they separate the properties and tags of a value.
std::string encoded(std::string_view text) {
    constexpr std::string_view plain = "-._~:,";
    std::string out;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
            plain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            constexpr std::string_view digits = "0123456789ABCDEF";
            out += '%';
            out += digits[static_cast<unsigned char>(c) >> 4U];
            out += digits[static_cast<unsigned char>(c) & 0xFU];
        }
    }
    return out;
}

std::string text_of(std::string_view option, const value_view& value) {
    switch (value.type()) {
        case bson::type::boolean:
            return value.get<bool>() ? "true" : "false";
        case bson::type::int32:
        case bson::type::int64:
            return std::to_string(value.get<std::int64_t>());
        case bson::type::string:
            return encoded(value.get<std::string_view>());
        case bson::type::document: {
            std::string text;
            for (const auto& each : value) {
                if (each.key() == "$$placeholder") {
                    throw skip_test("placeholder: " + std::string(option));
                }
                text += text.empty() ? "" : ",";
                text += std::string(each.key()) + ":" +
                        text_of(std::string(option) + "." + std::string(each.key()), each.value());
            }
            return text;
        }
        default:
            throw test_failure("the URI option " + std::string(option) + " is of another type");
    }
}

}  // namespace

uri_text::uri_text(std::string_view text) {
    const auto slashes = text.find("://");
    if (slashes == std::string_view::npos) {
        throw test_failure("the connection string has no scheme");
    }
    scheme_ = text.substr(0, slashes + 3);
    text.remove_prefix(slashes + 3);
    auto place = take(text, '?');
    auto hosts = take(place, '/');
    database_ = place;
    if (const auto at = hosts.rfind('@'); at != std::string_view::npos) {
        user_ = hosts.substr(0, at + 1);
        hosts.remove_prefix(at + 1);
    }
    while (!hosts.empty()) {
        hosts_.emplace_back(take(hosts, ','));
    }
    while (!text.empty()) {
        auto value = take(text, '&');
        const auto name = take(value, '=');
        options_.push_back({std::string(name), std::string(value)});
    }
}

std::optional<std::string> uri_text::option(std::string_view name) const {
    const auto found = std::ranges::find_if(
        options_, [&](const pair& each) { return same_ignoring_case(each.name, name); });
    return found == options_.end() ? std::nullopt : std::optional(found->value);
}

void uri_text::remove(std::string_view option) {
    std::erase_if(options_,
                  [&](const pair& each) { return same_ignoring_case(each.name, option); });
}

void uri_text::set(std::string_view option, const value_view& value) {
    remove(option);
    if (value.type() == bson::type::array) {
        for (const auto& each : value) {
            options_.push_back({std::string(option), text_of(option, each.value())});
        }
    } else {
        options_.push_back({std::string(option), text_of(option, value)});
    }
}

std::string uri_text::to_string() const {
    std::string text = scheme_ + user_;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        text += (i == 0 ? "" : ",") + hosts_[i];
    }
    text += "/" + database_;
    char before = '?';
    for (const auto& each : options_) {
        text += before + each.name + "=" + each.value;
        before = '&';
    }
    return text;
}

uri_text client_uri(std::string_view base, bson::document_view entity) {
    uri_text uri(base);
    for (const auto& option : entity["uriOptions"]) {
        if (option.key() == "waitQueueSize" || option.key() == "waitQueueMultiple") {
            // Drivers without it are to leave its tests out; it is not of the URI specification.
            throw skip_test("no option of this driver: " + std::string(option.key()));
        }
        if (option.value()["$$placeholder"] && uri.option(option.key())) {
            continue;
        }
        uri.set(option.key(), option.value());
        if (option.key() == "directConnection" && option.value().get_or(false)) {
            uri.keep_host(std::string(uri.hosts().front()));
            uri.remove("replicaSet");
        }
    }
    return uri;
}

}  // namespace mongoro::spec::unified
