#include "deployment_support.hpp"
#include "op_msg_peer.hpp"
#include "skip.hpp"

#include <cstdlib>
#include <new>
#include <utility>

// A sanitizer has an operator new of its own, and counts on it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MONGORO_TEST_OWN_NEW 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MONGORO_TEST_OWN_NEW 0
#endif
#endif
#ifndef MONGORO_TEST_OWN_NEW
#define MONGORO_TEST_OWN_NEW 1
#endif

using namespace mongoro;
using namespace mongoro::test;

namespace {

/// The next allocation of this thread fails.
constinit thread_local bool out_of_memory = false;

/// Takes the memory away when the first check begins.
class poor_watcher final : public topology_listener {
 public:
    void on(const server_heartbeat_started_event&) noexcept override {
        out_of_memory = ++started == 1;
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

#if MONGORO_TEST_OWN_NEW

// In the whole program.
void* operator new(std::size_t size) {
    if (std::exchange(out_of_memory, false)) {
        throw std::bad_alloc();
    }
    if (void* const block = std::malloc(size == 0 ? 1 : size)) {
        return block;
    }
    throw std::bad_alloc();
}

void operator delete(void* block) noexcept {
    std::free(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
    std::free(block);
}

#endif

TEST_CASE("a check for which there is no memory has failed, and the next one is made") {
    if (MONGORO_TEST_OWN_NEW == 0) {
        SKIP_CASE("a sanitizer's operator new does not fail when told to");
    }
    on_each_backend([](reactor& r) {
        const op_msg_peer peer;
        const auto seen = std::make_shared<poor_watcher>();
        const std::string app_name(100, 'a');  // is copied for the check
        const client c(r, peer.uri() + "?heartbeatFrequencyMS=500&serverSelectionTimeoutMS=5000",
                       {.app_name = app_name, .topology_listener = seen});
        const auto e = error_of(r, c.ping());
        CHECK_MESSAGE(!e, e.to_string());
        CHECK_FALSE(out_of_memory);
        CHECK(seen->failed == 1);
        CHECK(seen->why.code() == std::errc::not_enough_memory);
        CHECK(seen->succeeded >= 1);
    });
}
