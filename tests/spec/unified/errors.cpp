#include "unified/failure.hpp"
#include "unified/operations.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace mongoro::spec::unified {

namespace {

using bson::value_view;

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// Everything that the error says, the server's words included.
std::string all_text(const error& e) {
    std::string text = e.to_string() + "; " + std::string(e.server_message());
    for (const auto& each : e.write_errors()) {
        text += "; " + each.message;
    }
    if (e.write_concern() != nullptr) {
        text += "; " + e.write_concern()->message;
    }
    return e.cause() == nullptr ? text : text + "; " + all_text(*e.cause());
}

/// Whether a server's reply is what it came from. Logging in is several commands, so that its
/// reply is the cause of what it ended with.
bool is_server_error(const error& e) {
    if (e.server_code() != 0 || !e.raw_reply().empty() || !e.write_errors().empty() ||
        e.write_concern() != nullptr) {
        return true;
    }
    const bool is_login = e == errc::authentication_failed || e == errc::handshake_failed;
    return is_login && e.cause() != nullptr && is_server_error(*e.cause());
}

bool has_code(const error& e, int code) {
    return e.server_code() == code ||
           (e.write_concern() != nullptr && e.write_concern()->code == code) ||
           std::ranges::any_of(e.write_errors(),
                               [code](const write_error& each) { return each.code == code; }) ||
           (e == errc::authentication_failed && e.cause() != nullptr && has_code(*e.cause(), code));
}

bool has_code_name(const error& e, std::string_view name) {
    return lower(e.server_code_name()) == lower(name) ||
           (e.write_concern() != nullptr && lower(e.write_concern()->name) == lower(name)) ||
           (e == errc::authentication_failed && e.cause() != nullptr &&
            has_code_name(*e.cause(), name));
}

std::string of_labels(const value_view& labels, const error& got, bool wanted) {
    for (const auto& each : labels) {
        const auto label = each.value().get<std::string_view>();
        if (got.has_label(label) != wanted) {
            return (wanted ? "no label " : "the label ") + std::string(label);
        }
    }
    return {};
}

document server_words(int code, std::string_view message) {
    document words;
    words.append("code", code);
    words.append("message", message);
    return words;
}

std::string of_write_errors(const matcher& by, const value_view& expected, const error& got) {
    if (expected.get<bson::document_view>().count() != got.write_errors().size()) {
        return "has " + std::to_string(got.write_errors().size()) + " write errors";
    }
    for (const auto& each : got.write_errors()) {
        const auto wanted = expected[std::to_string(each.index)];
        if (!wanted) {
            return "has a write error of " + std::to_string(each.index);
        }
        const auto words = server_words(each.code, each.message);
        auto why = by.mismatch(wanted.get<bson::document_view>(), words, matcher::level::root);
        if (!why.empty()) {
            return why;
        }
    }
    return {};
}

std::string of_write_concern_errors(const matcher& by, const value_view& expected,
                                    const error& got) {
    bson::array all;
    if (got.write_concern() != nullptr) {
        all.append(server_words(got.write_concern()->code, got.write_concern()->message));
    }
    document holder;
    holder.append("v", all);
    return by.mismatch_each(expected, holder["v"]);
}

std::string of_partial(const matcher& by, const value_view& expected, const error& got) {
    document holder;
    if (const auto* const done = got.partial()) {
        document value;
        value.append("insertedCount", done->inserted_count);
        value.append("matchedCount", done->matched_count);
        value.append("modifiedCount", done->modified_count);
        value.append("deletedCount", done->deleted_count);
        value.append("upsertedCount", done->upserted_count);
        if (done->upserted_count == 0) {
            value.append("upsertedIds", document());
        }
        holder.append("v", value);
    }
    return by.mismatch(expected, holder["v"], matcher::level::root);
}

std::string of_property(const matcher& by, std::string_view name, const value_view& wanted,
                        const error& got) {
    if (name == "isError") {
        return {};
    }
    if (name == "isClientError") {
        return wanted.get<bool>() != is_server_error(got) ? "" : "differs";
    }
    if (name == "isTimeoutError") {
        return wanted.get<bool>() == (got == errc::deadline_exceeded) ? "" : "differs";
    }
    if (name == "errorContains") {
        const auto text = lower(wanted.get<std::string_view>());
        return lower(all_text(got)).find(text) != std::string::npos ? "" : "does not";
    }
    if (name == "errorCode") {
        return has_code(got, wanted.get<std::int32_t>()) ? "" : "is another one";
    }
    if (name == "errorCodeName") {
        return has_code_name(got, wanted.get<std::string_view>()) ? "" : "is another one";
    }
    if (name == "errorLabelsContain" || name == "errorLabelsOmit") {
        return of_labels(wanted, got, name == "errorLabelsContain");
    }
    if (name == "errorResponse") {
        if (got.raw_reply().empty()) {
            return "there is none";
        }
        const auto reply = bson::document_view::from_bytes(got.raw_reply());
        return by.mismatch(wanted.get<bson::document_view>(), reply.value(), matcher::level::root);
    }
    if (name == "writeErrors") {
        return of_write_errors(by, wanted, got);
    }
    if (name == "writeConcernErrors") {
        return of_write_concern_errors(by, wanted, got);
    }
    if (name == "expectResult") {
        return of_partial(by, wanted, got);
    }
    throw test_failure("expectError has no " + std::string(name));
}

}  // namespace

std::string error_mismatch(const matcher& by, const value_view& expected, const error& got) {
    for (const auto& each : expected) {
        const auto why = of_property(by, each.key(), each.value(), got);
        if (!why.empty()) {
            return std::string(each.key()) + " " + shown(each.value()) + ": " + why +
                   " in: " + all_text(got);
        }
    }
    return {};
}

}  // namespace mongoro::spec::unified
