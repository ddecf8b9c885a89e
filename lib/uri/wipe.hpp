#pragma once

#include <cstddef>
#include <cstring>
#include <string>

namespace mongoro::detail {

/// Overwrites bytes that held a secret, in a way that a compiler does not leave out.
inline void wipe(void* data, std::size_t size) noexcept {
    if (size != 0) {
        ::explicit_bzero(data, size);
    }
}
/// All that was allocated, not only what is used now: also what a move has left in a short string.
inline void wipe(std::string& text) noexcept {
    text.resize(text.capacity());  // does not allocate
    wipe(text.data(), text.size());
    text.clear();
}

}  // namespace mongoro::detail
