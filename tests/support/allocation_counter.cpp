#include "allocation_counter.hpp"

#include <cstdint>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MONGORO_TEST_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MONGORO_TEST_OWN_MALLOC 0
#endif
#endif
#if !defined(MONGORO_TEST_OWN_MALLOC) && defined(__GLIBC__)
#define MONGORO_TEST_OWN_MALLOC 1
#endif

namespace {

// A thread's own, and initialised without code: malloc is called before anything of the program
// runs.
constinit thread_local std::size_t allocations = 0;
constinit thread_local std::size_t allocated_bytes = 0;

}  // namespace

#if MONGORO_TEST_OWN_MALLOC

// glibc's own names of its allocator: those behind malloc(3), which these take the place of.
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* old, std::size_t size);               // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) noexcept {
    ++allocations;
    allocated_bytes += size;
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
    ++allocations;
    allocated_bytes += count * size;
    return __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) noexcept {
    ++allocations;
    allocated_bytes += size;
    return __libc_realloc(old, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    ++allocations;
    allocated_bytes += size;
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return memalign(alignment, size);
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
    void* const p = memalign(alignment, size);
    if (p == nullptr) {
        return 12;  // ENOMEM
    }
    *out = p;
    return 0;
}
}

#endif

namespace mongoro::test {

allocation_counter::allocation_counter() noexcept {
    restart();
}

void allocation_counter::restart() noexcept {
    count_at_start_ = allocations;
    bytes_at_start_ = allocated_bytes;
}

std::size_t allocation_counter::count() const noexcept {
    return allocations - count_at_start_;
}

std::size_t allocation_counter::bytes() const noexcept {
    return allocated_bytes - bytes_at_start_;
}

bool allocation_counter::works() noexcept {
#if MONGORO_TEST_OWN_MALLOC
    return true;
#else
    return false;
#endif
}

}  // namespace mongoro::test
