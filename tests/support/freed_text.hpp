#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mongoro::test {

/// Looks for a text in what this thread gives back to the heap by operator delete, as long as it
/// lives: a secret in it was not wiped. One at a time.
///
/// A program that uses it links the object `freed_text`, which stands in for operator new and
/// delete in the whole program. Under a sanitizer, which has its own, nothing is looked at:
/// `works()` is false.
class freed_text {
 public:
    explicit freed_text(std::string_view text);
    freed_text(const freed_text&) = delete;
    freed_text& operator=(const freed_text&) = delete;
    ~freed_text();

    /// The blocks with the text in them so far.
    [[nodiscard]] std::size_t count() const noexcept;
    [[nodiscard]] static bool works() noexcept;

 private:
    std::string text_;
};

}  // namespace mongoro::test
