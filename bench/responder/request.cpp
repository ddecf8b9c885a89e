#include "responder/request.hpp"

#include "common/op_msg.hpp"
#include "responder/elements.hpp"

namespace bench {
namespace {

bool is_batch_of_writes(std::string_view key) {
    return key == "documents" || key == "updates" || key == "deletes";
}

bool read_body(std::string_view document, request& into) {
    into.body = document;
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
