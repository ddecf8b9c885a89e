#include "client_support.hpp"

#include <mongoro/bson/json.hpp>

namespace mongoro::test {

namespace {

message_bytes header(std::int32_t response_to, std::uint32_t opcode) {
    message_bytes out(16);
    store_u32(out, 4, 7'000);
    store_u32(out, 8, static_cast<std::uint32_t>(response_to));
    store_u32(out, 12, opcode);
    return out;
}

message_bytes finish(message_bytes out, document_view body) {
    out.insert(out.end(), body.bytes().begin(), body.bytes().end());
    store_u32(out, 0, static_cast<std::uint32_t>(out.size()));
    return out;
}

document batch(std::string_view name, const std::vector<document>& documents, std::int64_t id) {
    bson::array list;
    for (const auto& d : documents) {
        list.append(d);
    }
    return {{"cursor", doc({"id", id}, {"ns", "db.c"}, {name, list})}, {"ok", 1.0}};
}

}  // namespace

void store_u32(message_bytes& to, std::size_t offset, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
        to[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

message_bytes op_msg(document_view body, std::int32_t response_to, std::uint32_t flags) {
    auto out = header(response_to, 2013);
    out.resize(21);  // flags, and the kind of the body's section
    store_u32(out, 16, flags);
    return finish(std::move(out), body);
}

message_bytes hello_reply() {
    return op_msg(op_msg_peer::hello_document(), 1);
}

byte_script monitored() {
    return byte_script().read_message().write(hello_reply()).read_to_end();
}

document first_batch(const std::vector<document>& documents, std::int64_t id) {
    return batch("firstBatch", documents, id);
}

document next_batch(const std::vector<document>& documents, std::int64_t id) {
    return batch("nextBatch", documents, id);
}

std::vector<document> numbered(int count, int first) {
    std::vector<document> made;
    for (int i = 0; i < count; ++i) {
        made.push_back(doc({"_id", first + i}));
    }
    return made;
}

document document_of_size(std::size_t bytes) {
    // length, int32 _id, the string's type, key and length, its NUL, the end
    constexpr std::size_t around = 4 + (1 + 4 + 4) + (1 + 2 + 4) + 1 + 1;
    document made{{"_id", 1}, {"x", std::string(bytes - around, 'x')}};
    REQUIRE(made.size() == bytes);
    return made;
}

std::string json(document_view d) {
    return bson::to_json(d, bson::json_mode::canonical);
}

scene::scene(reactor& on, const client_options& options) : r(on), client(on, peer.uri(), options) {}

void scene::answer(std::string name, document_view reply) {
    peer.expect(std::move(name), reply_script().reply(reply));
}

document with_database_last(document_view command) {
    document out;
    for (const auto& [key, value] : command) {
        if (key != "$db") {
            out.append(key, value);
        }
    }
    if (const auto database = command["$db"]; database.exists()) {
        out.append("$db", database);
    }
    return out;
}

document scene::sent(std::string_view name) const {
    const auto commands = peer.received(name);
    REQUIRE(commands.size() == 1);
    document whole = with_database_last(commands[0].body);
    for (const auto& [identifier, documents] : commands[0].sequences) {
        bson::array list;
        for (const auto& d : documents) {
            list.append(d);
        }
        whole.append(identifier, list);
    }
    return whole;
}

void scene::check_works(std::size_t connections_created) {
    answer("find", first_batch(numbered(1, 7)));
    const auto found = sync_wait(r, c.find_one());
    REQUIRE(found);
    CHECK((*found)["_id"].get<int>() == 7);
    CHECK(client.statistics().connections_created == connections_created);
    CHECK(peer.problems() == "");
}

}  // namespace mongoro::test
