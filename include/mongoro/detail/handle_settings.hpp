#pragma once

#include <mongoro/bson/array.hpp>
#include <mongoro/options/common.hpp>
#include <mongoro/options/read_preference.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mongoro::detail {

/// What a client, a database or a collection gives to operations that say nothing else. Shared by
/// the handles and by the commands under way; never changes once it is shared. None at all means
/// all defaults.
struct handle_settings {
    read_mode mode = read_mode::primary;
    bool any_primary = true;  // the primary, and nothing else is said of it
    bson::array tag_sets;
    std::optional<std::chrono::seconds> max_staleness;
    std::optional<bool> hedge;
    std::string read_concern_level;
    std::optional<std::int32_t> w;
    std::string w_tag;
    std::optional<bool> journal;
    std::optional<std::chrono::milliseconds> w_timeout;
    std::optional<std::chrono::milliseconds> timeout;

    void set(const read_preference& to) {
        mode = to.mode;
        tag_sets = bson::array(to.tag_sets);
        max_staleness = to.max_staleness;
        hedge = to.hedge;
        any_primary =
            mode == read_mode::primary && tag_sets.empty() && !to.has_max_staleness() && !hedge;
    }
    void set(const mongoro::read_concern& to) { read_concern_level = to.level; }
    void set(const mongoro::write_concern& to) {
        w = to.w;
        w_tag = to.w_tag;
        journal = to.journal;
        w_timeout = to.w_timeout;
    }

    void set(std::chrono::milliseconds to) { timeout = to; }

    /// Views into this.
    [[nodiscard]] read_preference preference() const noexcept {
        return {mode, tag_sets.view(), max_staleness, hedge};
    }
    [[nodiscard]] mongoro::read_concern read_concern() const noexcept {
        return {read_concern_level};
    }
    [[nodiscard]] mongoro::write_concern write_concern() const noexcept {
        return {w, w_tag, journal, w_timeout};
    }
};

using handle_settings_ptr = std::shared_ptr<const handle_settings>;

/// The same with something else in the place of one of them.
template <typename Setting>
[[nodiscard]] handle_settings_ptr with_setting(const handle_settings_ptr& before,
                                               const Setting& to) {
    auto changed =
        before ? std::make_shared<handle_settings>(*before) : std::make_shared<handle_settings>();
    changed->set(to);
    return changed;
}

}  // namespace mongoro::detail
