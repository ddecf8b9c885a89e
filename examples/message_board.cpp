// A message board as in Motor's announcement of 2012, with co_await: compose messages, list the
// newest first.
#include <mongoro/mongoro.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string_view>

using namespace std::chrono_literals;

namespace {

mongoro::task<> compose(mongoro::collection<> messages, std::string_view text) {
    co_await messages.insert_one({{"msg", text}, {"time", std::chrono::system_clock::now()}});
    std::cout << "composed: " << text << '\n';
}

mongoro::task<> list(mongoro::collection<> messages) {
    std::cout << "the board, newest first:\n";
    auto cursor = messages.find().sort({{"_id", -1}});
    while (auto message = co_await cursor.next()) {
        std::cout << "  " << (*message)["_id"].get<mongoro::object_id>().to_string() << "  "
                  << (*message)["msg"].get<std::string_view>() << '\n';
    }
}

mongoro::task<> tour(mongoro::client db) {
    co_await db.ping();
    auto messages = db["message_board"]["messages"];
    co_await messages.drop();

    co_await compose(messages, "Hello, world");
    co_await compose(messages, "Is anybody there?");
    co_await compose(messages, "One reactor, one thread, nobody waits");
    co_await list(messages);
    std::cout << co_await messages.count_documents({}) << " messages\n";
    co_await db.close(mongoro::deadline::after(1s));
}

}  // namespace

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    try {
        mongoro::reactor loop;
        mongoro::client db(loop, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/");
        mongoro::sync_wait(loop, tour(db));
    } catch (const mongoro::exception& e) {
        std::cerr << "message_board: " << e.what() << '\n';
        return 1;
    }
}
