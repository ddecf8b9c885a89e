#include "responder/canned.hpp"

#include <algorithm>
#include <limits>

#include "common/bson_bytes.hpp"
#include "common/op_msg.hpp"
#include "responder/hello.hpp"

namespace bench {
namespace {

constexpr std::size_t batch_bytes = 16U << 20U;
constexpr std::int64_t first_batch = 101;
/// Replies beyond this are made afresh each time rather than kept: a client that asks for ever
/// other batch sizes must not fill the memory.
constexpr std::size_t kept_replies = 10'000;

/// A cursor's id: where it ends, then its next document. Never 0, which means "exhausted".
std::int64_t make_cursor_id(std::int64_t next, std::int64_t end) {
    return end << 32 | next;
}
std::int64_t next_of(std::int64_t cursor_id) {
    return cursor_id & 0xFFFF'FFFF;
}
std::int64_t end_of(std::int64_t cursor_id) {
    return cursor_id >> 32;
}

std::string ok_document() {
    return bson_out().open().real("ok", 1.0).close().take();
}

std::string killed_document() {
    bson_out out;
    out.open();
    for (const char* key : {"cursorsKilled", "cursorsNotFound", "cursorsAlive", "cursorsUnknown"}) {
        out.open_array(key).close();
    }
    return out.real("ok", 1.0).close().take();
}

void append_key(std::string& key, std::int64_t number) {
    key.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace

const canned::reply& canned::answer(const request& asked) {
    key_.assign(asked.command).push_back(asked.legacy ? '\1' : '\0');
    const bool read = asked.command == "find" || asked.command == "getMore";
    if (read || asked.command == "aggregate") {
        key_.append(asked.database).push_back('.');
        key_.append(asked.collection);
        append_key(key_, asked.cursor_id);
        append_key(key_, asked.limit);
        append_key(key_, asked.batch_size);
    } else {
        append_key(key_, asked.documents);
    }
    if (const auto found = replies_.find(key_); found != replies_.end()) {
        return found->second;
    }
    if (replies_.size() >= kept_replies) {
        replies_.clear();
    }
    const std::string document = build(asked);
    return replies_[key_] = std::make_shared<const std::string>(
               asked.legacy ? make_op_reply(document) : make_op_msg(document));
}

std::string canned::build(const request& asked) const {
    const std::string_view command = asked.command;
    if (is_hello(command)) {
        hello_facts facts;
        facts.legacy_name = command != "hello";
        facts.mongos = options_.mongos;
        return hello_document(facts);
    }
    if (command == "find") {
        return build_cursor(asked, 0, true);
    }
    if (command == "getMore") {
        return build_cursor(asked, next_of(asked.cursor_id), false);
    }
    if (command == "aggregate") {
        const std::string counted = bson_out().open().int32("_id", 1).int32("n", 1).close().take();
        bson_out out;
        out.open().open("cursor").open_array("firstBatch").document("0", counted).close();
        out.int64("id", 0).string(
            "ns", std::string(asked.database) + '.' + std::string(asked.collection));
        return out.close().real("ok", 1.0).close().take();
    }
    if (command == "insert" || command == "delete") {
        return bson_out().open().int32("n", asked.documents).real("ok", 1.0).close().take();
    }
    if (command == "update") {
        bson_out out;
        out.open().int32("n", asked.documents).int32("nModified", asked.documents);
        return out.real("ok", 1.0).close().take();
    }
    return command == "killCursors" ? killed_document() : ok_document();
}

std::string canned::document_of(const request& asked, std::int64_t index) const {
    const auto number = static_cast<std::uint32_t>(index);
    return asked.collection == "small" ? small_document(number)
                                       : tweet_document(number, options_.document_bytes);
}

std::string canned::build_cursor(const request& asked, std::int64_t from, bool first) const {
    // The specification's collection: its tasks read it whole, by one _id, or in ranges of one
    // size.
    const bool many = asked.collection == "many" ||
                      (asked.database == "perftest" && asked.collection == "corpus");
    std::int64_t end = many ? options_.many : asked.collection == "empty" ? 0 : 1;
    if (!first) {
        end = std::min(end, end_of(asked.cursor_id));
    } else if (asked.limit != 0) {
        end = std::min(end, std::abs(asked.limit));
    }
    std::int64_t most = first ? first_batch : std::numeric_limits<std::int64_t>::max();
    if (asked.batch_size > 0 || (first && asked.batch_size == 0)) {
        most = asked.batch_size;
    }
    bson_out out;
    out.open().open("cursor").open_array(first ? "firstBatch" : "nextBatch");
    std::int64_t next = from;
    for (; next < end && next - from < most; ++next) {
        const std::string document = document_of(asked, next);
        if (next > from && out.size() + document.size() + 16 > batch_bytes) {
            break;
        }
        out.document(std::to_string(next - from), document);
    }
    out.close().int64("id", next < end ? make_cursor_id(next, end) : 0);
    out.string("ns", std::string(asked.database) + '.' + std::string(asked.collection));
    return out.close().real("ok", 1.0).close().take();
}

}  // namespace bench
