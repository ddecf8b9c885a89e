#include "scripted_store.hpp"

#include <mongoro/bson/array.hpp>
#include <mongoro/bson/build.hpp>

#include <algorithm>
#include <array>

namespace mongoro::test {

namespace {

using list = std::vector<bson::document>;

bool matches(bson::document_view filter, bson::document_view document) {
    const auto id = filter["_id"];
    return !id.exists() || id == document["_id"];
}

/// The documents of a write, in a sequence or in the body.
list documents_of(const received_command& command, std::string_view key) {
    if (const auto sequence = command.sequences.find(std::string(key));
        sequence != command.sequences.end()) {
        return sequence->second;
    }
    list out;
    for (const auto& element : command.body[key]) {
        out.emplace_back(element.value().get_or<bson::document_view>({}));
    }
    return out;
}

bson::document cursor_of(const std::string& ns, const list& documents) {
    bson::array batch;
    for (const auto& d : documents) {
        batch.append(d);
    }
    bson::document cursor;
    cursor.append("id", std::int64_t{0}).append("ns", ns).append("firstBatch", batch);
    bson::document out;
    out.append("cursor", cursor).append("ok", 1.0);
    return out;
}

bson::document counted(std::int32_t n) {
    bson::document out;
    out.append("n", n).append("ok", 1.0);
    return out;
}

list found(const list& in, bson::document_view filter, std::size_t most) {
    list out;
    for (const auto& d : in) {
        if (out.size() < most && matches(filter, d)) {
            out.push_back(d);
        }
    }
    return out;
}

}  // namespace

bool scripted_store::is_write(std::string_view name) {
    return name == "insert" || name == "delete" || name == "drop";
}

bool scripted_store::is_read(std::string_view name) {
    return name == "find" || name == "count" || name == "aggregate";
}

bson::document scripted_store::insert(const received_command& command, list& into) {
    std::int32_t n = 0;
    std::int32_t index = 0;
    bson::array errors;
    for (auto& d : documents_of(command, "documents")) {
        const bool there = std::any_of(into.begin(), into.end(),
                                       [&](const auto& old) { return old["_id"] == d["_id"]; });
        if (there) {
            bson::document failed;
            failed.append("index", index).append("code", 11000).append("errmsg", "duplicate key");
            errors.append(failed);
            if (command.body["ordered"].get_or<bool>(true)) {
                break;
            }
        } else {
            into.push_back(std::move(d));
            ++n;
            ++writes_;
        }
        ++index;
    }
    auto out = counted(n);
    if (errors.size() > 0) {
        out.append("writeErrors", errors);
    }
    return out;
}

bson::document scripted_store::remove(const received_command& command, list& from) {
    std::int32_t n = 0;
    for (const auto& statement : documents_of(command, "deletes")) {
        const auto filter = statement["q"].get_or<bson::document_view>({});
        const bool one = statement["limit"].get_or<std::int32_t>(0) == 1;
        for (auto d = from.begin(); d != from.end();) {
            if (!matches(filter, *d)) {
                ++d;
                continue;
            }
            d = from.erase(d);
            ++n;
            ++writes_;
            if (one) {
                break;
            }
        }
    }
    return counted(n);
}

std::optional<bson::document> scripted_store::run(const received_command& command) {
    if (!is_read(command.name) && !is_write(command.name)) {
        return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    const auto& body = command.body;
    const auto ns =
        command.database() + '.' + std::string(body[command.name].get_or<std::string_view>({}));
    auto& documents = collections_[ns];
    if (command.name == "find") {
        const auto limit = body["limit"].get_or<std::int64_t>(0);
        return cursor_of(ns, found(documents, body["filter"].get_or<bson::document_view>({}),
                                   limit == 0 ? SIZE_MAX : static_cast<std::size_t>(limit)));
    }
    if (command.name == "count") {
        const auto all = found(documents, body["query"].get_or<bson::document_view>({}), SIZE_MAX);
        return counted(static_cast<std::int32_t>(all.size()));
    }
    if (command.name == "aggregate") {
        const auto filter = body["pipeline"][0]["$match"].get_or<bson::document_view>({});
        const auto all = found(documents, filter, SIZE_MAX);
        bson::document row;
        row.append("_id", 1).append("n", static_cast<std::int32_t>(all.size()));
        return cursor_of(ns, all.empty() ? list() : list{row});
    }

    std::string key;
    if (const auto number = body["txnNumber"]; number.exists()) {
        const auto session = body["lsid"].raw();
        key.assign(session.begin(), session.end());
        key += '/' + std::to_string(number.get_or<std::int64_t>(0));
        if (const auto before = done_.find(key); before != done_.end()) {
            ++repetitions_;
            return before->second;
        }
    }
    bson::document out;
    if (command.name == "insert") {
        out = insert(command, documents);
    } else if (command.name == "delete") {
        out = remove(command, documents);
    } else {
        documents.clear();
        ++writes_;
        out.append("ok", 1.0);
    }
    if (!key.empty()) {
        done_[key] = out;
    }
    return out;
}

std::vector<bson::document> scripted_store::documents(const std::string& ns) const {
    const std::lock_guard lock(mutex_);
    const auto there = collections_.find(ns);
    return there != collections_.end() ? there->second : list();
}

std::size_t scripted_store::writes_done() const {
    const std::lock_guard lock(mutex_);
    return writes_;
}

std::size_t scripted_store::repetitions() const {
    const std::lock_guard lock(mutex_);
    return repetitions_;
}

}  // namespace mongoro::test
