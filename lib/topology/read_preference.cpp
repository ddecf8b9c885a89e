#include <mongoro/options/read_preference.hpp>

namespace mongoro {

namespace {

error refused(std::string why) {
    return {errc::invalid_argument, "read preference: " + std::move(why)};
}

}  // namespace

std::string_view to_string(read_mode mode) noexcept {
    switch (mode) {
        case read_mode::primary:
            break;
        case read_mode::primary_preferred:
            return "primaryPreferred";
        case read_mode::secondary:
            return "secondary";
        case read_mode::secondary_preferred:
            return "secondaryPreferred";
        case read_mode::nearest:
            return "nearest";
    }
    return "primary";
}

result<void> read_preference::check() const {
    const bool primary = mode == read_mode::primary;
    if (primary && has_max_staleness()) {
        return refused("mode primary takes no maxStalenessSeconds");
    }
    if (primary && hedge) {
        return refused("mode primary takes no hedge");
    }
    if (has_max_staleness() && max_staleness->count() < 0) {
        return refused("maxStalenessSeconds is negative");
    }
    for (const auto& set : tag_sets) {
        bson::document_view tags;
        if (set.value().read(tags) != errc{}) {
            return refused("a tag set is no document");
        }
        for (const auto& tag : tags) {
            std::string_view value;
            if (tag.value().read(value) != errc{}) {
                return refused("a tag is no string");
            }
            if (primary) {
                return refused("mode primary takes no tags");
            }
        }
    }
    return {};
}

std::string read_preference::to_string() const {
    std::string text = "{mode: " + std::string(mongoro::to_string(mode));
    if (!tag_sets.empty()) {
        text += ", tags: [";
        const char* between = "";
        for (const auto& set : tag_sets) {
            text += between;
            text += '{';
            between = "";
            for (const auto& tag : set.value()) {
                text += between;
                text += tag.key();
                text += ": ";
                text += tag.value().get_or<std::string_view>({});
                between = ", ";
            }
            text += '}';
            between = ", ";
        }
        text += ']';
    }
    if (has_max_staleness()) {
        text += ", maxStalenessSeconds: " + std::to_string(max_staleness->count());
    }
    if (hedge) {
        text += std::string(", hedge: ") + (*hedge ? "true" : "false");
    }
    return text + '}';
}

}  // namespace mongoro
