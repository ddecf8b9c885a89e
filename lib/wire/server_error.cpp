#include "wire/server_error.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mongoro::detail {

namespace {

std::vector<std::uint8_t> copy_of(bson::document_view view) {
    return {view.bytes().begin(), view.bytes().end()};
}

// What an error holds is best effort: a server that sends an odd type for one field of its error
// has still sent an error.
int code_of(bson::document_view from) {
    return from["code"].get_or<std::int32_t>(0);
}

std::string text_of(bson::document_view from, std::string_view key) {
    return std::string(from[key].get_or<std::string_view>({}));
}

// Labels come from a server that nobody has logged in to yet: so many, and so long, that the search
// for one that is there already stays cheap. Servers send a handful.
constexpr std::size_t most_labels = 64;
constexpr std::size_t longest_label = 256;

void add_labels(bson::document_view from, std::vector<std::string>& labels) {
    bson::array_view list;
    if (from["errorLabels"].read(list) != errc{}) {
        return;
    }
    for (const auto& item : list) {
        if (labels.size() >= most_labels) {
            return;
        }
        std::string_view label;
        if (item.value().read(label) == errc{} && label.size() <= longest_label &&
            std::find(labels.begin(), labels.end(), label) == labels.end()) {
            labels.emplace_back(label);
        }
    }
}

bool add_write_concern_error(bson::document_view reply, error::details& to) {
    const auto value = reply["writeConcernError"];
    if (!value || value.is_null()) {
        return false;
    }
    // One that is no document is an error all the same, of which nothing is known.
    const auto from = value.get_or<bson::document_view>({});
    to.write_concern = std::make_unique<write_concern_error>();
    to.write_concern->code = code_of(from);
    to.write_concern->name = text_of(from, "codeName");
    to.write_concern->message = text_of(from, "errmsg");
    to.write_concern->raw = copy_of(from);
    add_labels(from, to.labels);
    return true;
}

// `ok` as the server means it: any number, 1 is success. Also true and false, of old proxies.
std::optional<bool> is_ok(bson::document_view reply, errc& why) {
    const auto ok = reply["ok"];
    double number = 0;
    why = ok.read(number);
    if (why == errc{}) {
        return number == 1;
    }
    bool flag = false;
    if (ok.read(flag) == errc{}) {
        return flag;
    }
    return std::nullopt;
}

// What nearly every reply says, in one walk. One that it is not sure of is looked at again,
// closely.
bool is_plain_success(bson::document_view reply) noexcept {
    bool ok = false;
    for (const auto& element : reply) {
        const auto key = element.key();
        if (key == "ok" && !ok) {
            double number = 0;
            ok = element.value().read(number) == errc{} && number == 1;
            if (!ok) {
                return false;
            }
        } else if (key == "writeErrors" || key == "writeConcernError" || element.malformed()) {
            return false;
        }
    }
    return ok;
}

}  // namespace

error command_error(bson::document_view reply) {
    errc why{};
    const auto ok = is_ok(reply, why);
    if (ok.value_or(false)) {
        return {};
    }
    const auto legacy = reply["$err"];
    if (!ok && !legacy) {
        if (why == errc::malformed_bson) {
            return error(make_error_code(errc::malformed_bson), "a reply that cannot be read");
        }
        return error(make_error_code(errc::malformed_reply),
                     why == errc::key_not_found ? "a reply without ok" : "ok is no number");
    }
    error::details d;
    d.code = make_error_code(errc::command_failed);
    d.server_code = code_of(reply);
    d.server_code_name = text_of(reply, "codeName");
    d.server_message = text_of(reply, legacy ? "$err" : "errmsg");
    add_labels(reply, d.labels);
    add_write_concern_error(reply, d);
    d.raw_reply = copy_of(reply);
    return error(std::move(d));
}

bool collect_write_errors(bson::document_view reply, std::int64_t first_index, error::details& to) {
    bool found = add_write_concern_error(reply, to);
    // A list or an item that cannot be read is an error all the same: taking it for success would
    // tell the caller that something was written.
    const auto failed = reply["writeErrors"];
    if (failed && failed.type() != bson::type::array && !failed.is_null()) {
        to.write_errors.emplace_back().index = first_index;
        found = true;
    } else if (failed && !failed.is_null()) {
        for (const auto& item : failed) {
            const auto from = item.value().get_or<bson::document_view>({});
            write_error e;
            e.index = first_index + from["index"].get_or<std::int32_t>(0);
            e.code = code_of(from);
            e.message = text_of(from, "errmsg");
            e.raw = copy_of(from);
            to.write_errors.push_back(std::move(e));
            found = true;
        }
    }
    if (found) {
        add_labels(reply, to.labels);
    }
    return found;
}

[[gnu::hot]] error write_reply_error(bson::document_view reply, std::int64_t first_index) {
    if (is_plain_success(reply)) {
        return {};
    }
    if (auto failed = command_error(reply)) {
        return failed;
    }
    error::details d;
    if (!collect_write_errors(reply, first_index, d)) {
        return {};
    }
    d.code =
        make_error_code(d.write_errors.empty() ? errc::write_concern_failed : errc::write_failed);
    if (!d.write_errors.empty()) {
        d.server_code = d.write_errors.front().code;
        d.server_message = d.write_errors.front().message;
    } else {
        d.server_code = d.write_concern->code;
        d.server_code_name = d.write_concern->name;
        d.server_message = d.write_concern->message;
    }
    d.raw_reply = copy_of(reply);
    return error(std::move(d));
}

error::details details_of(const error& e) {
    error::details d;
    d.code = e.code();
    d.message = e.message();
    d.server_code = e.server_code();
    d.server_code_name = e.server_code_name();
    d.server_message = e.server_message();
    d.labels.assign(e.labels().begin(), e.labels().end());
    d.raw_reply.assign(e.raw_reply().begin(), e.raw_reply().end());
    d.write_errors.assign(e.write_errors().begin(), e.write_errors().end());
    if (const auto* concern = e.write_concern()) {
        d.write_concern = std::make_unique<write_concern_error>(*concern);
    }
    if (const auto* partial = e.partial()) {
        d.partial = std::make_unique<partial_write>(*partial);
    }
    if (const auto* cause = e.cause()) {
        d.cause = *cause;
    }
    return d;
}

error with_code(const error& e, errc code) {
    auto d = details_of(e);
    d.code = make_error_code(code);
    return error(std::move(d));
}

}  // namespace mongoro::detail
