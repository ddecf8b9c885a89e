#include "io_support.hpp"

#include "io/stream_awaiter.hpp"

#include <mongoro/as_result.hpp>
#include <mongoro/sync_wait.hpp>
#include <mongoro/task_scope.hpp>
#include <mongoro/with_deadline.hpp>

#include <chrono>
#include <cstring>
#include <span>
#include <string>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::errc;
using mongoro::reactor;
using mongoro::sync_wait;
using mongoro::task;
using mode = mongoro::io::stream::receive_mode;

namespace {

std::string big(std::size_t size) {
    std::string s(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        s[i] = static_cast<char>('a' + i % 23);
    }
    return s;
}

}  // namespace

TEST_CASE("cancel() ends a receive with ECANCELED, and the socket works on") {
    on_each_backend([](reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        std::array<std::uint8_t, 16> in{};
        recorder first;
        s->receive(in, mode::some, first);
        r.poll();
        s->cancel();
        CHECK(first.calls == 0);
        r.poll();
        CHECK(first.result == -ECANCELED);
        CHECK(r.in_flight() == 0);
        pair.write("again");
        recorder second;
        s->receive(in, mode::some, second);
        r.run();
        CHECK(second.result == 5);
    });
}

TEST_CASE("cancel() ends a send of which a part went out") {
    on_each_backend([](reactor& r) {
        const std::string lots = big(8 << 20);
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        const std::array out{part(lots)};
        recorder sent;
        s->send(out, sent);
        r.poll();
        CHECK(sent.calls == 0);
        s->cancel();
        CHECK(poll_until(r, [&] { return sent.calls > 0; }));
        CHECK(sent.result == -ECANCELED);
        CHECK(r.in_flight() == 0);
        CHECK(s->idle());
    });
}

TEST_CASE("cancel() leaves alone what is started after it") {
    on_each_backend([](reactor& r) {
        socket_pair one;
        socket_pair two;
        auto other = stream::make(r.core(), one.release_ours());
        auto s = stream::make(r.core(), two.release_ours());
        std::array<std::uint8_t, 16> in{};
        std::array<std::uint8_t, 16> unused{};
        struct cancels : completion {
            stream* s = nullptr;
        } cancelling;
        cancelling.s = s.get();
        cancelling.fn = [](completion& c, int) noexcept { static_cast<cancels&>(c).s->cancel(); };
        recorder second;
        struct starts_next : completion {
            stream* s = nullptr;
            std::span<std::uint8_t> in;
            completion* next = nullptr;
            int result = 0;
        } first;
        first.s = s.get();
        first.in = in;
        first.next = &second;
        first.fn = [](completion& c, int result) noexcept {
            auto& self = static_cast<starts_next&>(c);
            self.result = result;
            self.s->receive(self.in, mode::some, *self.next);
        };
        other->receive(unused, mode::some, cancelling);
        s->receive(in, mode::some, first);
        r.poll();
        // Both end by themselves, and the cancel comes between the two.
        one.write("one");
        two.write("two");
        for (int i = 0; i < 5; ++i) {
            r.poll();
        }
        REQUIRE(first.result == 3);
        CHECK(second.calls == 0);
        s->cancel();
        CHECK(poll_until(r, [&] { return second.calls > 0; }));
        CHECK(second.result == -ECANCELED);
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("cancel() ends a receive of all of which a part is there") {
    on_each_backend([](reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        std::array<std::uint8_t, 16> in{};
        recorder done;
        s->receive(in, mode::all, done);
        pair.write("part");
        r.poll();
        CHECK(done.calls == 0);
        s->cancel();
        CHECK(poll_until(r, [&] { return done.calls > 0; }));
        CHECK(done.result < 16);
        CHECK(r.in_flight() == 0);
        CHECK(s->idle());
    });
}

TEST_CASE("cancel() ends an exchange whether it is sending or receiving") {
    on_each_backend([](reactor& r) {
        const std::string lots = big(8 << 20);
        for (const bool sending : {true, false}) {
            socket_pair pair;
            auto s = stream::make(r.core(), pair.release_ours());
            std::array<std::uint8_t, 16> in{};
            const std::array out{part(sending ? std::string_view(lots) : "ping")};
            recorder done;
            s->exchange(out, in, done);
            r.poll();
            CHECK(done.calls == 0);
            s->cancel();
            r.poll();
            // The cancelled send may have gone out in part; whatever it says, it is an error, once.
            CHECK(poll_until(r, [&] { return done.calls > 0; }));
            CHECK(done.result < 0);
            CHECK(done.calls == 1);
            CHECK(r.in_flight() == 0);
            CHECK(s->idle());
        }
    });
}

TEST_CASE("a stream that is let go with operations in flight closes at once and calls nobody") {
    on_each_backend([](reactor& r) {
        const std::string lots = big(8 << 20);
        for (int what = 0; what < 4; ++what) {
            CAPTURE(what);
            socket_pair pair;
            auto s = stream::make(r.core(), pair.release_ours());
            auto kept = r.core().buffers().take(1 << 20);
            auto share = kept;
            const std::array out{part(what == 1 ? std::string_view(lots) : "ping")};
            recorder done;
            recorder sent;
            if (what <= 1) {
                s->exchange(out, kept.bytes(), done);
            } else if (what == 2) {
                s->receive(kept.bytes(), mode::all, done);
            } else {
                s->receive(kept.bytes(), mode::all, done);
                s->send(out, sent);
            }
            if (what != 2) {
                r.poll();  // else it is not even submitted
            }
            s->keep(std::move(kept));
            CHECK_FALSE(share.unique());
            s.reset();
            r.poll();
            CHECK(r.in_flight() == 0);
            CHECK(share.unique());
            CHECK(done.calls == 0);
            // Whatever was still under way, the peer sees the end, after what had gone out.
            while (!pair.read(1 << 20).empty()) {
            }
            r.run();
        }
    });
}

TEST_CASE("a waiting task that is destroyed leaves nothing in flight after the next poll()") {
    on_each_backend([](reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        std::array<std::uint8_t, 16> in{};
        const auto waits = [&]() -> task<void> {
            const auto& context = co_await mongoro::detail::this_context{};
            static_cast<void>(co_await mongoro::io::waiting(
                *s, context, [&](mongoro::io::completion& c) { s->receive(in, mode::some, c); }));
        };
        {
            mongoro::task_scope scope(r);
            scope.spawn(waits());
            r.poll();
            CHECK(r.in_flight() == 1);
        }
        r.poll();
        CHECK(r.in_flight() == 0);
        CHECK(s->idle());
    });
}

TEST_CASE("a deadline ends a receive of a task") {
    on_each_backend([](reactor& r) {
        socket_pair pair;
        auto s = stream::make(r.core(), pair.release_ours());
        std::array<std::uint8_t, 16> in{};
        mongoro::error why;
        const auto waits = [&]() -> task<int> {
            const auto& context = co_await mongoro::detail::this_context{};
            co_return co_await mongoro::io::waiting(
                *s, context, [&](mongoro::io::completion& c) { s->receive(in, mode::some, c); },
                &why);
        };
        CHECK(sync_wait(r, mongoro::with_deadline(waits(), 5ms)) == -ECANCELED);
        CHECK(why == errc::deadline_exceeded);
        CHECK(r.in_flight() == 0);
    });
}

TEST_CASE("bytes for a cancelled receive do not reach a buffer that was given back") {
    on_each_backend([](reactor& r) {
        for (int i = 0; i < 20; ++i) {
            socket_pair pair;
            auto s = stream::make(r.core(), pair.release_ours());
            auto buffer = r.core().buffers().take(1);
            auto* data = buffer.data();
            recorder done;
            s->receive(buffer.bytes(), mode::some, done);
            r.poll();
            pair.write("late");
            s->keep(std::move(buffer));
            s.reset();
            // Until the completion has come the pool must not hand the same block out.
            auto next = r.core().buffers().take(1);
            CHECK(next.data() != data);
            r.poll();
            CHECK(r.in_flight() == 0);
        }
    });
}
