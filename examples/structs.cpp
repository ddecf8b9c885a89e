// Plain structs in and out of a collection, with no macro.
#include <mongoro/mongoro.hpp>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

// [structs]
struct address {
    std::string street;
    int zip = 0;
};

struct person {
    mongoro::object_id _id = mongoro::object_id::generate();
    std::string name;
    std::optional<address> home;
    std::vector<std::string> tags;
};

mongoro::task<> tour(mongoro::client db) {
    auto people = db["examples"].collection<person>("structs");
    co_await people.drop();

    person ada;
    ada.name = "Ada";
    ada.home = address{.street = "St James's Square", .zip = 1815};
    ada.tags = {"math", "engine"};
    co_await people.insert_one(ada);

    std::optional<person> found = co_await people.find_one({{"name", "Ada"}});
    std::cout << found->name << " lives at " << found->home->street << '\n';
}
// [end]

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    mongoro::reactor loop;
    mongoro::client db(loop, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/");
    mongoro::sync_wait(loop, tour(db));
}
