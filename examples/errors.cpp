// Errors as exceptions and as values, deadlines and stop tokens.
#include <mongoro/mongoro.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stop_token>

using namespace std::chrono_literals;

// [errors]
mongoro::task<> insert_twice(mongoro::collection<> people) {
    try {
        co_await people.insert_one({{"_id", 1}});
        co_await people.insert_one({{"_id", 1}});
    } catch (const mongoro::exception& e) {
        for (const mongoro::write_error& refused : e.error().write_errors()) {
            std::cout << "write " << refused.index << " has code " << refused.code << '\n';
        }
    }

    auto inserted = co_await as_result(people.insert_one({{"_id", 1}}));
    if (!inserted && inserted.error() == mongoro::errc::write_failed) {
        std::cout << inserted.error().to_string() << '\n';
    }
}
// [end]

// [cancellation]
mongoro::task<> give_up(mongoro::collection<> people) {
    // At most 200 ms, whatever it does: name resolution, connecting, the round trip.
    auto late = co_await as_result(
        with_deadline(people.count_documents({}), mongoro::deadline::after(200ms)));
    std::cout << (late ? "counted" : late.error().to_string()) << '\n';

    std::stop_source stop;
    stop.request_stop();
    auto stopped = co_await as_result(with_stop(people.find_one({}), stop.get_token()));
    if (!stopped && stopped.error() == mongoro::errc::operation_cancelled) {
        std::cout << "cancelled\n";
    }
}
// [end]

mongoro::task<> tour(mongoro::client db) {
    auto people = db["examples"]["errors"];
    co_await people.drop();
    co_await insert_twice(people);
    co_await give_up(people);
    co_await db.close(mongoro::deadline::after(1s));
}

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    mongoro::reactor loop;
    mongoro::client db(loop, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/");
    mongoro::sync_wait(loop, tour(db));
}
