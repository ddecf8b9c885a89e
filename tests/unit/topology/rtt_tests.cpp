#include "topology/rtt.hpp"

#include <doctest/doctest.h>

using mongoro::topology::rtt;
using std::chrono::milliseconds;

TEST_CASE("there is no average before the first round trip, which is the first one") {
    rtt times;
    CHECK_FALSE(times.get().average);
    times.add(milliseconds(10));
    CHECK(times.get().average == milliseconds(10));
}

TEST_CASE("a round trip weighs a fifth of the average") {
    rtt times(milliseconds(10));
    times.add(milliseconds(20));
    CHECK(times.get().average == milliseconds(12));
    times.add(milliseconds(2));
    CHECK(times.get().average == milliseconds(10));
}

TEST_CASE("the least round trip is zero until there were two, and then of the last ten") {
    rtt times;
    times.add(milliseconds(3));
    CHECK(times.get().min == milliseconds(0));
    times.add(milliseconds(5));
    CHECK(times.get().min == milliseconds(3));
    for (int i = 0; i < 8; ++i) {
        times.add(milliseconds(7));
    }
    CHECK(times.get().min == milliseconds(3));
    times.add(milliseconds(7));
    CHECK(times.get().min == milliseconds(5));
    times.add(milliseconds(7));
    CHECK(times.get().min == milliseconds(7));
}

TEST_CASE("a round trip of less than nothing is not taken") {
    rtt times;
    times.add(milliseconds(-1));
    CHECK_FALSE(times.get().average);
    times.add(milliseconds(0));
    CHECK(times.get().average == milliseconds(0));
}

TEST_CASE("a server that went away starts again") {
    rtt times;
    times.add(milliseconds(100));
    times.add(milliseconds(100));
    times.reset();
    CHECK_FALSE(times.get().average);
    CHECK(times.get().min == milliseconds(0));
    times.add(milliseconds(1));
    CHECK(times.get().average == milliseconds(1));
}
