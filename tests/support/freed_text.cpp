#include "freed_text.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MONGORO_TEST_OWN_DELETE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MONGORO_TEST_OWN_DELETE 0
#endif
#endif
#ifndef MONGORO_TEST_OWN_DELETE
#define MONGORO_TEST_OWN_DELETE 1
#endif

namespace {

constinit thread_local std::string_view wanted;
constinit thread_local std::size_t found = 0;

}  // namespace

#if MONGORO_TEST_OWN_DELETE

namespace {

void give_back(void* block) noexcept {
    if (block != nullptr && !wanted.empty()) {
        const std::string_view held(static_cast<const char*>(block), ::malloc_usable_size(block));
        found += held.find(wanted) != std::string_view::npos ? 1 : 0;
    }
    std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
    if (void* const block = std::malloc(size == 0 ? 1 : size)) {
        return block;
    }
    throw std::bad_alloc();
}

void operator delete(void* block) noexcept {
    give_back(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
    give_back(block);
}

#endif

namespace mongoro::test {

freed_text::freed_text(std::string_view text) : text_(text) {
    found = 0;
    wanted = text_;
}

freed_text::~freed_text() {
    wanted = {};
}

std::size_t freed_text::count() const noexcept {
    return found;
}

bool freed_text::works() noexcept {
    return MONGORO_TEST_OWN_DELETE != 0;
}

}  // namespace mongoro::test
