#include "io_support.hpp"
#include "skip.hpp"

#include <string>
#include <thread>
#include <vector>

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
        SKIP_CASE(made.error().to_string().c_str());
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

TEST_CASE("a large gathered send arrives whole, more pieces than one call takes too") {
    on_each_backend([](mongoro::reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        std::string expected;
        std::vector<std::string> pieces;
        for (int i = 0; i < 3000; ++i) {
            pieces.push_back(std::string(static_cast<std::size_t>(i % 700), char('a' + i % 26)));
            expected += pieces.back();
        }
        std::vector<iovec> out;
        for (const auto& p : pieces) {
            out.push_back(part(p));
        }
        std::string got;
        std::thread peer([&] {
            while (got.size() < expected.size()) {
                const auto some = pair.read(4096);
                if (some.empty()) {
                    break;
                }
                got += some;
            }
            pair.write("done");
        });
        std::array<std::uint8_t, 16> in{};
        recorder exchanged;
        s->exchange(out, in, exchanged);
        r.run();
        peer.join();
        CHECK(exchanged.result == 4);
        CHECK(got == expected);

        recorder sent;
        s->send(out, sent);
        got.clear();
        std::thread again([&] {
            while (got.size() < expected.size()) {
                got += pair.read(100'000);
            }
        });
        r.run();
        again.join();
        CHECK(sent.result == 0);
        CHECK(got == expected);
    });
}

TEST_CASE("a receive of everything completes once, when all of it has come or the peer closed") {
    on_each_backend([](mongoro::reactor& r) {
        for (const bool closes : {false, true}) {
            socket_pair pair;
            auto s = stream::make(r.core(), pair.release_ours());
            std::vector<std::uint8_t> in(300'000);
            recorder done;
            s->receive(in, mode::all, done);
            r.poll();
            const std::string half(150'000, 'x');
            std::thread peer([&] {
                pair.write(half);
                if (closes) {
                    pair.close_theirs();
                } else {
                    pair.write(half);
                }
            });
            r.run();
            peer.join();
            CHECK(done.calls == 1);
            CHECK(done.result == (closes ? 150'000 : 300'000));
        }
    });
}

TEST_CASE("the end of the stream is a result of 0, again and again") {
    on_each_backend([](mongoro::reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        pair.write("last words");
        pair.close_theirs();
        std::array<std::uint8_t, 64> in{};
        for (const int expected : {10, 0, 0}) {
            recorder done;
            s->receive(in, mode::some, done);
            r.run();
            CHECK(done.result == expected);
        }
    });
}

TEST_CASE("sending to a peer that closed is EPIPE and no signal") {
    on_each_backend([](mongoro::reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        pair.close_theirs();
        const std::array out{part("anybody?")};
        std::array<std::uint8_t, 16> in{};
        recorder exchanged;
        s->exchange(out, in, exchanged);
        r.run();
        CHECK(exchanged.calls == 1);
        CHECK(exchanged.result == -EPIPE);
        recorder sent;
        s->send(out, sent);
        r.run();
        CHECK(sent.result == -EPIPE);
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("both directions of a stream work at the same time") {
    on_each_backend([](mongoro::reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        std::array<std::uint8_t, 16> in{};
        recorder received;
        recorder sent;
        s->receive(in, mode::some, received);
        const std::array out{part("out")};
        s->send(out, sent);
        r.poll();
        CHECK(sent.result == 0);
        CHECK(received.calls == 0);
        pair.write("in");
        r.run();
        CHECK(received.result == 2);
        CHECK(pair.read() == "out");
    });
}

TEST_CASE("an operation in the background does not keep run() running") {
    on_each_backend([](mongoro::reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        s->set_background(true);
        std::array<std::uint8_t, 16> in{};
        recorder received;
        s->receive(in, mode::some, received);
        r.run();
        CHECK(received.calls == 0);
        CHECK(r.in_flight() == 1);
        pair.write("now");
        CHECK(poll_until(r, [&] { return received.calls == 1; }));
        CHECK(received.result == 3);
    });
}
