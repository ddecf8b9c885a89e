#include "operation/write_outcome.hpp"

#include <cstdint>

namespace mongoro::operation {

namespace {

/// No server writes as many at once, and the sum of all batches stays far from overflow.
constexpr bool is_countable(std::int64_t n) noexcept {
    return (static_cast<std::uint64_t>(n) >> 40U) == 0;
}

}  // namespace

[[gnu::hot]] error write_outcome::add(detail::reply& r, std::size_t first) {
    if (!acknowledged_) {
        return {};
    }
    // One walk tells all of a reply without an error.
    std::int64_t n = 0;
    std::int64_t modified = 0;
    bson::value_view upserted;
    bool ok = false;
    bool plain = true;
    for (const auto& element : r.body) {
        const auto key = element.key();
        const auto& value = element.value();
        if (key == "n") {
            n = value.get_or<std::int64_t>(0);
        } else if (key == "nModified") {
            modified = value.get_or<std::int64_t>(0);
        } else if (key == "upserted") {
            upserted = value;
        } else if (key == "ok" && !ok) {
            ok = value.get_or<double>(0) == 1;
            plain = plain && ok;
        } else if (key == "writeErrors" || key == "writeConcernError" || element.malformed()) {
            plain = false;
        }
    }
    if (!ok || !plain) [[unlikely]] {
        if (auto failed = detail::command_error(r.body)) {
            return failed;
        }
    }
    if (!is_countable(n | modified)) [[unlikely]] {
        return {errc::malformed_reply, "a write of more documents than there can be"};
    }
    total_.n += n;
    total_.modified += modified;
    if (upserted.exists()) [[unlikely]] {
        add_upserted(upserted);
    }
    if (plain) {
        return {};
    }
    auto found = details_ ? std::move(details_) : std::make_unique<error::details>();
    if (detail::collect_write_errors(r.body, static_cast<std::int64_t>(first), *found)) {
        found->raw_reply.assign(r.body.data(), r.body.data() + r.body.size());
    }
    goes_on_ = !ordered_ || found->write_errors.empty();
    if (!found->write_errors.empty() || found->write_concern) {
        details_ = std::move(found);
    }
    return {};
}

void write_outcome::add_upserted(const bson::value_view& list) {
    for (const auto& one : list) {
        ++upserted_;
        if (!total_.upserted_id) {
            total_.upserted_id.emplace(one.value()["_id"]);
        }
    }
}

[[gnu::hot]] error write_outcome::refused() {
    if (!details_) [[likely]] {
        return {};
    }
    auto& d = *details_;
    if (!d.write_errors.empty()) {
        d.code = make_error_code(errc::write_failed);
        d.server_code = d.write_errors.front().code;
        d.server_message = d.write_errors.front().message;
    } else {
        d.code = make_error_code(errc::write_concern_failed);
        d.server_code = d.write_concern->code;
        d.server_code_name = d.write_concern->name;
        d.server_message = d.write_concern->message;
    }
    d.partial = std::make_unique<partial_write>(applied());
    return error(std::move(d));
}

result<write_reply> write_outcome::finish(const wire::command& /*c*/) {
    if (auto failed = refused()) [[unlikely]] {
        return failed;
    }
    total_.acknowledged = acknowledged_;
    return std::move(total_);
}

[[gnu::hot]] result<insert_one_result> insert_one_outcome::finish(const wire::command& c) {
    if (auto failed = refused()) [[unlikely]] {
        return failed;
    }
    const auto document = c.documents(0, 1);
    const auto id = bson::document_view(document.data(), document.size())["_id"];
    return insert_one_result{bson::value(id), acknowledged()};
}

error write_outcome::interrupted(const error& e) {
    auto d = detail::details_of(e);
    if (details_) {
        d.write_errors = std::move(details_->write_errors);
        if (!d.write_concern) {
            d.write_concern = std::move(details_->write_concern);
        }
        for (auto& label : details_->labels) {
            if (!e.has_label(label)) {
                d.labels.push_back(std::move(label));
            }
        }
    }
    d.partial = std::make_unique<partial_write>(applied());
    return error(std::move(d));
}

partial_write write_outcome::applied() const {
    partial_write p;
    if (name_ == "insert") {
        p.inserted_count = total_.n;
    } else if (name_ == "delete") {
        p.deleted_count = total_.n;
    } else {
        p.matched_count = total_.n - upserted_;
        p.modified_count = total_.modified;
        p.upserted_count = upserted_;
    }
    return p;
}

}  // namespace mongoro::operation
