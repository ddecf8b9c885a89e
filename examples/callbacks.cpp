// The callback version of the first program: no coroutine in sight.
#include <mongoro/adapters/callback.hpp>
#include <mongoro/mongoro.hpp>

#include <cstdlib>
#include <iostream>
#include <optional>

using mongoro::error;

// [callbacks]
class tour {
 public:
    explicit tour(mongoro::client db) : people_(db["examples"]["people"]) {}

    void start() {
        mongoro::start(people_.insert_one({{"name", "Ada"}, {"born", 1815}}),
                       [this](std::optional<mongoro::insert_one_result> inserted, const error& e) {
                           if (!inserted) {
                               std::cerr << "insert: " << e.to_string() << '\n';
                               return;
                           }
                           list();
                       });
    }

 private:
    void list() {
        mongoro::each(people_.find({{"name", "Ada"}}).sort({{"_id", -1}}),
                      [](std::optional<mongoro::document> person, const error& e) {
                          if (person) {
                              std::cout << (*person)["name"].get<std::string_view>() << '\n';
                          } else if (e) {
                              std::cerr << "find: " << e.to_string() << '\n';
                          } else {
                              std::cout << "that was all\n";
                          }
                      });
    }

    mongoro::collection<> people_;
};
// [end]

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    mongoro::reactor loop;
    mongoro::client db(loop, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/");
    if (auto connected =
            mongoro::open_sync(loop, db.ping(), mongoro::deadline::after(std::chrono::seconds(10)));
        !connected) {
        std::cerr << "connect: " << connected.error().to_string() << '\n';
        return 1;
    }
    tour t(db);
    t.start();
    loop.run();
}
