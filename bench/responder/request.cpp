#include "responder/request.hpp"

#include <cstring>

#include "common/op_msg.hpp"

namespace bench {
namespace {

struct element {
    char type = 0;
    std::string_view key;
    std::string_view value;
};

/// Walks the elements of one document; `broken()` once a length does not hold.
class elements {
 public:
    explicit elements(std::string_view document) {
        if (document.size() < 5 || load<std::int32_t>(document.data()) < 5 ||
            static_cast<std::size_t>(load<std::int32_t>(document.data())) > document.size()) {
            broken_ = true;
            return;
        }
        rest_ = document.substr(4, load<std::int32_t>(document.data()) - 5);
    }

    bool broken() const { return broken_; }

    bool next(element& found) {
        if (broken_ || rest_.empty()) {
            return false;
        }
        const std::size_t key_end = rest_.find('\0', 1);
        if (key_end == std::string_view::npos) {
            return fail();
        }
        found.type = rest_.front();
        found.key = rest_.substr(1, key_end - 1);
        rest_.remove_prefix(key_end + 1);
        const std::size_t size = value_size(found.type);
        if (size > rest_.size()) {
            return fail();
        }
        found.value = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

 private:
    static constexpr std::size_t impossible = static_cast<std::size_t>(-1);

    bool fail() {
        broken_ = true;
        return false;
    }
    std::size_t prefixed(std::size_t extra) const {
        if (rest_.size() < 4 || load<std::int32_t>(rest_.data()) < 0) {
            return impossible;
        }
        return static_cast<std::size_t>(load<std::int32_t>(rest_.data())) + extra;
    }
    std::size_t value_size(char type) const {
        switch (static_cast<unsigned char>(type)) {
            case 1:
            case 9:
            case 17:
            case 18:
                return 8;
            case 2:
            case 13:
            case 14:
                return prefixed(4);
            case 3:
            case 4:
            case 15:
                return prefixed(0) < 5 ? impossible : prefixed(0);
            case 5:
                return prefixed(5);
            case 6:
            case 10:
            case 127:
            case 255:
                return 0;
            case 7:
                return 12;
            case 8:
                return 1;
            case 11: {
                const std::size_t pattern = rest_.find('\0');
                const std::size_t options =
                    pattern == std::string_view::npos ? pattern : rest_.find('\0', pattern + 1);
                return options == std::string_view::npos ? impossible : options + 1;
            }
            case 12:
                return prefixed(16);
            case 16:
                return 4;
            case 19:
                return 16;
            default:
                return impossible;
        }
    }

    std::string_view rest_;
    bool broken_ = false;
};

std::string_view text(const element& from) {
    return from.type == 2 && from.value.size() > 4 ? from.value.substr(4, from.value.size() - 5)
                                                   : std::string_view();
}

std::int64_t number(const element& from) {
    switch (from.type) {
        case 1:
            return static_cast<std::int64_t>(load<double>(from.value.data()));
        case 16:
            return load<std::int32_t>(from.value.data());
        case 18:
            return load<std::int64_t>(from.value.data());
        default:
            return 0;
    }
}

bool is_batch_of_writes(std::string_view key) {
    return key == "documents" || key == "updates" || key == "deletes";
}

bool read_body(std::string_view document, request& into) {
    elements all(document);
    element found;
    bool first = true;
    while (all.next(found)) {
        if (first) {
            into.command = found.key;
            into.collection = text(found);
            into.cursor_id = found.key == "getMore" ? number(found) : 0;
            first = false;
        } else if (found.key == "$db") {
            into.database = text(found);
        } else if (found.key == "collection") {
            into.collection = text(found);
        } else if (found.key == "limit") {
            into.limit = number(found);
        } else if (found.key == "batchSize") {
            into.batch_size = number(found);
        } else if (found.key == "cursor" && found.type == 3) {
            elements options(found.value);
            element option;
            while (options.next(option)) {
                if (option.key == "batchSize") {
                    into.batch_size = number(option);
                }
            }
        } else if (is_batch_of_writes(found.key) && found.type == 4) {
            elements writes(found.value);
            element write;
            while (writes.next(write)) {
                ++into.documents;
            }
        }
    }
    return !all.broken() && !first;
}

bool read_sequence(std::string_view section, request& into) {
    const std::size_t name_end = section.find('\0');
    if (name_end == std::string_view::npos) {
        return false;
    }
    section.remove_prefix(name_end + 1);
    while (!section.empty()) {
        if (section.size() < 5 || load<std::int32_t>(section.data()) < 5 ||
            static_cast<std::size_t>(load<std::int32_t>(section.data())) > section.size()) {
            return false;
        }
        section.remove_prefix(load<std::int32_t>(section.data()));
        ++into.documents;
    }
    return true;
}

bool read_op_msg(std::string_view payload, request& into) {
    if (payload.size() < 4) {
        return false;
    }
    const auto flags = load<std::uint32_t>(payload.data());
    into.wants_reply = (flags & flag_more_to_come) == 0;
    payload.remove_prefix(4);
    if ((flags & flag_checksum) != 0) {
        if (payload.size() < 4) {
            return false;
        }
        payload.remove_suffix(4);
    }
    bool have_body = false;
    while (!payload.empty()) {
        const char kind = payload.front();
        payload.remove_prefix(1);
        if (payload.size() < 4 || load<std::int32_t>(payload.data()) < 5) {
            return false;
        }
        const auto size = static_cast<std::size_t>(load<std::int32_t>(payload.data()));
        if (size > payload.size()) {
            return false;
        }
        if (kind == 0 && !have_body) {
            have_body = true;
            if (!read_body(payload.substr(0, size), into)) {
                return false;
            }
        } else if (kind != 1 || !read_sequence(payload.substr(4, size - 4), into)) {
            return false;
        }
        payload.remove_prefix(size);
    }
    return have_body;
}

bool read_op_query(std::string_view payload, request& into) {
    into.legacy = true;
    const std::size_t name_end =
        payload.size() < 5 ? std::string_view::npos : payload.find('\0', 4);
    if (name_end == std::string_view::npos || payload.size() < name_end + 9) {
        return false;
    }
    return read_body(payload.substr(name_end + 9), into);
}

}  // namespace

std::optional<request> parse_request(std::string_view message) {
    if (message.size() < header_size) {
        return std::nullopt;
    }
    request made;
    made.id = load<std::int32_t>(message.data() + request_id_at);
    const auto opcode = load<std::int32_t>(message.data() + 12);
    const std::string_view payload = message.substr(header_size);
    const bool good = opcode == op_msg     ? read_op_msg(payload, made)
                      : opcode == op_query ? read_op_query(payload, made)
                                           : false;
    return good ? std::optional<request>(made) : std::nullopt;
}

}  // namespace bench
