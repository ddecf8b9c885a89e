#pragma once

#include <cstddef>

namespace mongoro::test {

/// What this thread asked of the heap since the counter was made: malloc, calloc, realloc and the
/// aligned forms, and with them operator new. Freeing is not counted.
///
/// A program that uses it links the object `allocation_counter`, which stands in for malloc in the
/// whole program. Under a sanitizer, which has a malloc of its own, nothing is counted: `works()`
/// is false, and such a test has to be skipped.
class allocation_counter {
 public:
    allocation_counter() noexcept;

    [[nodiscard]] std::size_t count() const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept;
    void restart() noexcept;
    [[nodiscard]] static bool works() noexcept;

 private:
    std::size_t count_at_start_ = 0;
    std::size_t bytes_at_start_ = 0;
};

}  // namespace mongoro::test
