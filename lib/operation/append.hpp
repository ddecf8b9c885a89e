#pragma once

#include "operation/operations.hpp"
#include "wire/command.hpp"

#include <mongoro/options/common.hpp>

#include <optional>

namespace mongoro::operation {

using wire::command;

inline constexpr std::uint8_t wire_version_4_4 = 9;

/// Appends an option that is set; one that is not is not sent.
template <typename T>
void append_if(bson::writer& to, std::string_view key, const std::optional<T>& option) {
    if (option) {
        to.append(key, *option);
    }
}

inline void append_if(bson::writer& to, std::string_view key,
                      const std::optional<option_value>& option) {
    if (option) {
        option->append_to(to, key);
    }
}

inline void append_if(bson::writer& to, std::string_view key,
                      const std::optional<hint_option>& option) {
    if (option) {
        option->append_to(to, key);
    }
}

inline void append_if(bson::writer& to, std::string_view key,
                      const std::optional<std::chrono::milliseconds>& option) {
    if (option) {
        to.append(key, static_cast<std::int64_t>(option->count()));
    }
}

inline void append_if(bson::writer& to, std::string_view key,
                      const std::optional<std::chrono::seconds>& option) {
    if (option) {
        to.append(key, static_cast<std::int64_t>(option->count()));
    }
}

inline void append_if(bson::writer& to, std::string_view key, std::string_view text) {
    if (!text.empty()) {
        to.append(key, text);
    }
}

/// What bounds the operation: its own timeout, or that of its handle. To be called first: with one,
/// the options that it replaces are not appended.
inline void set_limit(command& to, const std::optional<std::chrono::milliseconds>& timeout,
                      const target& t) {
    if (timeout || t.settings != nullptr) [[unlikely]] {
        begin_limit(to, timeout, t);
    }
}

inline void append_max_time(command& to, const std::optional<std::chrono::milliseconds>& option) {
    if (option && !to.limit()) {
        append_if(to.body(), "maxTimeMS", option);
    }
}

inline void append_read_concern(bson::writer& to, const std::optional<read_concern>& option) {
    if (option && !option->level.empty()) {
        to.begin_document("readConcern");
        to.append("level", option->level);
        to.end();
    }
}

/// Appends the operation's read concern, or that of its handle. The server's default is named only
/// where it is in the place of another one.
inline void append_concern(command& to, const std::optional<read_concern>& option,
                           const target& t) {
    if (t.settings != nullptr) [[unlikely]] {
        const auto inherited = (*t.settings)->read_concern();
        if (option && option->level.empty() && !inherited.level.empty()) {
            to.body().begin_document("readConcern");
            to.body().end();
        } else {
            append_read_concern(to.body(), option ? *option : inherited);
        }
    } else {
        append_read_concern(to.body(), option);
    }
}

/// Makes it a read, which goes where its handle's read preference says.
inline void set_read(command& to, const target& t) {
    to.set_kind(command::kind::read);
    if (t.settings != nullptr) [[unlikely]] {
        to.set_settings(*t.settings);
    }
}

/// Appends the write concern, and marks the command as one without a reply for `{w: 0}`.
inline void append_write_concern(command& to, const std::optional<write_concern>& option) {
    if (!option || option->is_default()) {
        return;
    }
    if (option->w_timeout && option->w_timeout->count() < 0) {
        to.fail({errc::invalid_argument, "a write concern's timeout is negative"});
    }
    const bool has_time = option->w_timeout && !to.limit();
    if (!has_time && !option->w && option->w_tag.empty() && !option->journal) {
        return;
    }
    auto& body = to.body();
    body.begin_document("writeConcern");
    if (!option->w_tag.empty()) {
        body.append("w", option->w_tag);
    } else if (option->w) {
        body.append("w", *option->w);
    }
    append_if(body, "j", option->journal);
    if (has_time) {
        append_if(body, "wtimeout", option->w_timeout);
    }
    body.end();
    if (option->w_tag.empty() && option->w) {
        if (*option->w == 0 && option->journal.value_or(false)) {
            to.fail({errc::invalid_argument, "a write concern of w: 0 cannot have a journal"});
        }
        if (*option->w < 0) {
            to.fail({errc::invalid_argument, "a write concern's w is negative"});
        }
    }
    if (!option->is_acknowledged()) {
        to.set_unacknowledged();
    }
}

/// Before 4.4 a server refuses a hint of a delete or a find-and-modify, and nobody would hear of
/// it. Spec: crud, "Why are client-side errors raised for some unsupported options?".
inline void refuse_unheard_hint(command& c, const std::optional<hint_option>& hint) {
    if (!c.acknowledged() && hint) {
        c.fail_before(wire_version_4_4,
                      {errc::not_supported,
                       "a hint of an unacknowledged delete or find-and-modify needs MongoDB 4.4"});
    }
}

/// Appends the operation's write concern, or that of its handle.
inline void append_concern(command& to, const std::optional<write_concern>& option,
                           const target& t) {
    if (!option && t.settings != nullptr) [[unlikely]] {
        append_write_concern(to, (*t.settings)->write_concern());
    } else {
        append_write_concern(to, option);
    }
}

}  // namespace mongoro::operation
