// Who is told of commands, and what is logged.
#include <mongoro/mongoro.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>

// [listening]
struct slow_commands final : mongoro::command_listener {
    void on(const mongoro::command_succeeded_event& e) noexcept override {
        if (e.duration > std::chrono::milliseconds(100)) {
            std::cout << e.command_name << " on " << e.address << " took long\n";
        }
    }
    using mongoro::command_listener::on;  // all the others
};

mongoro::client_options watched() {
    mongoro::client_options options;
    options.command_listener = std::make_shared<slow_commands>();
    options.log.callback = [](const mongoro::log_record& r) {
        std::cout << to_string(r.level) << ": " << r.to_string() << '\n';
    };
    // The options beat the environment; this program lets the environment beat them.
    const char* wanted = std::getenv("MONGODB_LOG_COMMAND");
    options.log.command = mongoro::parse_log_level(wanted != nullptr ? wanted : "")
                              .value_or(mongoro::log_level::debug);
    return options;
}
// [end]

mongoro::task<> tour(mongoro::client db) {
    co_await db.ping();
}

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    mongoro::reactor loop;
    mongoro::client db(loop, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/", watched());
    mongoro::sync_wait(loop, tour(db));
}
