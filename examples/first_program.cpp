// The first program of the README: insert, find, print.
#include <mongoro/mongoro.hpp>

#include <cstdlib>
#include <iostream>

mongoro::task<> tour(mongoro::client db) {
    auto people = db["examples"]["people"];
    co_await people.drop();
    co_await people.insert_one({{"name", "Ada"}, {"born", 1815}, {"tags", {"math", "engine"}}});
    co_await people.insert_one({{"name", "Grace"}, {"born", 1906}}, {.comment = "the second one"});

    auto old = people.find({{"born", {{"$lt", 1900}}}}).sort({{"name", 1}}).limit(10);
    while (auto person = co_await old.next()) {
        std::cout << (*person)["name"].get<std::string_view>() << " was born in "
                  << (*person)["born"].get<int>() << '\n';
    }
}

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    mongoro::reactor loop;
    mongoro::client db(loop, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/");
    mongoro::sync_wait(loop, tour(db));
}
