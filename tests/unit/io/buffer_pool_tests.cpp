#include "io/buffer_pool.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

using mongoro::io::buffer;
using mongoro::io::buffer_pool;

TEST_CASE("a buffer holds what was asked for, in powers of two from 16 KiB to 64 MiB") {
    buffer_pool pool(0);
    CHECK(pool.take(0).capacity() == 16 << 10);
    CHECK(pool.take(16 << 10).capacity() == 16 << 10);
    CHECK(pool.take((16 << 10) + 1).capacity() == 32 << 10);
    CHECK(pool.take(48'000'000).capacity() == 64 << 20);
    CHECK(pool.take((64 << 20) + 1).capacity() == (64 << 20) + 1);
    CHECK(buffer().capacity() == 0);
    CHECK(buffer().bytes().empty());
    const buffer b = pool.take(100);
    CHECK(reinterpret_cast<std::uintptr_t>(b.data()) % 64 == 0);
    std::memset(b.data(), 1, b.capacity());
}

TEST_CASE("copies share a buffer until the last of them") {
    buffer_pool pool(1 << 20);
    pool.bind();
    buffer a = pool.take(1);
    CHECK(a.unique());
    {
        const buffer b = a;  // NOLINT: the copy is what is tested
        CHECK_FALSE(a.unique());
        CHECK(b.data() == a.data());
    }
    CHECK(a.unique());
    const buffer c = std::move(a);
    CHECK(c.unique());
    CHECK(pool.warm_bytes() == 0);
}

TEST_CASE("a warm buffer is used again, and no more is kept than the cap") {
    buffer_pool pool(48 << 10);
    pool.bind();
    const std::uint8_t* first = nullptr;
    {
        const buffer a = pool.take(1);
        first = a.data();
    }
    CHECK(pool.warm_bytes() == 16 << 10);
    {
        const buffer a = pool.take(1);
        CHECK(a.data() == first);
        CHECK(pool.warm_bytes() == 0);
        const buffer b = pool.take(20'000);
        const buffer c = pool.take(20'000);
    }
    CHECK(pool.warm_bytes() == 48 << 10);
    pool.trim();
    CHECK(pool.warm_bytes() == 0);
}

TEST_CASE("a buffer outlives its pool and is released on any thread") {
    auto pool = std::make_unique<buffer_pool>(1 << 20);
    pool->bind();
    buffer kept = pool->take(1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([share = kept]() mutable {
            const std::uint8_t value = share.data()[0];
            static_cast<void>(value);
            share.reset();
        });
    }
    for (auto& t : threads) {
        t.join();
    }
    CHECK(kept.unique());
    std::thread([b = pool->take(1)]() mutable { b.reset(); }).join();
    CHECK(pool->warm_bytes() == 0);
    pool.reset();
    kept.data()[kept.capacity() - 1] = 7;
    std::thread([b = std::move(kept)]() mutable { b.reset(); }).join();
}
