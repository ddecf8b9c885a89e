#pragma once

#include <cstddef>

namespace mongoro::detail {

/// Coroutine frames, from a free list of the calling thread in classes of 32 bytes up to 2 KiB;
/// larger ones go to the heap. A frame may be freed on another thread: it joins that thread's list.
/// Under ASan and TSan every frame comes from the heap, since a list would hide a use after free.
[[nodiscard]] void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

}  // namespace mongoro::detail
