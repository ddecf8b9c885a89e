#include <mongoro/detail/frame.hpp>
#include <mongoro/detail/sanitized.hpp>

#include <array>
#include <cstdint>
#include <new>

namespace mongoro::detail {

#if MONGORO_DETAIL_SANITIZED

void* allocate_frame(std::size_t size) {
    return ::operator new(size);
}

void free_frame(void* frame, std::size_t) noexcept {
    ::operator delete(frame);
}

#else

namespace {

constexpr std::size_t step = 32;
constexpr std::size_t classes = 64;       // up to 2 KiB
constexpr std::uint32_t most_kept = 256;  // a class: a burst of coroutines gives the rest back

struct free_frame_node {
    free_frame_node* next;
};

struct frame_lists {
    std::array<free_frame_node*, classes> first;
    std::array<std::uint32_t, classes> count;
    // Set once this thread's lists are to be freed at its end; before that and after it nothing is
    // kept.
    bool open;
};

// Trivial, and so without a guard at each use; the janitor below frees it.
constinit thread_local frame_lists lists{};

struct janitor {
    janitor() noexcept { lists.open = true; }
    ~janitor() {
        lists.open = false;
        for (std::size_t i = 0; i < classes; ++i) {
            while (auto* node = lists.first[i]) {
                lists.first[i] = node->next;
                ::operator delete(static_cast<void*>(node));
            }
        }
    }
};

thread_local janitor keeper;

[[gnu::noinline]] void* allocate_new(std::size_t size) {
    static_cast<void>(&keeper);  // its first use makes it
    return ::operator new(size);
}

}  // namespace

[[gnu::hot]] void* allocate_frame(std::size_t size) {
    const std::size_t index = (size - 1) / step;
    if (index >= classes) [[unlikely]] {
        return ::operator new(size);
    }
    frame_lists& mine = lists;
    if (auto* node = mine.first[index]) [[likely]] {
        mine.first[index] = node->next;
        --mine.count[index];
        return node;
    }
    return allocate_new((index + 1) * step);
}

[[gnu::hot]] void free_frame(void* frame, std::size_t size) noexcept {
    const std::size_t index = (size - 1) / step;
    if (index >= classes) [[unlikely]] {
        ::operator delete(frame);
        return;
    }
    frame_lists& mine = lists;
    if (!mine.open || mine.count[index] >= most_kept) [[unlikely]] {
        ::operator delete(frame);
        return;
    }
    auto* node = static_cast<free_frame_node*>(frame);
    node->next = mine.first[index];
    mine.first[index] = node;
    ++mine.count[index];
}

#endif

}  // namespace mongoro::detail
