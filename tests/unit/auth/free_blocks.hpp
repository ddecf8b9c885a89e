#pragma once

#include <mongoro/bson/byte_buffer.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace mongoro::test {

/// Whether a text is in the blocks that this thread's byte buffers have given back: a secret in it
/// was not wiped.
inline bool is_in_free_blocks(std::string_view text) {
    bool found = false;
    for (std::size_t size = 128; size <= 1024; size *= 2) {
        std::vector<bson::byte_buffer> blocks(64);
        for (auto& block : blocks) {
            block.reserve(size);
            const std::string_view held(reinterpret_cast<const char*>(block.data()), size);
            found = found || held.find(text) != std::string_view::npos;
        }
    }
    return found;
}

}  // namespace mongoro::test
