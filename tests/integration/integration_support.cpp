#include "integration_support.hpp"

namespace mongoro::test {

server_scene::server_scene(reactor& on, const std::string& uri, const client_options& options)
    : r(on),
      client(on, uri, options),
      admin(on, uri),
      db(client[unique_database("client")]),
      c(db["c"]) {}

server_scene::~server_scene() {
    static_cast<void>(error_of(r, admin[db.name()].drop()));
    static_cast<void>(error_of(r, client.close(deadline::after(30s))));
    static_cast<void>(error_of(r, admin.close(deadline::after(30s))));
}

documents server_scene::all() const {
    return sync_wait(r, admin[db.name()]["c"].find().sort({{"_id", 1}}).to_vector());
}

void server_scene::insert_numbered(int count) const {
    documents made;
    for (int i = 0; i < count; ++i) {
        made.push_back(numbered_document(i));
    }
    const auto done = sync_wait(r, c.insert_many(made));
    REQUIRE(done.inserted_count == count);
}

fail_point server_scene::fail_command(const document& mode, const document& data) const {
    return {[this](document_view command) {
                static_cast<void>(sync_wait(r, admin["admin"].run_command(command)));
            },
            "failCommand", mode, data};
}

document numbered_document(int i) {
    return {{"_id", i}, {"x", i}};
}

std::vector<int> ids_of(const documents& of) {
    std::vector<int> ids;
    for (const auto& d : of) {
        ids.push_back(d["_id"].get<int>());
    }
    return ids;
}

}  // namespace mongoro::test
