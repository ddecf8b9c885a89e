#include "client_support.hpp"

#include <cstdlib>
#include <new>

using namespace mongoro;
using namespace mongoro::test;

namespace {

// Of this thread: how many allocations go well before one fails. Negative: all.
thread_local long until_failure = -1;
thread_local bool has_failed = false;

void* allocate(std::size_t size) {
    if (until_failure >= 0 && until_failure-- == 0) {
        has_failed = true;
        throw std::bad_alloc();
    }
    if (void* const made = std::malloc(size != 0 ? size : 1)) {
        return made;
    }
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
    return allocate(size);
}
void* operator new[](std::size_t size) {
    return allocate(size);
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete[](void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
    std::free(p);
}

TEST_CASE("a client that finds no memory to begin with begins again with the next operation") {
    on_each_backend([](reactor& r) {
        bool failed = true;
        for (long nth = 0; failed && nth < 100; ++nth) {
            CAPTURE(nth);
            op_msg_peer peer;
            const client c(r, peer.uri() + "?serverSelectionTimeoutMS=5000");
            has_failed = false;
            until_failure = nth;
            try {
                r.poll();  // its first turn
            } catch (const std::bad_alloc&) {
                CHECK(has_failed);
            }
            until_failure = -1;
            failed = has_failed;
            CHECK(!error_of(r, c.ping()));
            CHECK(!error_of(r, c.close()));
        }
        CHECK(!failed);
    });
}
