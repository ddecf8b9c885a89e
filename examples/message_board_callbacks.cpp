// A message board as in Motor's announcement of 2012, with callbacks: compose messages, list the
// newest first.
#include <mongoro/adapters/callback.hpp>
#include <mongoro/mongoro.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>

using mongoro::error;

namespace {

class message_board {
 public:
    explicit message_board(mongoro::client db) : messages_(db["message_board"]["messages"]) {}

    void open() {
        mongoro::start(messages_.drop(), [this](const error& e) {
            if (!failed("drop", e)) {
                compose();
            }
        });
    }
    [[nodiscard]] int status() const { return status_; }

 private:
    void compose() {
        if (composed_ == texts.size()) {
            list();
            return;
        }
        mongoro::start(messages_.insert_one(
                           {{"msg", texts[composed_]}, {"time", std::chrono::system_clock::now()}}),
                       [this](std::optional<mongoro::insert_one_result>, const error& e) {
                           if (!failed("insert", e)) {
                               std::cout << "composed: " << texts[composed_++] << '\n';
                               compose();
                           }
                       });
    }

    void list() {
        std::cout << "the board, newest first:\n";
        mongoro::each(messages_.find().sort({{"_id", -1}}),
                      [this](std::optional<mongoro::document> message, const error& e) {
                          if (failed("find", e)) {
                              return;
                          }
                          if (!message) {
                              count();
                              return;
                          }
                          std::cout << "  "
                                    << (*message)["_id"].get<mongoro::object_id>().to_string()
                                    << "  " << (*message)["msg"].get<std::string_view>() << '\n';
                      });
    }

    void count() {
        mongoro::start(messages_.count_documents({}),
                       [this](std::optional<std::int64_t> messages, const error& e) {
                           if (!failed("count", e)) {
                               std::cout << *messages << " messages\n";
                           }
                       });
    }

    bool failed(std::string_view what, const error& e) {
        if (e) {
            std::cerr << what << ": " << e.to_string() << '\n';
            status_ = 1;
        }
        return static_cast<bool>(e);
    }

    static constexpr std::array<std::string_view, 3> texts{"Hello, world", "Is anybody there?",
                                                           "One reactor, one thread, nobody waits"};
    mongoro::collection<> messages_;
    std::size_t composed_ = 0;
    int status_ = 0;
};

}  // namespace

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    mongoro::reactor loop;
    mongoro::client db(loop, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/");

    // As Motor's open_sync(): drives the reactor until the server has answered.
    const auto deadline = mongoro::deadline::after(std::chrono::seconds(10));
    if (const auto connected = mongoro::open_sync(loop, db.ping(), deadline); !connected) {
        std::cerr << "message_board_callbacks: " << connected.error().to_string() << '\n';
        return 1;
    }
    message_board board(db);
    board.open();
    loop.run();
    return board.status();
}
