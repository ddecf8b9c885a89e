// A user's first ten lines: a document, a client, and what an operation says when nothing listens.
// The whole API is included: none of it may warn in a user's build, nor want a library that
// pkg-config does not name.
#include <mongoro/adapters/callback.hpp>
#include <mongoro/mongoro.hpp>

#include <iostream>

int main() {
    const mongoro::document ada{{"name", "Ada"}, {"tags", {"math", "engine"}}};
    mongoro::reactor loop;
    // tcpmux: nobody's since long ago
    const mongoro::client db(loop, "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500");
    const auto inserted =
        mongoro::sync_wait(loop, as_result(db["examples"]["people"].insert_one(ada)));
    if (inserted || inserted.error() != mongoro::errc::server_selection_timeout) {
        std::cerr << "expected server_selection_timeout\n";
        return 1;
    }
    std::cout << inserted.error().to_string() << '\n';
    return ada["name"].get<std::string_view>() == "Ada" ? 0 : 1;
}
