#include "io_support.hpp"

#include <string>
#include <thread>
#include <vector>

using namespace io_test;
using mongoro::io::buffer;
using mongoro::io::buffer_pool;

namespace {

std::string text_of(const buffer& b, int size) {
    return {reinterpret_cast<const char*>(b.data()), static_cast<std::size_t>(size)};
}

/// An exchange that takes its buffer when it is told of it, as a connection does.
struct taker : completion {
    explicit taker(mongoro::io::stream_ptr stream) : s(std::move(stream)) {
        fn = [](completion& c, int r) noexcept {
            auto& self = static_cast<taker&>(c);
            self.result = r;
            ++self.calls;
            self.got = self.s->received();
        };
    }
    mongoro::io::stream_ptr s;
    buffer got;
    int result = -1;
    int calls = 0;
};

struct many {
    many(mongoro::reactor& r, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            pairs.push_back(std::make_unique<socket_pair>());
            takers.push_back(
                std::make_unique<taker>(stream::make(r.core(), pairs[i]->release_ours())));
        }
    }
    void exchange() {
        static constexpr std::string_view ping = "ping";
        const std::array out{part(ping)};
        for (auto& t : takers) {
            t->s->exchange(out, *t);
        }
    }
    std::vector<std::unique_ptr<socket_pair>> pairs;
    std::vector<std::unique_ptr<taker>> takers;
};

}  // namespace

TEST_CASE("an exchange without a buffer gets one with the bytes") {
    on_each_backend([](mongoro::reactor& r) {
        many one(r, 1);
        taker& t = *one.takers[0];
        // Before the reactor has run at all, and after.
        for (int round = 0; round < 3; ++round) {
            one.exchange();
            r.poll();
            one.pairs[0]->write("pong");
            REQUIRE(poll_until(r, [&] { return t.calls == round + 1; }));
            REQUIRE(t.result == 4);
            CHECK(text_of(t.got, t.result) == "pong");
            CHECK(t.got.capacity() == buffer_pool::smallest);
            CHECK(t.got.unique());
            CHECK_FALSE(t.s->received());
        }
    });
}

TEST_CASE("the end of the stream is a result without bytes") {
    on_each_backend([](mongoro::reactor& r) {
        r.poll();
        many one(r, 1);
        one.exchange();
        r.poll();
        one.pairs[0]->close_theirs();
        REQUIRE(poll_until(r, [&] { return one.takers[0]->calls == 1; }));
        CHECK(one.takers[0]->result <= 0);
    });
}

TEST_CASE("more replies at once than there are buffers all arrive, and each in its own") {
    on_each_backend([](mongoro::reactor& r) {
        r.poll();
        constexpr std::size_t count = 300;  // more than the ring ever has
        many all(r, count);
        for (int round = 1; round <= 2; ++round) {
            all.exchange();
            r.poll();
            for (std::size_t i = 0; i < count; ++i) {
                all.pairs[i]->write("reply " + std::to_string(i));
            }
            REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
            for (std::size_t i = 0; i < count; ++i) {
                REQUIRE(all.takers[i]->calls == round);
                CHECK(text_of(all.takers[i]->got, all.takers[i]->result) ==
                      "reply " + std::to_string(i));
            }
        }
        // They were all alive at the same time: none is another one's.
        for (std::size_t i = 1; i < count; ++i) {
            CHECK(all.takers[i]->got.data() != all.takers[i - 1]->got.data());
        }
    });
}

TEST_CASE("who waits for a reply holds no buffer once a few are at work") {
    on_each_backend([](mongoro::reactor& r) {
        many warm(r, 1);
        warm.exchange();
        r.poll();
        warm.pairs[0]->write("pong");
        REQUIRE(poll_until(r, [&] { return warm.takers[0]->calls == 1; }));
        warm.takers[0]->got.reset();

        many first(r, 8);  // they may
        first.exchange();
        many waiting(r, 92);
        const auto kept = r.core().buffers().warm_bytes();
        waiting.exchange();
        r.poll();
        CHECK(r.in_flight() == 100);
        CHECK(r.core().buffers().warm_bytes() == kept);
        for (const auto& t : waiting.takers) {
            CHECK_FALSE(t->got);
        }
    });
}

TEST_CASE("a stream that goes while it waits gives the buffer of a late reply back") {
    on_each_backend([](mongoro::reactor& r) {
        r.poll();
        for (int round = 0; round < 20; ++round) {
            many some(r, 10);
            some.exchange();
            r.poll();
            for (auto& pair : some.pairs) {
                pair->write("late");
            }
            some.takers.clear();
            REQUIRE(poll_until(r, [&] { return r.in_flight() == 0; }));
        }
        many one(r, 1);
        one.exchange();
        r.poll();
        one.pairs[0]->write("pong");
        REQUIRE(poll_until(r, [&] { return one.takers[0]->calls == 1; }));
        CHECK(text_of(one.takers[0]->got, one.takers[0]->result) == "pong");
    });
}

TEST_CASE("a chosen buffer may outlive its reactor, and end on another thread") {
    for (const auto kind : mongoro::test::backends()) {
        buffer kept;
        {
            const auto made = mongoro::test::make_reactor({.backend = kind});
            if (!made) {
                continue;
            }
            many one(*made, 1);
            one.exchange();
            made->poll();
            one.pairs[0]->write("pong");
            REQUIRE(poll_until(*made, [&] { return one.takers[0]->calls == 1; }));
            kept = std::move(one.takers[0]->got);
        }
        std::thread other([mine = std::move(kept)] { CHECK(text_of(mine, 4) == "pong"); });
        other.join();
    }
}
