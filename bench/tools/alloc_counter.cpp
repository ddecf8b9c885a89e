// LD_PRELOAD this to count a program's heap allocations: at exit it writes
// `ALLOC calls bytes live_bytes` to the file that ALLOC_COUNTER names. A program may ask for the
// numbers in between through `bench_heap_calls` and `bench_heap_live_bytes` (weak symbols on its
// side).
//
// It stands on glibc's own `__libc_*` entries, so that it needs no dlsym, which itself allocates.
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);
}

namespace {

std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> bytes{0};
std::atomic<std::int64_t> live{0};

void add_live(void* block, std::int64_t sign) {
    if (block != nullptr) {
        live.fetch_add(sign * static_cast<std::int64_t>(::malloc_usable_size(block)),
                       std::memory_order_relaxed);
    }
}

void* counted(void* block, std::size_t size) {
    calls.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(size, std::memory_order_relaxed);
    add_live(block, 1);
    return block;
}

struct reporter {
    ~reporter() {
        const char* path = std::getenv("ALLOC_COUNTER");
        if (path == nullptr) {
            return;
        }
        const auto calls_now = calls.load();
        const auto bytes_now = bytes.load();
        const auto live_now = live.load();
        if (std::FILE* file = std::fopen(path, "w")) {
            std::fprintf(file, "ALLOC %llu %llu %lld\n", static_cast<unsigned long long>(calls_now),
                         static_cast<unsigned long long>(bytes_now),
                         static_cast<long long>(live_now));
            std::fclose(file);
        }
    }
} at_exit;

}  // namespace

extern "C" {

std::uint64_t bench_heap_calls() {
    return calls.load(std::memory_order_relaxed);
}
std::int64_t bench_heap_live_bytes() {
    return live.load(std::memory_order_relaxed);
}

void* malloc(std::size_t size) {
    return counted(__libc_malloc(size), size);
}

void* calloc(std::size_t count, std::size_t size) {
    return counted(__libc_calloc(count, size), count * size);
}

void* realloc(void* old, std::size_t size) {
    add_live(old, -1);
    return counted(__libc_realloc(old, size), size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    return counted(__libc_memalign(alignment, size), size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void** made, std::size_t alignment, std::size_t size) {
    *made = memalign(alignment, size);
    return *made == nullptr ? ENOMEM : 0;
}

void free(void* block) {
    add_live(block, -1);
    __libc_free(block);
}

}  // extern "C"
