#include "io_support.hpp"

#include <string>

using namespace io_test;
using mode = mongoro::io::stream::receive_mode;

TEST_CASE("an exchange sends everything and completes once with what came back") {
    on_each_backend([](mongoro::reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        pair.write("pong");
        std::array<std::uint8_t, 64> in{};
        const std::array out{part("pi"), part(""), part("ng")};
        recorder done;
        s->exchange(out, in, done);
        CHECK(done.calls == 0);
        CHECK(r.in_flight() == 1);
        r.run();
        CHECK(done.calls == 1);
        CHECK(done.result == 4);
        CHECK(std::string(in.begin(), in.begin() + 4) == "pong");
        CHECK(pair.read() == "ping");
        CHECK(r.in_flight() == 0);
        CHECK(s->idle());
    });
}

TEST_CASE("a round trip on the ring costs one enter and two entries") {
    auto made = mongoro::reactor::create({.backend = mongoro::reactor_backend::io_uring});
    if (!made) {
        MESSAGE("skipped: " << made.error().to_string());
        return;
    }
    auto& r = **made;
    socket_pair pair;
    auto s = stream::make(r.core(), pair.release_ours());
    r.poll();
    std::array<std::uint8_t, 64> in{};
    const std::array out{part("ping")};
    for (int i = 0; i < 3; ++i) {
        pair.write("pong");
        const auto before = r.statistics();
        recorder done;
        s->exchange(out, in, done);
        r.run();
        CHECK(done.result == 4);
        CHECK(r.statistics().enters - before.enters == 1);
        CHECK(r.statistics().submissions - before.submissions == 2);
        CHECK(r.statistics().completions - before.completions == 1);
    }
}
