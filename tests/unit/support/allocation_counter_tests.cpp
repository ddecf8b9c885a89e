#include "allocation_counter.hpp"
#include "skip.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

using mongoro::test::allocation_counter;

TEST_CASE("allocations of this thread are counted, by new and by malloc") {
    if (!allocation_counter::works()) {
        SKIP_CASE("a sanitizer has a malloc of its own");
    }
    allocation_counter counter;
    CHECK(counter.count() == 0);
    const auto made = std::make_unique<std::string>(1000, 'x');
    CHECK(counter.count() == 2);
    CHECK(counter.bytes() >= 1000);
    counter.restart();
    void* volatile plain = std::malloc(10);
    plain = std::realloc(plain, 2000);
    std::free(plain);
    void* volatile cleared = std::calloc(2, 8);
    std::free(cleared);
    void* volatile aligned = std::aligned_alloc(64, 128);
    std::free(aligned);
    CHECK(counter.count() == 4);
    counter.restart();
    std::size_t elsewhere = 0;
    std::thread other([&] {
        allocation_counter own;
        for (int i = 0; i < 100; ++i) {
            // Volatile, so that no compiler leaves it out.
            void* volatile block = std::malloc(10);
            std::free(block);
        }
        elsewhere = own.count();
    });
    other.join();
    CHECK(elsewhere == 100);
    CHECK(counter.count() < 100);  // the thread itself, and not the other's blocks
}
