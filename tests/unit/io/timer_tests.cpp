#include "io_support.hpp"

#include <mongoro/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <ratio>

using namespace io_test;
using namespace std::chrono_literals;
using mongoro::reactor;
using mongoro::io::timer;
using mongoro::io::timer_heap;
using clock_type = timer::clock;

namespace {

struct ordered : mongoro::io::completion {
    timer t;
    int when = 0;
    std::vector<int>* seen = nullptr;
};

}  // namespace

TEST_CASE("timers go off in the order of their times, whatever was disarmed between") {
    std::mt19937 random(7);
    const auto base = clock_type::time_point(1h);
    for (int round = 0; round < 50; ++round) {
        std::vector<int> seen;
        std::vector<int> expected;
        std::vector<ordered> timers(200);
        timer_heap heap;
        for (auto& o : timers) {
            o.when = static_cast<int>(random() % 1000);
            o.seen = &seen;
            o.fn = [](mongoro::io::completion& c, int) noexcept {
                auto& self = static_cast<ordered&>(c);
                self.seen->push_back(self.when);
            };
            heap.insert(o.t, base + std::chrono::milliseconds(o.when), o,
                        timer::keeps_running::yes);
        }
        for (auto& o : timers) {
            if (random() % 3 == 0) {
                o.t.disarm();
                CHECK_FALSE(o.t.armed());
            } else {
                expected.push_back(o.when);
            }
        }
        std::sort(expected.begin(), expected.end());
        CHECK(heap.keeping() == expected.size());
        std::size_t fired = heap.expire(base + 500ms);
        CHECK(std::all_of(seen.begin(), seen.end(), [](int w) { return w <= 500; }));
        fired += heap.expire(base + 1000ms);
        CHECK(fired == expected.size());
        CHECK(seen == expected);
        CHECK(heap.empty());
        CHECK(heap.earliest() == clock_type::time_point::max());
    }
}

TEST_CASE("a timer for a time that is past goes off in the next turn, not inside of arm()") {
    on_each_backend([](reactor& r) {
        timer t;
        recorder rang;
        t.arm(r.core(), clock_type::now() - 1s, rang);
        CHECK(rang.calls == 0);
        r.run();
        CHECK(rang.calls == 1);
    });
}

TEST_CASE("a timer for a time before the clock began goes off, and so do those after it") {
    on_each_backend([](reactor& r) {
        timer late;
        recorder rang_late;
        late.arm(r.core(), clock_type::now() + 1h, rang_late, timer::keeps_running::no);
        r.poll();
        for (const auto when : {clock_type::time_point::min(), clock_type::time_point(-48h)}) {
            for (int i = 0; i < 2; ++i) {
                timer t;
                recorder rang;
                t.arm(r.core(), when, rang);
                CHECK(poll_until(r, [&] { return rang.calls == 1; }));
            }
        }
        timer next;
        recorder rang_next;
        next.arm(r.core(), clock_type::now() + 5ms, rang_next);
        CHECK(poll_until(r, [&] { return rang_next.calls == 1; }));
        CHECK(rang_late.calls == 0);
    });
}

TEST_CASE("a deadline after any span is one that the clock can tell") {
    using mongoro::deadline;
    using years = std::chrono::duration<std::int64_t, std::ratio<31'556'952>>;
    CHECK(deadline::after(years(1000)).is_never());
    CHECK(deadline::after(years(-1000)).expired());
    CHECK(deadline::after(std::chrono::hours::min()).expired());
    CHECK(deadline::after(-1h).expired());
    CHECK_FALSE(deadline::after(years(200)).is_never());
}

TEST_CASE("an earlier timer is not held up by a later one that was armed first") {
    on_each_backend([](reactor& r) {
        timer late;
        timer early;
        recorder rang_late;
        recorder rang_early;
        late.arm(r.core(), clock_type::now() + 1h, rang_late, timer::keeps_running::no);
        r.poll();
        early.arm(r.core(), clock_type::now() + 5ms, rang_early);
        const auto start = clock_type::now();
        r.run();  // returns: the late one does not keep it
        CHECK(rang_early.calls == 1);
        CHECK(rang_late.calls == 0);
        CHECK(clock_type::now() - start < 10s);
    });
}

TEST_CASE("a timer that is armed again after another went off still goes off") {
    on_each_backend([](reactor& r) {
        for (int i = 0; i < 20; ++i) {
            timer t;
            timer unused;
            recorder rang;
            recorder never;
            unused.arm(r.core(), clock_type::now() + 500us, never);
            r.poll();
            const int gone_off = never.calls;  // on a machine that was that slow
            unused.disarm();
            t.arm(r.core(), clock_type::now() + 1ms, rang);
            r.run();
            CHECK(rang.calls == 1);
            CHECK(never.calls == gone_off);
        }
    });
}
