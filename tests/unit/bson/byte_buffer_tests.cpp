#include <mongoro/bson/byte_buffer.hpp>

#include <doctest/doctest.h>

#include <new>
#include <numeric>
#include <thread>
#include <vector>

using mongoro::bson::byte_buffer;

TEST_CASE("a buffer keeps its bytes while it grows") {
    byte_buffer buffer;
    CHECK(buffer.empty());
    CHECK(buffer.capacity() == 0);
    std::vector<std::uint8_t> expected;
    for (unsigned i = 0; i < 10000; ++i) {
        const auto byte = static_cast<std::uint8_t>(i * 7);
        buffer.push_back(byte);
        expected.push_back(byte);
    }
    CHECK(std::vector<std::uint8_t>(buffer.bytes().begin(), buffer.bytes().end()) == expected);
}

TEST_CASE("reserved space is used without growing") {
    byte_buffer buffer;
    buffer.reserve(1000);
    const auto* const where = buffer.data();
    buffer.extend(1000);
    CHECK(buffer.data() == where);
    CHECK(buffer.size() == 1000);
    buffer.clear();
    CHECK(buffer.size() == 0);
    CHECK(buffer.capacity() >= 1000);
}

TEST_CASE("truncating only ever shortens") {
    byte_buffer buffer;
    buffer.append("abcdef", 6);
    buffer.truncate(10);
    CHECK(buffer.size() == 6);
    buffer.truncate(2);
    CHECK(buffer.size() == 2);
    CHECK(buffer.data()[1] == 'b');
}

TEST_CASE("a moved-from buffer is empty and can be used again") {
    byte_buffer a;
    a.append("abc", 3);
    byte_buffer b(std::move(a));
    CHECK(b.size() == 3);
    CHECK(a.empty());  // NOLINT: what a moved-from buffer is, is promised
    a.append("x", 1);
    CHECK(a.size() == 1);
    b = std::move(a);
    CHECK(b.size() == 1);
    CHECK(b.data()[0] == 'x');
}

TEST_CASE("a size that no memory can hold is bad_alloc and changes nothing") {
    byte_buffer buffer;
    buffer.append("abc", 3);
    CHECK_THROWS_AS(buffer.extend(static_cast<std::size_t>(-1)), std::bad_alloc);
    CHECK_THROWS_AS(buffer.extend(static_cast<std::size_t>(-1) / 2), std::bad_alloc);
    CHECK(buffer.size() == 3);
    CHECK(buffer.data()[2] == 'c');
}

TEST_CASE("buffers of every size that live at once never share their bytes") {
    std::vector<byte_buffer> all;
    for (int round = 0; round < 3; ++round) {
        for (std::size_t size = 1; size <= 2100; size += 13) {
            auto& buffer = all.emplace_back();
            if (size % 2 == 0) {
                buffer.reserve(size);
            }
            for (std::size_t i = 0; i < size; ++i) {
                buffer.push_back(static_cast<std::uint8_t>(all.size()));
            }
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (const auto byte : all[i].bytes()) {
                REQUIRE(byte == static_cast<std::uint8_t>(i + 1));
            }
        }
        all.clear();  // what is freed is what the next round takes
    }
}

TEST_CASE("a buffer may end on another thread, and after one that is over") {
    byte_buffer made_there;
    byte_buffer ends_there;
    ends_there.append("abc", 3);
    std::thread([&, mine = std::move(ends_there)]() mutable {
        mine.append("d", 1);
        made_there.append("efg", 3);
    }).join();
    made_there.append("h", 1);
    CHECK(made_there.size() == 4);
    CHECK(made_there.data()[3] == 'h');
}
