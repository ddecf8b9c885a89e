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

/// Takes the memory away when the first check begins.
class poor_watcher final : public topology_listener {
 public:
    void on(const server_heartbeat_started_event&) noexcept override {
        until_failure = ++started == 1 ? 0 : -1;
    }
    void on(const server_heartbeat_succeeded_event&) noexcept override { ++succeeded; }
    void on(const server_heartbeat_failed_event& e) noexcept override {
        ++failed;
        why = e.failure;
    }
    int started = 0;
    int succeeded = 0;
    int failed = 0;
    error why;
};

}  // namespace

void* operator new(std::size_t size) {
    return allocate(size);
}
void* operator new[](std::size_t size) {
    return allocate(size);
}
// A sanitizer's own would not go with the deletes below.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size != 0 ? size : 1);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size != 0 ? size : 1);
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

TEST_CASE("a check for which there is no memory has failed, and the next one is made") {
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        has_failed = false;
        const auto seen = std::make_shared<poor_watcher>();
        const std::string app_name(100, 'a');  // is copied for the check
        const client c(r, peer.uri() + "?heartbeatFrequencyMS=500&serverSelectionTimeoutMS=5000",
                       {.app_name = app_name, .topology_listener = seen});
        const auto e = error_of(r, c.ping());
        CHECK_MESSAGE(!e, e.to_string());
        CHECK(has_failed);
        CHECK(seen->failed == 1);
        CHECK(seen->why.code() == std::errc::not_enough_memory);
        CHECK(seen->succeeded >= 1);
    });
}
