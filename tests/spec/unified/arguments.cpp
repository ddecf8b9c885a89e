#include "unified/arguments.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace mongoro::spec::unified {

namespace {

using bson::document_view;
using bson::value_view;

/// Arguments that the specifications have and that no operation here may take yet.
constexpr std::array<std::string_view, 24> known_arguments{
    "session",
    "timeoutMS",
    "timeoutMode",
    "readPreference",
    "readConcern",
    "writeConcern",
    "comment",
    "maxTimeMS",
    "maxAwaitTimeMS",
    "hint",
    "let",
    "collation",
    "cursorType",
    "batchSize",
    "encryptedFields",
    "rawData",
    "bypassEmptyTsReplacement",
    "validator",
    "index",
    "sort",
    "filter",
    "nameOnly",
    "expireAfterSeconds",
    "pipeline",
};

template <typename T>
T as(std::string_view name, const value_view& value) {
    const auto got = value.try_get<T>();
    if (!got) {
        throw test_failure("the argument " + std::string(name) + " is of another type");
    }
    return *got;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// What can be given in a file: the members of a concern or a preference.
void know(document_view from, std::initializer_list<std::string_view> members) {
    for (const auto& each : from) {
        if (std::ranges::find(members, each.key()) == members.end()) {
            throw test_failure("an unknown member " + std::string(each.key()));
        }
    }
}

}  // namespace

read_concern read_concern_of(document_view from) {
    know(from, {"level"});
    return {.level = as<std::string_view>("level", from["level"])};
}

write_concern write_concern_of(document_view from) {
    know(from, {"w", "journal", "wtimeoutMS"});
    write_concern concern;
    if (const auto w = from["w"]; w.type() == bson::type::string) {
        concern.w_tag = w.get<std::string_view>();
    } else if (w) {
        concern.w = as<std::int32_t>("w", w);
    }
    if (const auto journal = from["journal"]) {
        concern.journal = as<bool>("journal", journal);
    }
    if (const auto time = from["wtimeoutMS"]) {
        concern.w_timeout = std::chrono::milliseconds(as<std::int64_t>("wtimeoutMS", time));
    }
    return concern;
}

read_preference read_preference_of(document_view from) {
    know(from, {"mode", "tagSets", "maxStalenessSeconds", "hedge"});
    read_preference preference;
    const auto mode = as<std::string_view>("mode", from["mode"]);
    bool known = false;
    for (const auto each : {read_mode::primary, read_mode::primary_preferred, read_mode::secondary,
                            read_mode::secondary_preferred, read_mode::nearest}) {
        if (same_ignoring_case(to_string(each), mode)) {
            preference.mode = each;
            known = true;
        }
    }
    if (!known) {
        throw test_failure("no read preference is called " + std::string(mode));
    }
    if (const auto tags = from["tagSets"]) {
        preference.tag_sets = as<bson::array_view>("tagSets", tags);
    }
    if (const auto staleness = from["maxStalenessSeconds"]) {
        preference.max_staleness =
            std::chrono::seconds(as<std::int64_t>("maxStalenessSeconds", staleness));
    }
    if (const auto hedge = from["hedge"]) {
        preference.hedge = as<bool>("hedge.enabled", hedge["enabled"]);
    }
    return preference;
}

void arguments::finish() const {
    std::string not_built;
    for (const auto& each : from_) {
        if (std::ranges::find(known_, each.key()) != known_.end()) {
            continue;
        }
        if (std::ranges::find(known_arguments, each.key()) == known_arguments.end()) {
            throw test_failure("unsupported argument: " + std::string(each.key()));
        }
        not_built = each.key();
    }
    if (!not_built.empty()) {
        throw skip_test("argument not built: " + not_built);
    }
}

void arguments::take(std::string_view name, std::optional<bool>& to) {
    if (const auto value = optional(name)) {
        to = as<bool>(name, value);
    }
}

void arguments::take(std::string_view name, bool& to) {
    if (const auto value = optional(name)) {
        to = as<bool>(name, value);
    }
}

void arguments::take(std::string_view name, std::optional<std::int32_t>& to) {
    if (const auto value = optional(name)) {
        to = as<std::int32_t>(name, value);
    }
}

void arguments::take(std::string_view name, std::optional<std::int64_t>& to) {
    if (const auto value = optional(name)) {
        to = as<std::int64_t>(name, value);
    }
}

void arguments::take(std::string_view name, std::optional<std::chrono::milliseconds>& to) {
    if (const auto value = optional(name)) {
        to = std::chrono::milliseconds(as<std::int64_t>(name, value));
    }
}

void arguments::take(std::string_view name, std::optional<std::chrono::seconds>& to) {
    if (const auto value = optional(name)) {
        to = std::chrono::seconds(as<std::int64_t>(name, value));
    }
}

void arguments::take(std::string_view name, std::optional<document_view>& to) {
    if (const auto value = optional(name)) {
        to = as<document_view>(name, value);
    }
}

void arguments::take(std::string_view name, std::optional<bson::array_view>& to) {
    if (const auto value = optional(name)) {
        to = as<bson::array_view>(name, value);
    }
}

void arguments::take(std::string_view name, std::string_view& to) {
    if (const auto value = optional(name)) {
        to = as<std::string_view>(name, value);
    }
}

void arguments::take(std::string_view name, std::optional<option_value>& to) {
    if (const auto value = optional(name)) {
        to = option_value(value);
    }
}

void arguments::take(std::string_view name, std::optional<hint_option>& to) {
    if (const auto value = optional(name)) {
        to = value.type() == bson::type::string ? hint_option(value.get<std::string_view>())
                                                : hint_option(as<document_view>(name, value));
    }
}

void arguments::take(std::string_view name, std::optional<read_concern>& to) {
    if (const auto value = optional(name)) {
        to = read_concern_of(as<document_view>(name, value));
    }
}

void arguments::take(std::string_view name, std::optional<write_concern>& to) {
    if (const auto value = optional(name)) {
        to = write_concern_of(as<document_view>(name, value));
    }
}

void arguments::take(std::string_view name, std::optional<read_preference>& to) {
    if (const auto value = optional(name)) {
        to = read_preference_of(as<document_view>(name, value));
    }
}

void arguments::take(std::string_view name, std::optional<timeout_mode>& to) {
    const auto value = optional(name);
    if (!value) {
        return;
    }
    const auto word = as<std::string_view>(name, value);
    if (word == "iteration") {
        to = timeout_mode::iteration;
    } else if (word == "cursorLifetime") {
        to = timeout_mode::cursor_lifetime;
    } else {
        throw test_failure("timeoutMode cannot be " + std::string(word));
    }
}

void arguments::take(std::string_view name, cursor_type& to) {
    const auto value = optional(name);
    if (!value) {
        return;
    }
    const auto word = as<std::string_view>(name, value);
    if (word == "tailable") {
        to = cursor_type::tailable;
    } else if (word == "tailableAwait") {
        to = cursor_type::tailable_await;
    } else if (word != "nonTailable") {
        throw test_failure("no cursor is " + std::string(word));
    }
}

void arguments::take(std::string_view name, return_document& to) {
    const auto value = optional(name);
    if (!value) {
        return;
    }
    const auto word = as<std::string_view>(name, value);
    if (same_ignoring_case(word, "after")) {
        to = return_document::after;
    } else if (!same_ignoring_case(word, "before")) {
        throw test_failure("returnDocument cannot be " + std::string(word));
    }
}

}  // namespace mongoro::spec::unified
