#pragma once

#include <mongoro/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace mongoro::bson::detail {

/// A string of the text with its escapes decoded: a piece of the text itself where it has none.
class json_string {
 public:
    json_string() noexcept = default;
    json_string(const json_string&) = delete;
    json_string& operator=(const json_string&) = delete;
    ~json_string();

    [[nodiscard]] std::string_view view() const noexcept { return decoded_ ? storage_ : plain_; }
    /// Where its opening quote is.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

 private:
    friend class json_scanner;
    std::string_view plain_;
    std::string storage_;
    std::size_t offset_ = 0;
    bool decoded_ = false;
    bool secret_ = false;  // storage_ never moves, and is wiped
};

/// The words of JSON: what stands in the text, one after the other, and where. Knows nothing of
/// BSON.
///
/// A function that returns false has recorded an error, which names the place and what was expected
/// there; nothing is read after it.
class json_scanner {
 public:
    /// Fails at once for text that is not UTF-8.
    explicit json_scanner(std::string_view text);

    /// The text has secrets in it: what is decoded of it leaves nothing in freed memory.
    void keep_secret() noexcept { secret_ = true; }
    [[nodiscard]] bool ok() const noexcept { return !error_; }
    [[nodiscard]] const error& why() const noexcept { return error_; }
    [[nodiscard]] std::size_t offset() const noexcept { return at_; }

    /// Records "line L, column C: `what`"; always false.
    bool fail(errc code, std::size_t at, std::string_view what);
    /// The same for `errc::invalid_json` at the current place.
    bool expected(std::string_view what);

    /// The first character after white space, or NUL at the end (where no JSON has one).
    [[nodiscard]] char peek() noexcept;
    /// Moves over `c` if it is next.
    bool take(char c) noexcept;
    /// Moves over the quoted string that must be next.
    bool string(json_string& out, std::string_view what);
    /// Moves over the number that must be next; `out` is its text.
    bool number(std::string_view& out, std::string_view what);
    /// Moves over `true`, `false` or `null`, if it is next.
    bool literal(std::string_view word) noexcept;
    /// Only white space may be left.
    bool end();

 private:
    bool decode(json_string& out);
    bool escape(std::string& out);
    bool unicode_escape(unsigned& out);

    std::string_view text_;
    std::size_t at_ = 0;
    error error_;
    bool secret_ = false;
};

}  // namespace mongoro::bson::detail
