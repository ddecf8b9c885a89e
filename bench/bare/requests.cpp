#include "bare/requests.hpp"

#include <fstream>
#include <iterator>

#include "common/bson_bytes.hpp"
#include "common/op_msg.hpp"
#include "common/sample_documents.hpp"

namespace bench {
namespace {

constexpr std::string_view an_id = "twelve bytes";
constexpr std::string_view session_id = "sixteen byte uid";
constexpr int cursor_documents = 10'000;
constexpr std::int64_t first_batch = 101;

std::optional<std::vector<std::string>> read_recorded(const char* path) {
    std::ifstream file(path, std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::vector<std::string> messages;
    std::size_t at = 0;
    while (all.size() - at >= header_size) {
        const auto size = static_cast<std::size_t>(load<std::int32_t>(all.data() + at));
        if (size < header_size || size > all.size() - at) {
            return std::nullopt;
        }
        messages.push_back(all.substr(at, size));
        at += size;
    }
    return at == all.size() && at != 0 ? std::optional(messages) : std::nullopt;
}

/// What every command of a driver ends with.
std::string finish(bson_out& out, std::string_view database) {
    out.string("$db", database);
    out.open("lsid").binary("id", 4, session_id).close();
    return out.close().take();
}

std::string ping() {
    bson_out out;
    out.open().int32("ping", 1);
    return make_op_msg(finish(out, "admin"));
}

std::string find_one() {
    bson_out out;
    out.open().string("find", "one").open("filter").int32("_id", 1).close();
    out.int64("limit", 1).boolean("singleBatch", true);
    return make_op_msg(finish(out, "bench"));
}

/// `document` with an `_id` in front.
std::string with_id(const std::string& document) {
    std::string made = bson_out().open().object_id("_id", an_id).close().take();
    made.pop_back();
    made.append(document, 4);
    store(made.data(), static_cast<std::int32_t>(made.size()));
    return made;
}

std::string insert(int documents) {
    std::string sequence;
    for (int index = 0; index < documents; ++index) {
        sequence += with_id(small_document(static_cast<std::uint32_t>(index)));
    }
    bson_out out;
    out.open().string("insert", "inserted").boolean("ordered", true);
    return make_op_msg(finish(out, "bench"), "documents", sequence);
}

std::vector<std::string> cursor() {
    bson_out find;
    find.open().string("find", "many").open("filter").close();
    bson_out more;
    more.open().int64("getMore", std::int64_t{cursor_documents} << 32 | first_batch);
    more.string("collection", "many");
    return {make_op_msg(finish(find, "bench")), make_op_msg(finish(more, "bench"))};
}

}  // namespace

std::optional<std::vector<std::string>> operation_messages(std::string_view task,
                                                           const char* recorded) {
    if (recorded != nullptr) {
        return read_recorded(recorded);
    }
    if (task == "ping") {
        return std::vector{ping()};
    }
    if (task == "find_one" || task == "find_one_struct" || task == "callback" || task == "conc") {
        return std::vector{find_one()};
    }
    if (task == "insert_one" || task == "insert_one_document") {
        return std::vector{insert(1)};
    }
    if (task == "insert_many") {
        return std::vector{insert(cursor_documents)};
    }
    if (task == "find_many" || task == "find_many_struct") {
        return cursor();
    }
    return std::nullopt;
}

}  // namespace bench
