#pragma once

#include <mongoro/bson/value_view.hpp>

#include <bit>
#include <concepts>
#include <cstring>
#include <limits>
#include <utility>

// The walk over a document's elements, and the reading of each type. Our own rather than
// bson_iter_t: inlined, it costs less than half of libbson's call an element, and no length is
// taken from the bytes before it was compared with what is left.

namespace mongoro::bson {

namespace detail {

template <typename T>
[[nodiscard]] inline T load(const std::uint8_t* p) noexcept {
    static_assert(std::endian::native == std::endian::little, "BSON is little-endian");
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

/// How long a value is, by its type: `fixed` bytes; or, if that is negative, the int32 that it
/// begins with, which is `least` or more, and `extra`.
struct alignas(4) size_rule {
    std::int8_t fixed;
    std::uint8_t extra;
    std::uint8_t least;
};
inline constexpr std::int8_t by_length = -1;
inline constexpr std::int8_t two_c_strings = -2;
inline constexpr std::int8_t no_type = -3;

struct size_table {
    size_rule of[256];
    constexpr size_table() noexcept : of() {
        for (auto& rule : of) {
            rule = {no_type, 0, 0};
        }
        for (const int t : {0x06, 0x0A, 0x7F, 0xFF}) {
            of[t].fixed = 0;
        }
        for (const int t : {0x01, 0x09, 0x11, 0x12}) {
            of[t].fixed = 8;
        }
        of[0x07].fixed = 12;
        of[0x08].fixed = 1;
        of[0x10].fixed = 4;
        of[0x13].fixed = 16;
        for (const int t : {0x02, 0x0D, 0x0E}) {
            of[t] = {by_length, 4, 1};
        }
        for (const int t : {0x03, 0x04}) {
            of[t] = {by_length, 0, 5};
        }
        of[0x05] = {by_length, 5, 0};
        of[0x0B].fixed = two_c_strings;
        of[0x0C] = {by_length, 4 + 12, 1};  // a string and an ObjectId
        of[0x0F] = {by_length, 0, 14};      // two lengths, an empty string, an empty document
    }
};
inline constexpr size_table value_sizes{};

/// The size of a regular expression, or -1 if `left` bytes do not hold it.
[[nodiscard]] std::ptrdiff_t regex_size(const std::uint8_t* p, std::size_t left) noexcept;

/// The size of a value that starts at `p` with `left` bytes after it, or -1.
[[nodiscard]] inline std::ptrdiff_t value_size(std::uint8_t t, const std::uint8_t* p,
                                               std::size_t left) noexcept {
    static_assert(sizeof(std::ptrdiff_t) == 8,
                  "a length and what is added to it must not overflow");
    const size_rule& rule = value_sizes.of[t];
    std::ptrdiff_t n = rule.fixed;
    if (n < 0) {
        if (n != by_length) [[unlikely]] {
            return n == two_c_strings ? regex_size(p, left) : -1;
        }
        if (left < 4) [[unlikely]] {
            return -1;
        }
        const auto said = static_cast<std::ptrdiff_t>(load<std::int32_t>(p));
        if (said < rule.least) [[unlikely]] {
            return -1;
        }
        n = said + rule.extra;
    }
    return n <= static_cast<std::ptrdiff_t>(left) ? n : -1;
}

/// The NUL that ends the key at `p`, or `end`. Sixteen bytes at a time where every processor of the
/// kind can: keys are short, a call of memchr costs more than they do, and eight at a time made a
/// walk a quarter dearer.
[[nodiscard]] inline const std::uint8_t* key_end(const std::uint8_t* p,
                                                 const std::uint8_t* end) noexcept {
#ifdef __SSE2__
    // The compiler's own names: <emmintrin.h> is as long as everything in this folder.
    using sixteen = char __attribute__((vector_size(16)));
    while (end - p >= 16) {
        sixteen block;
        std::memcpy(&block, p, sizeof block);
        const int zeros = __builtin_ia32_pmovmskb128(block == sixteen{});
        if (zeros != 0) {
            p += static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(zeros)));
            if (p == end) {
                __builtin_unreachable();  // no caller has to ask
            }
            return p;
        }
        p += 16;
    }
#endif
    while (end - p >= 8) {
        const auto w = load<std::uint64_t>(p);
        const std::uint64_t zeros = (w - 0x0101010101010101U) & ~w & 0x8080808080808080U;
        if (zeros != 0) {
            return p + (std::countr_zero(zeros) >> 3);
        }
        p += 8;
    }
    while (p != end && *p != 0) {
        ++p;
    }
    return p;
}

/// Whether the `n` bytes here and there are the same. Inlined: a call of memcmp, and what has to be
/// saved for it, costs as much as a walk over two elements, and keys are short.
[[nodiscard]] inline bool same_bytes(const std::uint8_t* a, const std::uint8_t* b,
                                     std::size_t n) noexcept {
    if (n > 16) [[unlikely]] {
        return std::memcmp(a, b, n) == 0;
    }
    // From both ends, where they meet some bytes twice.
    if (n >= 8) {
        return load<std::uint64_t>(a) == load<std::uint64_t>(b) &&
               load<std::uint64_t>(a + n - 8) == load<std::uint64_t>(b + n - 8);
    }
    if (n >= 4) {
        return load<std::uint32_t>(a) == load<std::uint32_t>(b) &&
               load<std::uint32_t>(a + n - 4) == load<std::uint32_t>(b + n - 4);
    }
    return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

}  // namespace detail

/// Walks a document. Malformed bytes are one last element whose value is `malformed()`.
class element_iterator {
 public:
    using value_type = element;
    using difference_type = std::ptrdiff_t;
    using reference = const element&;
    using pointer = const element*;
    using iterator_category = std::forward_iterator_tag;

    element_iterator() noexcept = default;
    /// The first element of `in`; paths of its values begin at `root`, in which `in` lies.
    element_iterator(document_view in, document_view root) noexcept {
        auto& v = element_.value_;
        v.root_ = root.data();
        v.root_size_ = static_cast<std::uint32_t>(root.size());
        if (in.size() < 5) [[unlikely]] {
            fail(in.data());
            return;
        }
        end_ = in.data() + in.size() - 1;
        next_ = in.data() + 4;
        advance();
    }
    explicit element_iterator(document_view in) noexcept : element_iterator(in, in) {}

    reference operator*() const noexcept { return element_; }
    pointer operator->() const noexcept { return &element_; }
    element_iterator& operator++() noexcept {
        advance();
        return *this;
    }
    element_iterator operator++(int) noexcept {
        auto old = *this;
        advance();
        return old;
    }
    /// Has the processor fetch the first `bytes` of the third element behind the next one, for
    /// walks over large elements: of where it is if all are as large as this one. That may be
    /// beyond the document: nothing is read there.
    void prefetch_ahead(std::size_t bytes) const noexcept {
        const auto next = reinterpret_cast<std::uintptr_t>(next_);
        const auto there = next + 3 * (next - reinterpret_cast<std::uintptr_t>(at_));
#pragma GCC unroll 8
        for (std::size_t at = 0; at < bytes; at += 64) {
            __builtin_prefetch(reinterpret_cast<const void*>(there + at));
        }
    }
    /// Whether the walk stands on bytes that are not BSON.
    [[nodiscard]] bool malformed() const noexcept { return element_.malformed(); }

    friend bool operator==(const element_iterator& a, const element_iterator& b) noexcept {
        return a.at_ == b.at_;
    }

 private:
    void advance() noexcept {
        if (next_ == end_) {
            // A terminator that is no NUL is malformed too; a walk that failed ends here silently,
            // as its failure was the element before.
            if (end_ != nullptr && *end_ != 0) [[unlikely]] {
                fail(end_);
                return;
            }
            at_ = nullptr;
            return;
        }
        const std::uint8_t* const p = next_;
        const std::uint8_t* const key = p + 1;
        const std::uint8_t* const nul = detail::key_end(key, end_);
        if (nul == end_) [[unlikely]] {
            fail(p);
            return;
        }
        const std::uint8_t* const data = nul + 1;
        const auto n = detail::value_size(*p, data, static_cast<std::size_t>(end_ - data));
        if (n < 0) [[unlikely]] {
            fail(p, {reinterpret_cast<const char*>(key), static_cast<std::size_t>(nul - key)});
            return;
        }
        auto& v = element_.value_;
        v.type_ = static_cast<bson::type>(*p);
        v.state_ = value_view::state::present;
        v.key_ = reinterpret_cast<const char*>(key);
        v.key_size_ = static_cast<std::uint32_t>(nul - key);
        v.data_ = data;
        v.size_ = static_cast<std::uint32_t>(n);
        at_ = p;
        next_ = data + n;
    }
    void fail(const std::uint8_t* at, std::string_view key = {}) noexcept {
        auto& v = element_.value_;
        v = value_view::missing(at, key, v.root(), value_view::state::malformed);
        at_ = at != nullptr ? at : detail::empty_document_bytes;  // null would be the end
        next_ = end_ = nullptr;
    }

    const std::uint8_t* at_ = nullptr;
    const std::uint8_t* next_ = nullptr;
    const std::uint8_t* end_ = nullptr;
    element element_;
};

inline element_iterator document_view::begin() const noexcept {
    return element_iterator(*this);
}
inline element_iterator document_view::end() const noexcept {
    return {};
}
inline element_iterator array_view::begin() const noexcept {
    return element_iterator(as_document());
}
inline element_iterator array_view::end() const noexcept {
    return {};
}

inline value_view document_view::operator[](std::string_view key) const noexcept {
    return value_view::find(*this, key, *this);
}
inline bool document_view::contains(std::string_view key) const noexcept {
    return (*this)[key].exists();
}
inline value_view array_view::operator[](std::size_t index) const noexcept {
    return at(index);
}

namespace detail {

[[nodiscard]] inline errc check(const value_view& v, bson::type want) noexcept {
    if (v.type() == want) [[likely]] {
        return errc{};
    }
    return v.exists() ? errc::wrong_type : v.missing_reason();
}

/// The characters of a string-like value; its size was checked by the walk, its NUL is checked
/// here.
[[nodiscard]] inline errc read_text(const std::uint8_t* p, std::size_t n,
                                    std::string_view& out) noexcept {
    if (p[n - 1] != 0) [[unlikely]] {
        return errc::malformed_bson;
    }
    out = {reinterpret_cast<const char*>(p) + 4, n - 5};
    return errc{};
}
[[nodiscard]] errc read_int64_of_double(const value_view& v, std::int64_t& out) noexcept;
[[nodiscard]] errc read_binary(const value_view& v, binary_view& out) noexcept;
[[nodiscard]] errc read_regex(const value_view& v, regex_view& out) noexcept;
[[nodiscard]] errc read_db_pointer(const value_view& v, db_pointer_view& out) noexcept;

/// Any number as an int64, if it is one.
[[nodiscard]] inline errc read_integer(const value_view& v, std::int64_t& out) noexcept {
    switch (v.type()) {
        case bson::type::int32:
            out = load<std::int32_t>(v.raw().data());
            return errc{};
        case bson::type::int64:
            out = load<std::int64_t>(v.raw().data());
            return errc{};
        case bson::type::double_:
            return read_int64_of_double(v, out);
        default:
            return v.exists() ? errc::wrong_type : v.missing_reason();
    }
}

}  // namespace detail

}  // namespace mongoro::bson

#include <mongoro/bson/detail/value_readers.hpp>
