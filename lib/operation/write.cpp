#include "operation/executor.hpp"

#include "operation/monitored.hpp"
#include "wire/server_error.hpp"

#include <algorithm>

namespace mongoro::operation {

namespace {

/// The replies of one write, added up.
class write_outcome {
 public:
    /// Reads one batch's reply, whose first document is the caller's number `first`. Whether to go
    /// on.
    [[nodiscard]] bool add(bson::document_view reply, std::int64_t first, bool ordered) {
        // One walk tells all of a reply without an error.
        std::int64_t n = 0;
        std::int64_t modified = 0;
        bson::value_view upserted;
        bool ok = false;
        bool plain = true;
        for (const auto& element : reply) {
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
            if (auto failed = detail::command_error(reply)) {
                failed_ = std::move(failed);
                return false;
            }
        }
        total_.n += n;
        total_.modified += modified;
        for (const auto& one : upserted) {
            ++upserted_;
            if (!total_.upserted_id) {
                total_.upserted_id.emplace(one.value()["_id"]);
            }
        }
        if (plain) {
            return true;
        }
        if (detail::collect_write_errors(reply, first, details_)) {
            details_.raw_reply.assign(reply.data(), reply.data() + reply.size());
        }
        return !ordered || details_.write_errors.empty();
    }

    [[nodiscard]] result<write_reply> finish(std::string_view name) {
        if (failed_) {
            return interrupted(failed_, name);
        }
        if (details_.write_errors.empty() && !details_.write_concern) {
            return std::move(total_);
        }
        if (!details_.write_errors.empty()) {
            details_.code = make_error_code(errc::write_failed);
            details_.server_code = details_.write_errors.front().code;
            details_.server_message = details_.write_errors.front().message;
        } else {
            details_.code = make_error_code(errc::write_concern_failed);
            details_.server_code = details_.write_concern->code;
            details_.server_code_name = details_.write_concern->name;
            details_.server_message = details_.write_concern->message;
        }
        details_.partial = std::make_unique<partial_write>(applied(name));
        return error(std::move(details_));
    }

    /// An error that ended the write in the middle: what the batches before it did belongs to it
    /// too.
    [[nodiscard]] error interrupted(const error& e, std::string_view name) {
        auto d = detail::details_of(e);
        d.write_errors = std::move(details_.write_errors);
        d.write_concern = std::move(details_.write_concern);
        d.partial = std::make_unique<partial_write>(applied(name));
        return error(std::move(d));
    }

 private:
    [[nodiscard]] partial_write applied(std::string_view name) const {
        partial_write p;
        if (name == "insert") {
            p.inserted_count = total_.n;
        } else if (name == "delete") {
            p.deleted_count = total_.n;
        } else {
            p.matched_count = total_.n - upserted_;
            p.modified_count = total_.modified;
            p.upserted_count = upserted_;
        }
        return p;
    }

    write_reply total_;
    std::int64_t upserted_ = 0;
    error::details details_;
    error failed_;
};

}  // namespace

task<result<write_reply>> execute_write(pool_ptr pool, detail::command_handle c) {
    if (pool->refuses()) {
        co_return error(errc::client_closed);
    }
    c->finish();
    if (c->failure()) {
        co_return c->failure();
    }
    if (c->document_count() == 0) {
        co_return error(errc::invalid_argument, "a write of no documents");
    }
    auto checked_out = pool->try_check_out();
    if (!checked_out) {
        auto waited = co_await pool->check_out();
        if (!waited) {
            co_return waited.error();
        }
        checked_out = std::move(*waited);
    }
    auto& connection = *checked_out;
    if (auto bad = c->check_size(connection.limits())) {
        co_return bad;
    }
    const auto name = c->name();
    const auto count = c->document_count();
    const bool ordered = c->ordered();
    const bool acknowledged = c->acknowledged();
    write_outcome outcome;
    auto* const monitor = pool->settings().commands;
    const auto operation_id = monitored_command::next_operation_id(monitor);
    for (std::size_t first = 0; first < count;) {
        const auto last = c->batch_end(first, connection.limits());
        monitored_command monitored;
        monitored.started(monitor, operation_id, connection, *c, first, last);
        auto reply = co_await connection.run(c, first, last);
        monitored.ended(reply);
        if (!reply) {
            if (is_network_error(reply.error())) {
                pool->clear();
            }
            co_return outcome.interrupted(reply.error(), name);
        }
        if (acknowledged && !outcome.add(reply->body, static_cast<std::int64_t>(first), ordered)) {
            break;
        }
        first = last;
    }
    if (!acknowledged) {
        co_return write_reply{
            .n = 0, .modified = 0, .upserted_id = std::nullopt, .acknowledged = false};
    }
    co_return outcome.finish(name);
}

}  // namespace mongoro::operation
