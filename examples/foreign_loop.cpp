// mongoro below an event loop that knows nothing about it: here a plain poll(2).
#include <mongoro/adapters/callback.hpp>
#include <mongoro/mongoro.hpp>

#include <poll.h>
#include <cstdlib>
#include <iostream>
#include <optional>

int main() {
    const char* uri = std::getenv("MONGODB_URI");
    mongoro::reactor reactor;
    mongoro::client db(reactor, uri != nullptr ? uri : "mongodb://127.0.0.1:27017/");

    bool done = false;
    mongoro::start(db["admin"].run_command({{"hello", 1}}),
                   [&done](std::optional<mongoro::document> hello, const mongoro::error& e) {
                       if (hello) {
                           std::cout << "wire version " << (*hello)["maxWireVersion"].get<int>()
                                     << '\n';
                       } else {
                           std::cout << e.to_string() << '\n';
                       }
                       done = true;
                   });

    // [loop]
    pollfd ready{.fd = reactor.native_handle(), .events = POLLIN, .revents = 0};
    while (!done) {
        poll(&ready, 1, -1);  // with whatever else the program waits for
        reactor.poll();
    }
    // [end]
}
