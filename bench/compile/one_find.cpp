// Never linked: how long a user's file takes to compile is a number of the benchmark.
#include <mongoro/mongoro.hpp>

#include <cstdio>

mongoro::task<> list(mongoro::client db) {
    auto old = db["examples"]["people"].find({{"born", {{"$lt", 1900}}}});
    while (auto person = co_await old.next()) {
        std::printf("%d\n", (*person)["born"].get<int>());
    }
}
